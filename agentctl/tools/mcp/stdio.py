"""MCP over the stdin and stdout of a program: one JSON-RPC message a line (MCP 2025-11-25, basic/transports)."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING

from agentctl.errors import ConfigError, ToolError
from agentctl.paths import state_dir
from agentctl.settings import McpServer
from agentctl.settings.files import directory
from agentctl.tools.mcp.child import LARGEST, Child, TooLongError
from agentctl.tools.mcp.environment import variables
from agentctl.tools.mcp.link import Refusal

if TYPE_CHECKING:
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
    from mcp.client import Transport
    from mcp.client._transport import TransportStreams
    from mcp.shared.message import SessionMessage

_WAITING = 64  # messages that a server need not have read yet before who sends another waits


class StdioLink:
    """The pipes to a server's program, which runs as long as the link is open."""

    def __init__(self, server: McpServer, environ: Mapping[str, str]) -> None:
        self.gone = asyncio.Event()
        self._server = server
        self._environ = environ
        self._child: Child | None = None
        self._flooded = False

    def open(self) -> Transport:
        """Start the program; see `Link.open`."""
        return self._opened()

    def forgot(self, refusals: Sequence[Refusal]) -> bool:  # noqa: ARG002 - there are none
        """False: there is no session that could outlive a program."""
        return False

    def denied(self, refusals: Sequence[Refusal]) -> None:
        """Nothing: whom we started lets us in."""

    def explain(self, error: BaseException, refusals: Sequence[Refusal]) -> ToolError:  # noqa: ARG002
        """Why it broke; see `Link.explain`."""
        name, child = self._server.name, self._child
        told = child.told() if child else ""
        if self._flooded:
            what = f"sent a message of more than {LARGEST >> 20} MiB, and was stopped"
        elif isinstance(error, TimeoutError):
            what = "did not answer in time"
        elif child and child.code is not None:
            what = f"ended with {_code(child.code)}"
        else:
            what = f"broke off: {error}"
        by_hand = f"run it by hand to see why: {join(self._server.command)}"
        return ToolError(f"the MCP server {name} {what}" + (f"; it said: {told}" if told else ""), hint=by_hand)

    @asynccontextmanager
    async def _opened(self) -> AsyncGenerator[TransportStreams]:
        import anyio  # noqa: PLC0415 - comes with the SDK
        from mcp.shared.message import SessionMessage  # noqa: PLC0415

        child = self._child = await self._started()
        received, read = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        write, sent = anyio.create_memory_object_stream[SessionMessage](_WAITING)
        try:
            async with received, read, write, sent, anyio.create_task_group() as tasks:
                tasks.start_soon(self._receive, child, received)
                tasks.start_soon(self._send, child, sent)
                try:
                    yield read, write
                finally:
                    tasks.cancel_scope.cancel()
        finally:
            self.gone.set()
            await child.stop()

    async def _started(self) -> Child:
        server = self._server
        environ = await asyncio.to_thread(variables, server, self._environ)
        place = server.project or directory(state_dir, self._environ) / "mcp" / server.name
        program = _program(server, environ, place)
        try:
            if server.project is None:
                place.mkdir(mode=0o700, parents=True, exist_ok=True)
            return await Child.start((program, *server.command[1:]), environ, place)
        except OSError as error:
            raise ToolError(f"can't start the MCP server {server.name} in {place}: {error.strerror}") from error

    async def _receive(self, child: Child, received: MemoryObjectSendStream[SessionMessage | Exception]) -> None:
        from mcp.shared.message import SessionMessage  # noqa: PLC0415
        from mcp_types import jsonrpc_message_adapter  # noqa: PLC0415

        try:
            async with received:
                while (line := await child.line()) is not None:
                    try:
                        message = jsonrpc_message_adapter.validate_json(line, by_name=False)
                    except ValueError:
                        continue  # some print greetings there
                    await received.send(SessionMessage(message))
        except TooLongError:
            self._flooded = True
        finally:
            self.gone.set()

    async def _send(self, child: Child, sent: MemoryObjectReceiveStream[SessionMessage]) -> None:
        try:
            async for message in sent:
                text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                await child.write(text.encode() + b"\n")
        except OSError:
            self.gone.set()


def _program(server: McpServer, environ: Mapping[str, str], place: Path) -> str:
    """The absolute path of the program: what is looked up in PATH must not depend on where we happen to be."""
    named = server.command[0]
    if named.startswith("~/"):
        named = environ.get("HOME", "~") + named[1:]
    if "/" in named and not Path(named).is_absolute():
        if server.project is None:
            raise ConfigError(f"mcp.{server.name}.command is a relative path", hint="write the absolute path, or ~/…")
        named = str(place / named)
    found = shutil.which(named, path=environ.get("PATH", "/usr/bin:/bin"))
    if found is None:
        raise ToolError(
            f"there is no program {named} for the MCP server {server.name}",
            hint=f"install it, or correct mcp.{server.name}.command",
        )
    return str(Path(found).absolute())


def _code(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {-code}"
