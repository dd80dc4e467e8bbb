"""The tools of a chat: which of those that there are the model gets, and who decides on its calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from agentctl.errors import UsageError
from agentctl.settings.values import ToolSettings
from agentctl.tools.base import Approver, Tool
from agentctl.tools.dispatch import Toolbox
from agentctl.tools.paging import NAME, Find
from agentctl.tools.rules import Rule

Notify = Callable[[str], None]


class Source(Protocol):
    """Some of the tools that there are."""

    @property
    def names(self) -> frozenset[str]:
        """What its tools can be asked for by: a tool's own name, a server's, a group's."""
        ...

    async def tools(self, names: frozenset[str], notify: Notify) -> Sequence[Tool]:
        """Return the tools that are asked for so; `notify` is told which can't be had, and why."""
        ...

    async def aclose(self) -> None:
        """Let go of what they hold."""
        ...


class Toolkit:
    """Gathers the tools that the settings name.

    Args:
        settings: which tools, and how they are run.
        sources: where they come from; of two tools of one name the first counts.
        approver: who decides on calls.
        rules: what it decides by; those that speak of no tool at all are told.
    """

    def __init__(
        self, settings: ToolSettings, sources: Sequence[Source], approver: Approver, rules: Sequence[Rule] = ()
    ) -> None:
        self._settings = settings
        self._sources = sources
        self._approver = approver
        self._rules = rules
        self._told: set[str] = set()
        self.max_turns = settings.max_turns

    async def ready(self, notify: Notify, find: Find) -> Toolbox:
        """Return the tools as they are now; `notify` is told once of each that is missing.

        `find` returns all that an earlier call brought, where its result was cut.

        Raises:
            UsageError: there is nothing of a name that is asked for.
        """
        wanted = self._wanted()
        for rule in self._rules:
            if not self._speaks_of_something(rule):
                self._once(notify)(f"the rule {rule} speaks of no tool that there is")
        for name in sorted(self._ambiguous() & wanted):
            self._once(notify)(f"{name} is both an added component and an MCP server: their tools come side by side")
        found: dict[str, Tool] = {}
        for source in self._sources:
            names = source.names & wanted
            for tool in await source.tools(names, self._once(notify)) if names else ():
                found.setdefault(tool.spec.name, tool)
        timeout, limit = self._settings.timeout, self._settings.max_result
        return Toolbox([*found.values()], self._approver, timeout=timeout, limit=limit, find=find)

    async def aclose(self) -> None:
        """Let go of what the tools hold, the last that was opened first."""
        for source in reversed(self._sources):
            await source.aclose()

    def _wanted(self) -> frozenset[str]:
        known = frozenset[str]().union(*(source.names for source in self._sources))
        wanted = frozenset(self._settings.use)
        if unknown := sorted(wanted - known - {"all"}):
            raise UsageError(
                f"there is no tool {unknown[0]!r}", hint=f"there are all, none, {', '.join(sorted(known))}"
            )
        return known if "all" in wanted else wanted

    def _speaks_of_something(self, rule: Rule) -> bool:
        """Whether there may be a tool that the rule names: those of servers and components begin with their names."""
        names = {NAME, *(name for source in self._sources for name in source.names)}
        return rule.tool.endswith("*") or any(rule.tool.startswith(name) for name in names)

    def _ambiguous(self) -> set[str]:
        """The names that more than one source goes by."""
        names = Counter(name for source in self._sources for name in source.names)
        return {name for name, times in names.items() if times > 1}

    def _once(self, notify: Notify) -> Notify:
        def tell(text: str) -> None:
            if text not in self._told:
                self._told.add(text)
                notify(text)

        return tell
