"""Processes that the embedded model lives in, to see from outside how they behave and how they end."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from agentctl.providers.local.server import Model, Server
from support.llama import NAME, catalog, models

PATIENCE = 120.0  # seconds: whatever takes longer hangs, however busy the machine is
TESTS = Path(__file__).parents[1]


def model(path: Path | None = None) -> Model:
    """The embedded model, or another file, run as the catalog runs the former."""
    row = catalog()[NAME]
    return Model(NAME, path or models() / f"{NAME}.gguf", row.n_ctx, row.template)


def run(script: str, *, python: str = sys.executable, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run Python code to its end in a process of its own that can import these aids."""
    return subprocess.run(
        [python, "-c", script],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=PATIENCE,
        check=False,
        env={**os.environ, "PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS.parent}", **environ},
    )


def send(server: Server, text: str, limit: int) -> socket.socket:
    """Ask for a streamed answer of just so many tokens; returns the connection that it comes over."""
    messages = [{"role": "user", "content": text}]
    body = {"messages": messages, "max_tokens": limit, "stream": True, "ignore_eos": True}
    data = json.dumps(body).encode()
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(PATIENCE)
    connection.connect(server.socket)
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n\r\n"
    connection.sendall(head.encode() + data)
    return connection


def drain(connection: socket.socket) -> bytes:
    """Read an answer to its end."""
    answer = b""
    with connection:
        while b"[DONE]" not in answer and b'"error"' not in answer:
            data = connection.recv(65536)
            assert data, answer
            answer += data
    return answer
