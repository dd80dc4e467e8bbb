"""Puts together what chooses models, from the settings and the policies that there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

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


@dataclass(frozen=True, slots=True)
class Wires:
    """What a chooser is made of.

    Args:
        settings: what is set.
        library: where policies lie.
        database: gives the database, where budgets have to be asked.
        full_name: makes `provider/model` of a name.
        connect: makes the target of `provider/model`.
        obstacle: says why that can't be asked now.
    """

    settings: Settings
    library: Library
    database: Callable[[], Database]
    full_name: Callable[[str], str]
    connect: Callable[[str], Target]
    obstacle: Callable[[str], str | None]


def chooser(wires: Wires, cost_weight: float | None = None) -> ModelChooser:
    """Make what chooses for `chat -m auto`; `cost_weight` beats the settings and the policy.

    Raises:
        ConfigError: there is nothing to choose among.
        UsageError: a name in the settings is none.
    """
    routing, usual = wires.settings.routing, _usual(wires)
    actions = [parse(text, wires.full_name) for text in routing.models] or _learnt(wires.library, usual)
    if not actions:
        raise ConfigError(
            "there is nothing to choose a model among", hint="agentctl config set routing.models PROVIDER/MODEL,…"
        )
    default = next((place for place, one in enumerate(actions) if usual and one.model == usual), 0)
    weight = routing.cost_weight if cost_weight is None else cost_weight
    means = Means(wires.connect, wires.obstacle, _accounts(wires.database))
    wishes = Wishes(default, routing.explore, weight)
    return ModelChooser(Roster(actions, routing.variants, means), wishes, Policies(wires.library))


def _usual(wires: Wires) -> str | None:
    """The model that is configured, `provider/model`."""
    name = wires.settings.model
    return wires.full_name(name) if name and name != AUTO else None


def _learnt(library: Library, usual: str | None) -> Sequence[Action]:
    """What the policy in production knows, where the settings name nothing: the usual model first, if there is one."""
    first = [Action(usual)] if usual else []
    try:
        pointer = library.channels.current("production")
        names = library.kept("production").manifest.get("actions", ()) if pointer else ()
        found = [parse(str(name)) for name in names if "/" in str(name)]
    except AgentctlError:
        return first  # the chooser meets the same trouble, and tells of it
    return [*(one for one in first if one not in found), *found]


def _accounts(database: Callable[[], Database]) -> Callable[[Situation], Sequence[Account]]:
    def accounts(situation: Situation) -> Sequence[Account]:
        from agentctl.economy import budget, ledger  # noqa: PLC0415 - only who has a budget asks

        allowance, session = situation.allowance, situation.session_id or situation.source
        if allowance is None:
            return ()
        spending = budget.Spending(ledger.stored(situation.spent) or 0, 0)
        kept = situation.session_id is not None
        return database().read(lambda tx: budget.standing(tx, allowance.limits, session, spending, kept=kept))

    return accounts
