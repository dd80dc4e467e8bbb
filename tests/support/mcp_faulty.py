"""An MCP server of the standard library alone that misbehaves as it is told; it speaks MCP 2025-11-25 over stdio.

`python mcp_faulty.py [FLAG…]`; what it can do is told by its tools and by these flags:

--mute     never answers            --deaf     stops reading after the handshake
--stay     ignores SIGTERM and the end of its stdin
--endless  lists its tools without end
--lies     lists tools with a schema, names and a description that can't be used as they are
--listless lists a tool whose arguments are no object
--chatty   prints greetings and broken messages on stdout, and much on stderr
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

FLAGS = frozenset(sys.argv[1:])
OBJECT = {"type": "object"}

_heard: list[str] = []  # the notifications, and the answers to what was asked
_tools = ["echo", "hang", "die", "flood", "heard", "process", "spawn", "ask", "grow", "wrong", "refuse", "parts"]
_lies = [
    {"name": "huge", "inputSchema": {"type": "object", "description": "x" * 100_000}},
    {"name": "pick a file!", "inputSchema": OBJECT},
    {"name": "pick_a_file_", "inputSchema": OBJECT},
    {"name": "long" * 50, "inputSchema": OBJECT},
    {"name": "wordy", "inputSchema": OBJECT, "description": "w" * 100_000},
    {"name": "ansi", "inputSchema": OBJECT, "annotations": {"readOnlyHint": True}},
]


def main() -> None:
    """Answer until the end of stdin."""
    if held := os.environ.get("HOLD"):  # a named pipe, which ends once we and all that we started are gone
        os.set_inheritable(os.open(held, os.O_WRONLY), True)
    if "--stay" in FLAGS:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for line in sys.stdin:
        if "--mute" not in FLAGS:
            answer(json.loads(line))
        if "--deaf" in FLAGS and "initialized" in line:
            break
    while "--stay" in FLAGS or "--deaf" in FLAGS:
        time.sleep(1000)


def answer(message: dict[str, Any]) -> None:
    """React to one message."""
    method, number = message.get("method"), message.get("id")
    if method is None or number is None:
        _heard.append(json.dumps(message))
        if method is None:
            reply(_asked.pop(), text(json.dumps(message.get("error") or message.get("result"))))
    elif method == "initialize":
        if "--chatty" in FLAGS:
            send({"method": "notifications/message", "params": {"level": "unheard of"}})
            print('Welcome!\n{"id": 1}\n[]\n\n\x00', flush=True)
            print("some news\n" * 100_000, file=sys.stderr, flush=True)
        able = {"tools": {"listChanged": True}}
        reply(
            number, {"protocolVersion": "2025-11-25", "capabilities": able, "serverInfo": {"name": "f", "version": "1"}}
        )
    elif method == "tools/list":
        reply(number, listing())
    elif method == "tools/call":
        call(number, message["params"]["name"], message["params"].get("arguments") or {})
    else:
        send({"id": number, "error": {"code": -32601, "message": "no such method"}})


def listing() -> dict[str, Any]:
    """The tools."""
    tools: list[dict[str, Any]] = [{"name": name, "inputSchema": OBJECT} for name in _tools]
    if "--lies" in FLAGS:
        tools += _lies
    if "--listless" in FLAGS:
        tools.append({"name": "list", "inputSchema": {"type": "array"}})
    return {"tools": tools} | ({"nextCursor": "more"} if "--endless" in FLAGS else {})


def call(number: int, name: str, given: dict[str, Any]) -> None:  # noqa: C901 - a list, not a thought
    """Call a tool."""
    match name:
        case "echo":
            reply(number, text(given.get("text", "")))
        case "die":
            print("I have had \x1b[2Jenough", file=sys.stderr, flush=True)
            os._exit(3)
        case "flood":
            send({"id": number, "result": text("x" * (int(given["mib"]) << 20))})
        case "heard":
            reply(number, text("\n".join(_heard)))
        case "process":
            facts = {"pid": os.getpid(), "session": os.getsid(0), "cwd": str(Path.cwd()), "environ": dict(os.environ)}
            reply(number, text(json.dumps(facts)))
        case "spawn":
            nothing = subprocess.DEVNULL  # so that nothing but a signal ends it
            command = ["sleep", "1000"]
            child = subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, close_fds=False)
            reply(number, text(str(child.pid)))
        case "ask":
            _asked.append(number)
            send({"id": 7000 + number, "method": given["method"], "params": given.get("params", {})})
        case "grow":
            _tools.append(given["name"])
            send({"method": "notifications/tools/list_changed"})
            reply(number, text("grown"))
        case "wrong":
            reply(number, {"content": 5})
        case "refuse":
            send({"id": number, "error": {"code": -32602, "message": "no,\x1b[2J never"}})
        case "parts":
            reply(number, parts())
    # "hang" is never answered


_asked: list[int] = []


def parts() -> dict[str, Any]:
    """A result that has no text, but all else."""
    blocks = [
        {"type": "image", "mimeType": "image/png", "data": "iVBORw=="},
        {"type": "audio", "mimeType": "audio/wav", "data": "UklGRg=="},
        {"type": "resource", "resource": {"uri": "note://1", "text": "remember"}},
        {"type": "resource", "resource": {"uri": "blob://1", "mimeType": "image/gif", "blob": "R0lG"}},
        {"type": "resource_link", "uri": "note://2", "name": "two"},
    ]
    return {"content": blocks, "structuredContent": {"answer": 42}}


def text(content: str) -> dict[str, Any]:
    """A result of one text."""
    return {"content": [{"type": "text", "text": content}]}


def reply(number: int, result: dict[str, Any]) -> None:
    """Answer a request."""
    send({"id": number, "result": result})


def send(message: dict[str, Any]) -> None:
    """Write a message."""
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


if __name__ == "__main__":
    main()
