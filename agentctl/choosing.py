"""What a conversation asks of whoever chooses the model that answers its next turn. Nothing here chooses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from agentctl.asking import Options
from agentctl.events import Decided
from agentctl.messages import Message
from agentctl.providers.base import Effort, Provider
from agentctl.store.decisions import Decision
from agentctl.target import Allowance, Target


@dataclass(frozen=True, slots=True)
class Situation:
    """A turn that is about to begin.

    Args:
        session_id: the session; None where it is not kept.
        said: all that was said in it before.
        added: what the turn adds to that.
        asked_at: when a model was asked last, in epoch µs; None if none was.
        options: how the model is to answer.
        system: whether the user gives the turn a system prompt of his own.
        allowance: what the turn may cost; None for no limit.
        spent: dollars that the command has cost so far.
        source: the session whose budget counts; None for that of `session_id`.
    """

    session_id: str | None
    said: tuple[Message, ...]
    added: tuple[Message, ...]
    asked_at: int | None
    options: Options
    system: bool = False
    allowance: Allowance | None = None
    spent: Decimal = Decimal(0)
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Who answers a turn.

    Args:
        target: the model.
        told: what was considered, and why this was chosen.
        effort: how much it is to think; None leaves that as it is.
        system: the system prompt that the session gets with this turn; None leaves that as it is.
        decision: what is recorded as the turn begins; None where that would not be true, or nothing is kept.
        notes: what the user should know.
    """

    target: Target
    told: Decided
    effort: Effort | None = None
    system: str | None = None
    decision: Decision | None = None
    notes: tuple[str, ...] = ()


class Chooser(Protocol):
    """Chooses the model for each turn. A choice is never an error: in doubt it is the usual model."""

    @property
    def decided(self) -> int:
        """How many choices were made that are recorded."""
        ...

    def choose(self, situation: Situation) -> Choice:
        """Choose for a turn that is about to begin."""
        ...

    def providers(self) -> Iterable[Provider]:
        """Whom it has chosen so far, to let go of."""
        ...
