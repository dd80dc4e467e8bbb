"""What a tool is: it says what a call would do, that is allowed or not, and then it is done.

A `Tool` turns arguments into a `Plan` without doing anything; rules and people decide on the plan, and only what was
decided on is run. Whatever goes wrong is a `ToolError`, which the model is told as the result of its call.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from agentctl.messages import ToolSpec

Effect = Literal["none", "read", "write", "execute", "network"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call brought.

    Args:
        content: what the model is told; long content is cut by who asked for it, not by the tool.
        is_error: whether the tool itself says that it failed, as a command does that leaves with 1.
        details: what the audit trail keeps besides, in JSON values: an exit code, the fuel that was burnt.
    """

    content: str
    is_error: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What one call is about to do.

    Args:
        summary: it in one line, for people: `edit src/app.py`.
        subject: what rules are matched against: a path in the workspace, a command, a host; may be empty.
        effect: the most that it may do.
        run: does it. Cancelling it stops whatever it started, before the cancellation is passed on; the argument of
            that `CancelledError`, if any, is what it had brought by then.
        preview: what people should see before they allow it, as a unified diff; empty where there is nothing to see.
    """

    summary: str
    subject: str
    effect: Effect
    run: Callable[[], Awaitable[Outcome]]
    preview: str = ""


class Tool(Protocol):
    """Something that a model may call.

    `timeout` is how many seconds a call may take; None is the usual.
    """

    @property
    def spec(self) -> ToolSpec:
        """Its name, what it is for, and the JSON Schema of its arguments."""
        ...

    @property
    def timeout(self) -> float | None:
        """How many seconds a call may take; None leaves it to who asks."""
        ...

    async def plan(self, arguments: Mapping[str, Any]) -> Plan:
        """Return what a call with these arguments would do; nothing is done yet.

        Raises:
            ToolError: the arguments make no sense, or what they ask for is out of bounds whoever allows it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A plan as it is decided on."""

    tool: str
    plan: Plan


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a plan may be run, who said so (`rule`, `user` or `mode`), and what the model is told of a refusal."""

    allowed: bool
    by: Literal["rule", "user", "mode"]
    reason: str = ""


class Approver(Protocol):
    """Decides what may be run."""

    async def decide(self, asked: Asked) -> Decision:
        """Allow the plan or refuse it; that may take asking somebody."""
        ...
