"""What can be chosen for a turn: a model, how much it is to think, and the system prompt that it is asked with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from agentctl.errors import UsageError
from agentctl.providers.base import Effort
from agentctl.settings import actions


@dataclass(frozen=True, slots=True)
class Action:
    """`provider/model[@effort][+variant]`, as `str` writes it.

    Args:
        model: `provider/model`.
        effort: how much it is to think; None leaves that to the model.
        variant: the name of the system prompt; None for the session's own.
    """

    model: str
    effort: Effort | None = None
    variant: str | None = None

    def __str__(self) -> str:
        effort = f"@{self.effort}" if self.effort else ""
        return f"{self.model}{effort}{f'+{self.variant}' if self.variant else ''}"


def parse(text: str, full_name: Callable[[str], str] = str) -> Action:
    """Read an action; `full_name` makes `provider/model` of an alias.

    Raises:
        UsageError: it is none, or its model is neither `provider/model` nor an alias.
    """
    try:
        model, effort, variant = actions.split(text)
    except ValueError as error:
        raise UsageError(f"{text[:80]!r} is nothing to choose", hint=f"it is {error}") from error
    return Action(full_name(model), cast("Effort | None", effort), variant)
