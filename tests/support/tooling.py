"""Calls tools as the loop does, and looks at what they leave behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentctl.errors import ToolError, ToolFailure
from agentctl.tools.base import Outcome, Plan, Tool


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


def running(marker: str) -> list[int]:
    """The processes that have this in their command line."""
    return [pid for pid, command in _commands() if marker.encode() in command]


def gone(marker: str, patience: float = 5.0) -> bool:
    """Whether no process with this in its command line is left, or will be soon."""
    end = time.monotonic() + patience
    while running(marker):
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def _commands() -> Iterator[tuple[int, bytes]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state = (entry / "stat").read_bytes().rpartition(b")")[2].split()[0]
                if state != b"Z":
                    yield int(entry.name), (entry / "cmdline").read_bytes()
            except OSError:
                continue
