"""What learners are fitted to: each task as it is seen before the choice, and after a first answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentctl.learning.routing.estimating import SPEC, Estimates, estimate, features
from agentctl.learning.routing.table import Table
from agentctl.training.features import FeatureSpec
from agentctl.training.lexical import FIGURES
from agentctl.training.seen import Floats, Seen, ends, priced
from agentctl.training.sparse import Rows


@dataclass(frozen=True, eq=False)
class View:
    """Tasks with their outcomes and what is estimated of them.

    Args:
        success: `(tasks, actions)`.
        before: estimates from prompts, `(tasks, actions)`.
        after: estimates from prompts and the cheapest action's answers, where those are there; else as `before`.
        figures: of the prompts, `(tasks, FIGURES)`.
        costs: `(actions,)`.
        sequential: whether the cheapest action's answer can be looked at first.
    """

    success: Floats
    before: Floats
    after: Floats
    figures: NDArray[np.float32]
    costs: Floats
    sequential: bool

    def __len__(self) -> int:
        return len(self.success)

    @property
    def ends(self) -> tuple[int, int]:
        """The cheapest action and the dearest."""
        return ends(self.costs)

    def rates(self, *, answered: bool = False) -> Floats:
        """What each action costs more, as a share of what the dearest costs more than the cheapest, `(actions,)`."""
        cheap, dear = self.ends
        rise = self.costs[dear] - self.costs[cheap]
        more = priced(self.costs, cheap, answered=answered)
        return more / rise if rise > 0 else np.zeros_like(more)

    def take(self, which: NDArray[np.int64]) -> View:
        """Some of the tasks."""
        success, before, after = self.success[which], self.before[which], self.after[which]
        return View(success, before, after, self.figures[which], self.costs, self.sequential)

    def seen(self, price: Floats | float, *, answered: bool = False) -> Seen:
        """What is seen at a price of the dearest action, in success: one for all tasks, or one for each."""
        prices = np.multiply.outer(np.broadcast_to(price, len(self)), self.rates(answered=answered))
        estimates = self.after if answered else self.before
        return Seen(estimates, prices, self.figures, np.ones(estimates.shape, np.bool_), answered)


@dataclass(frozen=True, eq=False)
class Learnt:
    """The estimates from prompts, those from prompts and answers, and the tasks they were learnt from."""

    before: Estimates
    after: Estimates | None
    view: View


def learn(table: Table, costs: Floats, seed: int, *, sequential: bool) -> Learnt:
    """Estimate each task's outcomes from the others."""
    rows = features(table.prompts)
    before = estimate(rows, table.success, seed)
    answers = _answers(table, costs) if sequential else None
    after = estimate(features(table.prompts, answers), table.success, seed) if answers else None
    held = before.held if after is None else after.held
    return Learnt(before, after, View(table.success, before.held, held, _figures(rows), costs, sequential))


def look(
    table: Table,
    costs: Floats,
    before: Estimates,
    after: Estimates | None,
    *,
    sequential: bool,
    spec: FeatureSpec = SPEC,
) -> View:
    """See tasks that had no part in the estimates; `spec` is what these were learnt on."""
    rows = features(table.prompts, spec=spec)
    first = before.of(rows)
    answers = _answers(table, costs) if sequential and after else None
    second = after.of(features(table.prompts, answers, spec)) if after and answers else first
    return View(table.success, first, second, _figures(rows), costs, sequential)


def _answers(table: Table, costs: Floats) -> list[str] | None:
    """The cheapest action's answers, if all are there."""
    cheap, _ = ends(costs)
    answers = [row[cheap] for row in table.answers]
    return None if None in answers else [str(answer) for answer in answers]


def _figures(rows: Rows) -> NDArray[np.float32]:
    """The figures of prompts, out of their features."""
    found = np.zeros((len(rows), FIGURES), np.float32)
    at = np.repeat(np.arange(len(rows)), np.diff(rows.starts))
    few = rows.places < FIGURES
    found[at[few], rows.places[few]] = rows.values[few]
    return found
