"""A name server that does not answer keeps nobody waiting who does not wait for it any more."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import pytest
from support.hosting import eventually

from agentctl.errors import ToolError
from agentctl.tools import resolving
from agentctl.tools.builtin.fetching import Fetch
from agentctl.tools.fence import Pinned
from agentctl.tools.resolving import aside
from agentctl.tools.wasm.network import serve
from agentctl.tools.wasm.network.frames import Frame, Kind, Request, pack_request

SILENCE = 60.0  # seconds, as of a resolver that gives up at last


class Silent:
    """A resolver that says nothing until it is let go."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.let_go = threading.Event()

    def wait(self) -> None:
        """Say nothing."""
        self.asked.set()
        self.let_go.wait(SILENCE)

    def resolve(self, _: str, __: int) -> Sequence[str]:
        """As a `Resolver`."""
        self.wait()
        return []

    def judge(self, host: str, port: int, *, granted: Sequence[str]) -> Pinned:
        """As a `Judge`."""
        self.wait()
        return Pinned(host, port, tuple(granted))


@contextmanager
def silence() -> Iterator[Silent]:
    """Check that what is done meanwhile is over before the resolver is."""
    silent, started = Silent(), time.monotonic()
    try:
        yield silent
        assert silent.asked.is_set()
        assert time.monotonic() - started < SILENCE / 2
    finally:
        silent.let_go.set()


def test_a_fetch_whose_time_is_up_is_over() -> None:
    """Nothing waits for the lookup, and neither does the end of the event loop."""

    async def fetch(tool: Fetch) -> None:
        plan = await tool.plan({"url": "http://a.invalid/"})
        with suppress(TimeoutError):
            await asyncio.wait_for(plan.run(), 0.2)

    with silence() as silent:
        asyncio.run(fetch(Fetch(resolver=silent.resolve)))


def test_a_components_request_is_over_with_its_call() -> None:
    """When the call's process is gone, its lookup is nobody's any more."""
    asked = Request("GET", "http", "a.invalid", "/", (), b"", None, None, None)

    async def call(silent: Silent) -> None:
        ours, theirs = socket.socketpair()
        serving = asyncio.create_task(serve(theirs, ["a.invalid"], timeout=60, judge=silent.judge))
        ours.sendall(bytes(Frame(Kind.REQUEST, 1, pack_request(asked))))
        await eventually(silent.asked.is_set)
        ours.close()
        await serving

    with silence() as silent:
        asyncio.run(call(silent))


def test_what_was_found_or_went_wrong_is_passed_on() -> None:
    """The answer and the error are those of the work."""
    assert asyncio.run(aside(lambda: 7)) == 7
    with pytest.raises(ToolError, match="no such name"):
        asyncio.run(aside(_fails))


def test_lookups_that_nobody_waits_for_are_bounded() -> None:
    """Who asks on and on is refused at some time, rather than getting a thread each time; and is served afterwards."""

    async def ask(silent: Silent) -> None:
        waiting = [asyncio.create_task(aside(silent.wait)) for _ in range(resolving.AT_ONCE)]
        await asyncio.sleep(0)
        with pytest.raises(ToolError, match="too many"):
            await aside(silent.wait)
        silent.let_go.set()
        await asyncio.gather(*waiting)
        await aside(silent.wait)

    with silence() as silent:
        asyncio.run(ask(silent))


def _fails() -> None:
    raise ToolError("no such name")
