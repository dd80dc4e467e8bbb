"""Components that use up whatever they get hold of: each is stopped in time, and the next call is served."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from support import bombs
from support.guests import guest
from support.hosting import LIMITS, call, component
from support.networked import place
from support.server import Server, Stall, answer

from agentctl.errors import ToolFailure
from agentctl.tools.wasm.grants import Grants, Limits
from agentctl.tools.wasm.host.client import Host
from agentctl.tools.wasm.host.result import Result

LATE = 0.25  # seconds after its deadline by which a call is stopped


class Bomb(NamedTuple):
    """A component, what is called in it with which grants and limits, and how that is to end."""

    text: str
    function: str
    arguments: dict[str, Any]
    code: ToolFailure
    grants: Grants = Grants()
    limits: Limits = replace(LIMITS, timeout=1.0)


BOMBS = {
    "a loop": Bomb(bombs.PLAIN, "loop", {}, "timeout"),
    "a loop with little fuel": Bomb(bombs.PLAIN, "loop", {}, "fuel", limits=replace(LIMITS, fuel=1_000_000)),
    "recursion": Bomb(bombs.PLAIN, "recurse", {"n": 0}, "trap"),
    "a memory that grows": Bomb(bombs.PLAIN, "grow", {}, "memory"),
    "many memories": Bomb(bombs.MEMORIES, "f", {}, "memory"),
    "endless output": Bomb(bombs.writer("stdout"), "write", {"times": 2**32 - 1}, "output"),
    "endless errors": Bomb(bombs.writer("stderr"), "write", {"times": 2**32 - 1}, "output"),
    "a huge result": Bomb(bombs.PLAIN, "long", {"length": 8 << 20}, "output"),
    "a sleep": Bomb(bombs.SLEEPER, "sleep", {"ns": 10**12}, "timeout", grants=Grants(clock=True)),
}


def defuse(tmp_path: Path, bomb: Bomb) -> tuple[Result, Result, float]:
    """Call it, and something harmless after it; returns both results, and how many seconds the first took."""
    path = component(tmp_path, bomb.text, "bomb.wat")
    plain = component(tmp_path, bombs.PLAIN, "plain.wat")

    async def calls() -> tuple[Result, Result, float]:
        async with Host(tmp_path / "cache") as host:
            # What is measured is the call, and not the compiling before the first one.
            await host.call(path, "none", {}, bomb.grants, LIMITS)
            started = time.monotonic()
            stopped = await host.call(path, bomb.function, bomb.arguments, bomb.grants, bomb.limits)
            seconds = time.monotonic() - started
            return stopped, await call(host, plain, "add", {"a": 1, "b": 2}), seconds

    return asyncio.run(calls())


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_stopped_in_time_with_its_code_and_the_next_call_is_served(tmp_path: Path, name: str) -> None:
    """Whatever it tries, it is gone by its deadline and 250 ms, as its caller sees it and as its host process does."""
    bomb = BOMBS[name]

    stopped, after, seconds = defuse(tmp_path, bomb)

    assert stopped.error is not None
    assert stopped.error.code == bomb.code, stopped.error.message
    assert seconds <= bomb.limits.timeout + LATE
    assert stopped.duration_ms <= (bomb.limits.timeout + LATE) * 1000
    assert after.result == 3


def test_what_was_written_before_the_end_is_told_up_to_the_limit(tmp_path: Path) -> None:
    """Of endless output as much is kept as is allowed, and not a byte more."""
    stopped, _, _ = defuse(tmp_path, BOMBS["endless output"])

    assert stopped.stdout == "x" * LIMITS.output
    assert stopped.stderr == ""


def test_a_call_that_runs_out_of_fuel_has_used_all_of_it(tmp_path: Path) -> None:
    """The fuel of a call that failed is its cost all the same."""
    stopped, _, _ = defuse(tmp_path, BOMBS["a loop with little fuel"])

    assert stopped.fuel == 1_000_000


def test_compiling_has_a_deadline_of_its_own(tmp_path: Path) -> None:
    """A component that takes longer to compile than is allowed is given up, and another one is compiled after it."""
    slow = component(tmp_path, bombs.SLOW, "slow.wat")

    async def calls() -> Result:
        async with Host(tmp_path / "cache", compile_seconds=0.02) as host:
            return await call(host, slow, "f")

    stopped = asyncio.run(calls())

    assert stopped.error is not None
    assert (stopped.error.code, stopped.duration_ms) == ("timeout", 0.0)


def test_a_request_that_is_never_answered_is_stopped_in_time(tmp_path: Path) -> None:
    """A granted host that keeps silent holds a component no longer than its deadline, and its caller neither."""
    with Server([Stall()]) as server:
        host = place(server.url)
        stopped, after, seconds = defuse(
            tmp_path,
            Bomb(
                guest("http_guest"),
                "get",
                {"authority": host, "path": "/", "body": ""},
                "timeout",
                grants=Grants(hosts=(host,)),
                limits=replace(LIMITS, timeout=1.0),
            ),
        )
        asked = len(server.requests)

    assert stopped.error is not None
    assert (stopped.error.code, asked) == ("timeout", 1), stopped.error.message
    assert seconds <= 1.0 + LATE
    assert stopped.duration_ms <= (1.0 + LATE) * 1000
    assert after.result == 3


def test_a_request_that_is_answered_comes_back_through_the_call(tmp_path: Path) -> None:
    """The same component gets its answer where there is one, and none from where it is not granted."""
    with Server(answer(200, "Grüße"), answer(200, "Grüße")) as server:
        there = place(server.url)
        path = component(tmp_path, guest("http_guest"))

        async def calls(grants: Grants) -> Result:
            async with Host(tmp_path / "cache") as host:
                arguments = {"authority": there, "path": "/", "body": ""}
                return await host.call(path, "get", arguments, grants, LIMITS)

        granted = asyncio.run(calls(Grants(hosts=(there,))))
        elsewhere = asyncio.run(calls(Grants(hosts=("127.0.0.1:1",))))
        refused = asyncio.run(calls(Grants()))
        asked = len(server.requests)

    assert (granted.result, granted.stdout) == ("Grüße", "Grüße")
    assert (elsewhere.result, asked) == ("!P", 1)
    assert refused.error is not None
