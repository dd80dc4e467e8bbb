"""The tools of an added component, as the agent's loop calls them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from agentctl.errors import ToolError
from agentctl.messages import ToolSpec
from agentctl.tools.base import Effect, Outcome, Plan
from agentctl.tools.wasm.added.library import check_intact
from agentctl.tools.wasm.added.manifest import Entry, Offer
from agentctl.tools.wasm.added.naming import tool_names
from agentctl.tools.wasm.grants import Grants, Limits
from agentctl.tools.wasm.host.result import Result

COMPILING = 120.0  # seconds that a first call may take beyond its own time, to compile a large component

_SHOWN = 100  # characters of arguments in a summary
_TAIL = 2000  # characters of standard error that go with a failure


class Caller(Protocol):
    """What runs a function of a component: the host."""

    async def call(
        self, path: Any, function: str, arguments: Mapping[str, Any], grants: Grants, limits: Limits
    ) -> Result:
        """Run it; whatever the component does is told in the result."""
        ...


def component_tools(entry: Entry, host: Caller) -> tuple[ComponentTool, ...]:
    """Return the tools of a component, to be run by `host`."""
    return tuple(
        ComponentTool(name, entry, offer, host) for name, offer in zip(tool_names(entry), entry.offers, strict=True)
    )


def effect(grants: Grants) -> Effect:
    """The most that a component with these grants may do; a call without any is but a calculation."""
    if grants.hosts:
        return "network"
    if any(preopen.writable for preopen in grants.files):
        return "write"
    return "read" if grants.files or grants.env else "none"


@dataclass(frozen=True, slots=True)
class ComponentTool:
    """One tool of a component."""

    name: str
    entry: Entry
    offer: Offer
    host: Caller

    @property
    def spec(self) -> ToolSpec:
        """What a model is told of it."""
        said = self.offer.description
        if not self.offer.described:  # the types of a component carry no words
            said = f"{said or self.offer.function}: a function of the WebAssembly component {self.entry.name}"
        return ToolSpec(self.name, said, self.offer.parameters)

    @property
    def timeout(self) -> float | None:
        """The component's own limit, which its host enforces, and what compiling it may take."""
        return self.entry.limits.timeout + COMPILING

    async def plan(self, arguments: Mapping[str, Any]) -> Plan:
        """Return what a call would do: nothing but what the component was granted when it was added."""
        shown = json.dumps(arguments, ensure_ascii=False)
        cut = shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"
        return Plan(f"{self.name} {cut}", "", effect(self.entry.grants), partial(self._run, arguments))

    async def _run(self, arguments: Mapping[str, Any]) -> Outcome:
        check_intact(self.entry)
        sent = arguments
        if self.offer.described:
            sent = {"name": self.offer.name, "args-json": json.dumps(arguments)}
        entry = self.entry
        result = await self.host.call(entry.path, self.offer.function, sent, entry.grants, entry.limits)
        if result.error is not None:
            raise ToolError(_with_stderr(result.error.message, result.stderr), reason=result.error.code)
        return _outcome(result)


def _outcome(result: Result) -> Outcome:
    """The result as a model is told it: the payload of a `result`, text as it is, all else as JSON; else the output."""
    value, failed = result.result, False
    if isinstance(value, Mapping) and len(value) == 1 and (case := next(iter(value))) in {"ok", "err"}:
        value, failed = value[case], case == "err"
    if failed and isinstance(value, Mapping) and {"code", "message"} <= set(value):  # what our interface fails with
        value = f"{value['code']}: {value['message']}"
    told = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    content = "\n".join(part for part in (result.stdout.rstrip("\n"), told) if part)
    if failed:
        content = _with_stderr(content or "it failed", result.stderr)
    return Outcome(content, failed, {"fuel": result.fuel, "duration_ms": result.duration_ms})


def _with_stderr(message: str, stderr: str) -> str:
    """A failure with the end of what the component said of it: tracebacks appear nowhere else."""
    said = stderr.strip()[-_TAIL:]
    return f"{message}\n{said}" if said else message
