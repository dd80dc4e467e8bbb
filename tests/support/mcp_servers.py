"""MCP servers to test against, and short ways to use them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agentctl.settings import McpServer
from agentctl.tools.base import Outcome, Tool
from agentctl.tools.mcp import Servers

SUPPORT = Path(__file__).parent
BIN = Path(sys.executable).parent
PACKAGES = BIN.parent / "node" / "node_modules" / "@modelcontextprotocol"


def faulty(*flags: str, name: str = "faulty", **settings: Any) -> McpServer:
    """The server of `mcp_faulty`."""
    return McpServer(name, (sys.executable, "-I", str(SUPPORT / "mcp_faulty.py"), *flags), **settings)


def modern(**settings: Any) -> McpServer:
    """The server of `mcp_modern`, over stdio."""
    return McpServer("modern", (sys.executable, "-P", str(SUPPORT / "mcp_modern.py")), **settings)


def official(package: str, *arguments: str, **settings: Any) -> McpServer:
    """A reference server: one in Python by its command, one in JavaScript by its package."""
    name = package.removeprefix("mcp-server-").removeprefix("server-")
    if package.startswith("mcp-server-"):
        return McpServer(name, (str(BIN / package), *arguments), **settings)
    return McpServer(name, ("node", _script(package), *arguments), **settings)


def environment(home: Path, **more: str) -> dict[str, str]:
    """An environment whose home is `home`."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), **more}


async def tools_of(servers: Servers) -> dict[str, Tool]:
    """The tools by their names; no server may have failed."""
    tools, notices = await servers.tools()
    assert not notices
    return {tool.spec.name: tool for tool in tools}


async def call(tools: Mapping[str, Tool], name: str, /, **arguments: object) -> Outcome:
    """Plan a call and run it."""
    plan = await tools[name].plan(arguments)
    assert plan.effect == "execute"
    return await plan.run()


async def called(server: McpServer, home: Path, tool: str, /, **arguments: object) -> Outcome:
    """Start a server, call one of its tools, and end it."""
    async with Servers({server.name: server}, environment(home)) as servers:
        return await call(await tools_of(servers), f"{server.name}__{tool}", **arguments)


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def listening(port: int) -> Iterator[subprocess.Popen[str]]:
    """The server of `mcp_modern` over HTTP, once it accepts connections."""
    command = [sys.executable, "-P", str(SUPPORT / "mcp_modern.py"), str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            _wait_for(process, "Uvicorn running")
            yield process
        finally:
            process.kill()


@contextmanager
def everything(port: int = 0) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address of the official `server-everything` over HTTP, and its process; it listens on loopback alone."""
    command = ["node", "--require", str(SUPPORT / "loopback.cjs"), _script("server-everything"), "streamableHttp"]
    environ = os.environ | {"PORT": str(port)}
    out, err = subprocess.DEVNULL, subprocess.PIPE
    with subprocess.Popen(command, stdout=out, stderr=err, text=True, env=environ) as process:
        try:
            found = _wait_for(process, "loopback:").rpartition(":")[2]
            yield f"http://127.0.0.1:{found}/mcp", process
        finally:
            process.kill()


def _script(package: str) -> str:
    script = PACKAGES / package / "dist" / "index.js"
    assert script.exists(), f"{script} is missing: run contrib/venv.sh, which needs npm"
    return str(script)


def _wait_for(process: subprocess.Popen[str], words: str) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return line.strip()
    raise AssertionError(f"the server left with {process.wait()}")
