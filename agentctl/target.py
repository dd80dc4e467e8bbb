"""Who is asked, and what asking may cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agentctl.economy.cards import ModelCard
from agentctl.providers.base import Provider

if TYPE_CHECKING:
    from agentctl.economy.budget import Limits


@dataclass(frozen=True, slots=True)
class Target:
    """A model to talk to: who serves it, its name there, what is known of it, and of those that may answer for it."""

    provider: Provider
    model: str
    card: ModelCard
    substitutes: tuple[ModelCard, ...] = ()

    @property
    def name(self) -> str:
        """`provider/model`."""
        return f"{self.provider.name}/{self.model}"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the turns may cost, and how many seconds each waits for what other calls have reserved."""

    limits: Limits
    patience: float
