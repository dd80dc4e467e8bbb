"""Choosers over models that nobody serves, and policies that say what a test lets them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from agentctl.asking import Options
from agentctl.choosing import Situation
from agentctl.economy.catalog import Catalog
from agentctl.errors import AgentctlError
from agentctl.learning.actions import parse
from agentctl.learning.candidates import Means, Roster
from agentctl.learning.choosing import ModelChooser, Wishes
from agentctl.learning.policies import Learned
from agentctl.messages import Message, user
from agentctl.providers.base import Capabilities, Provider
from agentctl.settings import ModelOverride
from agentctl.target import Target
from agentctl.training.features import DEFAULT

SESSION = "01m8ek177k98p12pz1n8q35q6r"


@dataclass
class Service:
    """A provider that is never asked."""

    name: str
    capabilities: Capabilities


@dataclass
class Opinion:
    """A policy that expects the same of each prompt: `success` by action. It chooses what is worth most."""

    success: Mapping[str, float]
    spec: Any = DEFAULT
    asked: list[NDArray[np.bool_]] = field(default_factory=list)

    @property
    def actions(self) -> tuple[str, ...]:
        """What it knows."""
        return tuple(self.success)

    def judge(
        self, features: NDArray[np.float32], *, costs: NDArray[np.float32], cost_weight: float, mask: NDArray[np.bool_]
    ) -> Any:
        """What it says."""
        self.asked.append(mask)
        expected = np.array([*self.success.values()], np.float32)
        worth = np.where(mask, expected - cost_weight * costs, -np.inf)
        best = int(np.nanargmax(worth))
        probabilities = np.eye(len(expected))[best]
        return SimpleNamespace(
            probabilities=probabilities, expected_success=expected, action=best, value=float(worth[best])
        )


@dataclass
class Offices:
    """Where policies come from: ready ones, or an error that is raised in their place."""

    production: Learned | Exception | None = None
    trial: Learned | Exception | None = None

    def deciding(self, session_id: str | None) -> Learned | None:
        """That of production."""
        return _given(self.production)

    def shadow(self) -> Learned | None:
        """The one on trial."""
        return _given(self.trial)


def _given(found: Learned | Exception | None) -> Learned | None:
    if isinstance(found, Exception):
        raise found
    return found


def learned(success: Mapping[str, float], sha: str = "5" * 64, cost_weight: float = 0.0) -> Learned:
    """A policy that expects this."""
    return Learned(sha, cast("Any", Opinion(success)), cost_weight, {})


@dataclass
class Shop:
    """What there is to choose among, by names such as `a/x`; each of `prices` is for a million tokens either way."""

    prices: Mapping[str, str | None]
    actions: Sequence[str] = ()
    variants: Mapping[str, str] = field(default_factory=dict)
    capabilities: Mapping[str, Capabilities] = field(default_factory=dict)
    overrides: Mapping[str, ModelOverride] = field(default_factory=dict)
    obstacle: Callable[[str], str | None] = lambda _: None
    missing: frozenset[str] = frozenset()

    def target(self, name: str) -> Target:
        """The model called `name`."""
        if name in self.missing:
            raise AgentctlError(f"{name} is gone")
        provider, _, model = name.partition("/")
        known = self.capabilities.get(name, Capabilities(provider))
        price = self.prices.get(name)
        card = Catalog({name: self.overrides.get(name) or override(price)} if price else {}).find(name)
        return Target(cast("Provider", Service(provider, known)), model, card)

    def chooser(self, offices: Offices | None = None, *, seed: int = 0, **wishes: Any) -> ModelChooser:
        """A chooser among them, whose chance is this seed's."""
        actions = [parse(text) for text in self.actions or tuple(self.prices)]
        means = Means(self.target, self.obstacle, lambda _: ())
        chosen = Wishes(**{"default": 0, **wishes})
        return ModelChooser(Roster(actions, self.variants, means), chosen, offices or Offices(), Random(seed))


def override(price: str) -> ModelOverride:
    """Input and output at this price, and reads of the cache at a tenth of it."""
    return ModelOverride(input=Decimal(price), output=Decimal(price), cache_read=Decimal(price) / 10)


def asks(text: str = "hi", *said: Message, **more: Any) -> Situation:
    """A turn in a kept session."""
    made = Situation(SESSION, said, (user(text),), None, Options())
    return replace(made, **more)
