"""Calls of components from asyncio: they are made by a host process, which forks for each of them.

A host process is started by the first call and is ended with the `Host`; should it die, the next call starts another.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agentctl import log
from agentctl.tools.wasm.grants import Grants, Limits
from agentctl.tools.wasm.host.exchange import exchange
from agentctl.tools.wasm.host.launch import Launched, launch
from agentctl.tools.wasm.host.result import Failure, Result
from agentctl.tools.wasm.host.wire import Request, frame, request_as_json
from agentctl.uninterrupted import uninterrupted

AT_ONCE = 32  # calls; more of them wait for their turn
COMPILE_SECONDS = 120.0

_GONE = Failure("failed", "the process that runs components has died", "try again")


class Host:
    """Where components are called. An async context manager; when it is left, no process of it lives on.

    Args:
        cache_dir: where compiled components are kept; it must be the user's own.
        compile_seconds: how long compiling one component may take; the time limit of a call doesn't count that.
    """

    def __init__(self, cache_dir: Path, *, compile_seconds: float = COMPILE_SECONDS) -> None:
        self._cache_dir = cache_dir
        self._compile_seconds = compile_seconds
        self._launched: Launched | None = None
        self._places = asyncio.Semaphore(AT_ONCE)

    async def call(
        self,
        path: Path,
        function: str,
        arguments: Mapping[str, Any],
        grants: Grants,
        limits: Limits,
        *,
        seed: int | None = None,
    ) -> Result:
        """Call one function of the component at `path`.

        Whatever a guest does ends in a `Result`. Cancelling kills the call's process at once, and is passed on when it
        is gone.

        Args:
            path: where the component is.
            function: as `inspector.inspect` names it.
            arguments: JSON values by the parameters' names.
            grants: what it may touch.
            limits: how much it may use.
            seed: what random numbers that aren't granted are made from; the same gives the same. 0 if not given.

        Raises:
            ToolError: there is no wasmtime, or the host process can't be started.
        """
        message = _message(Request(str(path), function, dict(arguments), grants, limits, seed or 0))
        async with self._places, AsyncExitStack() as stack:
            ours = await self._connect(stack, grants, limits)
            answer = await exchange(ours, message)
        result = Result(error=_GONE) if answer is None else Result.from_json(answer)
        if result.cache == "tampered":
            log.warning("a compiled component was altered, and was compiled anew", path=str(path))
        return result

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        launched, self._launched = self._launched, None
        if launched is not None:
            await uninterrupted(launched.end())

    async def _connect(self, stack: AsyncExitStack, grants: Grants, limits: Limits) -> socket.socket:
        """Return a socket to the host process for one call; its network is served until `stack` ends."""
        ours, theirs = socket.socketpair()
        stack.callback(ours.close)
        ours.setblocking(False)
        passed = [theirs]
        if grants.hosts:
            near, far = socket.socketpair()
            passed.append(far)
            seconds = limits.timeout + self._compile_seconds
            await stack.enter_async_context(_served(near, grants.hosts, seconds))
        try:
            await self._pass_on([sock.fileno() for sock in passed])
        finally:
            for sock in passed:
                sock.close()
        return ours

    async def _pass_on(self, descriptors: list[int]) -> None:
        while True:
            if self._launched is None or not self._launched.alive():
                self._launched = launch(self._cache_dir, self._compile_seconds)
            launched = self._launched
            try:
                await launched.send(descriptors)
            except OSError:  # it died just now
                launched.bury()
            else:
                return


def _message(request: Request) -> bytes:
    """The request as it is sent; the host process is in another directory."""
    return frame(request_as_json(replace(request, path=str(Path(request.path).absolute()))))


@asynccontextmanager
async def _served(sock: socket.socket, hosts: Sequence[str], seconds: float) -> AsyncIterator[None]:
    """Do the requests of a component meanwhile, and cut off what is under way when its process is gone.

    `seconds` only make sure of an end: the other end of `sock` is closed with the process.
    """
    from agentctl.tools.wasm.network import serve  # noqa: PLC0415 - few components are granted a host

    task = asyncio.create_task(serve(sock, hosts, timeout=seconds))
    try:
        yield
    finally:
        await uninterrupted(task)
