"""Tools to test the loop with, and where they come from."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentctl.errors import AgentctlError
from agentctl.messages import ToolSpec
from agentctl.tools.base import Asked, Decision, Effect, Outcome, Plan

Work = Callable[[Mapping[str, Any]], Awaitable[Outcome]]


async def echo(arguments: Mapping[str, Any]) -> Outcome:
    """Say what was said."""
    return Outcome(str(arguments.get("text", "")))


@dataclass
class Task:
    """A tool that does `work`; `ran` are the arguments it was run with, in order."""

    name: str = "echo"
    work: Work = echo
    effect: Effect = "read"
    timeout: float | None = None
    unplanned: AgentctlError | None = None
    preview: str = ""
    ran: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def spec(self) -> ToolSpec:
        """What a model is told of it."""
        return ToolSpec(self.name, f"Does {self.name}.", {"type": "object"})

    async def plan(self, arguments: Mapping[str, Any]) -> Plan:
        """Say what is done."""
        if self.unplanned:
            raise self.unplanned

        async def run() -> Outcome:
            self.ran.append(arguments)
            return await self.work(arguments)

        return Plan(f"{self.name} {arguments}", str(arguments.get("text", "")), self.effect, run, self.preview)


@dataclass
class Until:
    """Work that waits until it is stopped; `stopping` is how long that takes in turns of the event loop."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: bool = False

    async def __call__(self, arguments: Mapping[str, Any]) -> Outcome:
        """Wait."""
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            self.stopped = True
        return Outcome("")


@dataclass
class Person:
    """Somebody who decides; `asked` is what they were asked, in order."""

    allows: bool = True
    asked: list[Asked] = field(default_factory=list)

    async def decide(self, asked: Asked) -> Decision:
        """Allow it, or not."""
        self.asked.append(asked)
        return Decision(self.allows, "user", "" if self.allows else "the user said no")


@dataclass
class Shelf:
    """A source of given tools."""

    given: Sequence[Task]
    closed: bool = False

    @property
    def names(self) -> frozenset[str]:
        """Their names."""
        return frozenset(tool.name for tool in self.given)

    async def tools(self, names: frozenset[str], notify: Callable[[str], None]) -> Sequence[Task]:
        """Those of the names."""
        return [tool for tool in self.given if tool.name in names]

    async def aclose(self) -> None:
        """Remember it."""
        self.closed = True
