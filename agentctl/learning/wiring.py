"""Puts together what chooses models, from the settings and the policies that there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from agentctl.choosing import Situation
from agentctl.errors import AgentctlError, ConfigError
from agentctl.learning.actions import Action, parse
from agentctl.learning.artifacts import Library
from agentctl.learning.candidates import Means, Roster
from agentctl.learning.choosing import ModelChooser, Wishes
from agentctl.learning.policies import Policies
from agentctl.settings import Settings
from agentctl.store.base import Database
from agentctl.target import Target

if TYPE_CHECKING:
    from agentctl.economy.budget import Account

AUTO = "auto"


class Wires(Protocol):
    """What a chooser is made of; the composition root is one."""

    @property
    def settings(self) -> Settings:
        """What is set."""
        ...

    @property
    def policies(self) -> Library:
        """Where policies lie."""
        ...

    @property
    def database(self) -> Database:
        """What budgets are asked of."""
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

    def has_weights(self, model: str) -> bool:
        """Whether `model` needs no weights, or has them on this machine."""
        ...

    def known_keys(self) -> Mapping[str, str]:
        """Where each key to a provider is that is known of, by provider."""
        ...


def chooser(wires: Wires, cost_weight: float | None = None) -> ModelChooser:
    """Make what chooses for `chat -m auto`; `cost_weight` beats the settings and the policy.

    Raises:
        ConfigError: there is nothing to choose among.
        UsageError: a name in the settings is none.
    """
    routing, usual = wires.settings.routing, _usual(wires)
    named = (parse(text, wires.full_name) for text in routing.models)
    # What is named twice, for one by an alias, would be drawn twice as often as is recorded.
    actions = list(dict.fromkeys(named)) or _learnt(wires.policies, usual)
    if not actions:
        raise ConfigError(
            "there is nothing to choose a model among", hint="agentctl config set routing.models PROVIDER/MODEL,…"
        )
    default = next((place for place, one in enumerate(actions) if usual and one.model == usual), 0)
    weight = routing.cost_weight if cost_weight is None else cost_weight
    means = Means(wires.target, lambda name: _obstacle(wires, name), lambda situation: _accounts(wires, situation))
    wishes = Wishes(default, routing.explore, weight)
    return ModelChooser(Roster(actions, routing.variants, means), wishes, Policies(wires.policies))


def _usual(wires: Wires) -> str | None:
    """The model that is configured, `provider/model`."""
    name = wires.settings.model
    return wires.full_name(name) if name and name != AUTO else None


def _learnt(library: Library, usual: str | None) -> Sequence[Action]:
    """What the policy in production knows, where the settings name nothing: the usual model first, if there is one."""
    first = [Action(usual)] if usual else []
    try:
        pointer = library.channels.current("production")
        names = library.kept("production").manifest.get("actions") if pointer else None
        found = [parse(str(name)) for name in names if "/" in str(name)] if isinstance(names, list) else []
    except AgentctlError:
        return first  # the chooser meets the same trouble, and tells of it
    return [*(one for one in first if one not in found), *found]


def _obstacle(wires: Wires, name: str) -> str | None:
    """Why the model `name` can't be asked, as far as that can be told without asking it; None if it can."""
    if missing := wires.missing_weights(name):
        return f"it is not on this machine: agentctl models pull {missing}"
    if not wires.has_weights(name):
        return "it is not on this machine: agentctl models pull"
    from agentctl.providers.known import KNOWN  # noqa: PLC0415

    provider = name.partition("/")[0]
    known, server = KNOWN.get(provider), wires.settings.servers.get(provider)
    if known is None or not known.needs_key or (server and server.key) or provider in wires.known_keys():
        return None
    return f"there is no key for {provider}"


def _accounts(wires: Wires, situation: Situation) -> Sequence[Account]:
    """What is left of the budgets."""
    from agentctl.economy import budget, ledger  # noqa: PLC0415 - only who has a budget asks

    allowance, session = situation.allowance, situation.session_id or situation.source
    if allowance is None:
        return ()
    spending = budget.Spending(ledger.stored(situation.spent) or 0, 0)
    kept = situation.session_id is not None
    return wires.database.read(lambda tx: budget.standing(tx, allowance.limits, session, spending, kept=kept))
