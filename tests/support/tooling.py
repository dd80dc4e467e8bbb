"""Calls tools as the loop does, and looks at what they leave behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from agentctl.errors import ToolError, ToolFailure
from agentctl.tools.base import Outcome, Plan, Tool

PATIENCE = 60  # seconds, on a machine that does much else


def planned(tool: Tool, **arguments: Any) -> Plan:
    """What a call would do."""
    return asyncio.run(tool.plan(arguments))


def done(plan: Plan) -> Outcome:
    """What comes of a plan."""

    async def run() -> Outcome:
        return await plan.run()

    return asyncio.run(run())


def call(tool: Tool, **arguments: Any) -> Outcome:
    """What comes of a call that is allowed at once."""

    async def run() -> Outcome:
        return await (await tool.plan(arguments)).run()

    return asyncio.run(run())


def failure(tool: Tool, reason: ToolFailure, **arguments: Any) -> ToolError:
    """The error of a call, which must be of this kind."""
    with pytest.raises(ToolError) as caught:
        call(tool, **arguments)
    assert caught.value.reason == reason, caught.value
    return caught.value


def running(marker: str, parent: int | None = None) -> list[int]:
    """The processes that have this in their command line; of one parent only, if it is given."""
    return [pid for pid, above, command in _commands() if marker.encode() in command and parent in {None, above}]


def gone(marker: str, among: Sequence[int] | None = None) -> bool:
    """Whether no process with this in its command line is left, or will be soon; of some only, if they are given."""
    end = time.monotonic() + PATIENCE
    while [pid for pid in running(marker) if among is None or pid in among]:
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def _commands() -> Iterator[tuple[int, int, bytes]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent, *_ = (entry / "stat").read_bytes().rpartition(b")")[2].split()
                if state != b"Z":
                    yield int(entry.name), int(parent), (entry / "cmdline").read_bytes()
            except OSError:
                continue
