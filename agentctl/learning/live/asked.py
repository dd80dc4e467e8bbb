"""The actions that are asked, as the user names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from agentctl.asking import Options
from agentctl.economy.cards import ModelCard
from agentctl.economy.pricing import price
from agentctl.errors import ConfigError, UsageError
from agentctl.learning.actions import parse
from agentctl.learning.live.answers import Answer
from agentctl.learning.live.conversing import ModelAction, Place
from agentctl.settings import Settings
from agentctl.target import Target
from agentctl.usage import Usage


class Wires(Protocol):
    """What actions are made with; the composition root is one."""

    @property
    def settings(self) -> Settings:
        """What is set."""
        ...

    def full_name(self, name: str) -> str:
        """`provider/model`, for that or an alias."""
        ...

    def target(self, name: str) -> Target:
        """The model called `name`."""
        ...

    def missing_weights(self, model: str) -> str | None:
        """What would have to be pulled before `model` can answer."""
        ...


def actions(wires: Wires, given: Mapping[str, str], place: Place) -> dict[str, ModelAction]:
    """Make the actions that are given by name, as `MODEL[@EFFORT][+VARIANT]`.

    Raises:
        UsageError: one is none, is there twice, or its variant is not set.
        ConfigError: its provider is not configured, or its weights are not on this machine.
    """
    made: dict[str, ModelAction] = {}
    seen: dict[str, str] = {}
    for name, text in given.items():
        action = parse(text, wires.full_name)
        if (other := seen.setdefault(str(action), name)) != name:
            raise UsageError(f"{name!r} and {other!r} are both {action}", hint="leave one of them out")
        if missing := wires.missing_weights(action.model):
            raise ConfigError(f"{action.model} is not on this machine yet", hint=f"agentctl models pull {missing}")
        system = wires.settings.routing.variants.get(action.variant) if action.variant else None
        if action.variant and system is None:
            raise UsageError(
                f"there is no variant {action.variant!r} for {name!r}",
                hint=f'agentctl config set routing.variants.{action.variant} "…"',
            )
        made[name] = ModelAction(place, wires.target(action.model), Options(effort=action.effort), system)
    return made


def unpriced(made: Mapping[str, ModelAction]) -> ModelCard | None:
    """A model whose price is unknown; None if there is none."""
    cards = (one.target.card for one in made.values())
    return next((card for card in cards if price(Usage(uncached_input=1, output=1), card) is None), None)


def dollars(card: ModelCard, answer: Answer) -> float | None:
    """What an answer costs at today's prices, or else what it cost then; None if neither is known."""
    cost = price(answer.usage, card)
    if cost is not None:
        return float(cost)
    return None if answer.cost is None else float(answer.cost)
