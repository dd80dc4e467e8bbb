"""What sessions teach: decisions with their features, propensities, outcomes and tokens, as arrays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentctl.store.decisions import Row
from agentctl.usage import Usage

USER = "user"
"""The grader that a person is: what it says counts for more than what programs say."""

Decode = Callable[[str], NDArray[np.float32]]
Pricing = Callable[[str, Usage], float | None]
"""Dollars for what an action or a model used; None if its price is unknown."""


@dataclass(frozen=True, slots=True)
class Experience:
    """N decisions among A actions, with D features each.

    Args:
        spec: what the features are, by content.
        actions: the names of the actions, in order.
        features: (N, D).
        mask: (N, A), which actions were allowed.
        chosen: (N,), the action that was taken.
        propensities: (N,), how likely that one was.
        success: (N,), 0 to 1.
        costs: (N,), dollars at today's prices.
        expected: (N, A), dollars that each action could be expected to cost: these input tokens, its usual output.
        output: (A,), output tokens that an action usually answers with.
        sessions: (N,), whose decision it was.
        left_out: how many decisions were not used, by the reason.
    """

    spec: str
    actions: tuple[str, ...]
    features: NDArray[np.float32]
    mask: NDArray[np.bool_]
    chosen: NDArray[np.int64]
    propensities: NDArray[np.float64]
    success: NDArray[np.float64]
    costs: NDArray[np.float64]
    expected: NDArray[np.float64]
    output: NDArray[np.float64]
    sessions: tuple[str, ...]
    left_out: Mapping[str, int]

    def __len__(self) -> int:
        """How many decisions."""
        return len(self.chosen)

    def taken(self, rows: NDArray[np.int64]) -> Experience:
        """Those decisions alone."""
        return Experience(
            self.spec, self.actions, self.features[rows], self.mask[rows], self.chosen[rows], self.propensities[rows],
            self.success[rows], self.costs[rows], self.expected[rows], self.output,
            tuple(self.sessions[int(row)] for row in rows), self.left_out,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Lesson:
    row: Row
    success: float
    used: Usage
    cost: float


def gather(rows: Iterable[Row], spec: str, decode: Decode, price: Pricing) -> Experience:
    """Make arrays of decisions.

    A decision counts once its turn is over and rated. One that was made with other features than `spec`, or whose
    tokens have no price, is left out.

    Raises:
        ValueError: the features of one can't be read.
    """
    left: Counter[str] = Counter()
    lessons = list(_lessons(rows, spec, price, left))
    actions = tuple(sorted({name for one in lessons for name in one.row.decision.candidates}))
    number = {name: n for n, name in enumerate(actions)}
    mask = np.zeros((len(lessons), len(actions)), np.bool_)
    for n, one in enumerate(lessons):
        decision = one.row.decision
        for name, allowed in zip(decision.candidates, decision.mask, strict=True):
            mask[n, number[name]] = allowed
    chosen = np.array([number[_chosen(one.row)] for one in lessons], np.int64)
    output = _usual(chosen, [one.used.output for one in lessons], len(actions))
    expected = [[_expected(name, one.used, output[a], price) for a, name in enumerate(actions)] for one in lessons]
    features = [decode(one.row.decision.features) for one in lessons]
    return Experience(
        spec, actions, np.array(features, np.float32), mask, chosen,
        np.array([one.row.decision.propensity for one in lessons]),
        np.array([one.success for one in lessons]),
        np.array([one.cost for one in lessons]),
        np.array(expected, np.float64).reshape(len(lessons), len(actions)),
        output, tuple(one.row.decision.session_id for one in lessons), dict(left),
    )  # fmt: skip


def _lessons(rows: Iterable[Row], spec: str, price: Pricing, left: Counter[str]) -> Iterator[_Lesson]:
    for row in rows:
        success, used = _success(row), sum(row.tokens.values(), Usage())
        costs = [price(model, usage) for model, usage in row.tokens.items()]
        if row.state == "running":
            left["not over yet"] += 1
        elif success is None:
            left["not rated"] += 1
        elif row.decision.spec != spec:
            left["made with other features"] += 1
        elif not costs or None in costs:
            left["of unknown cost"] += 1
        else:
            yield _Lesson(row, success, used, sum(cost or 0.0 for cost in costs))


def _success(row: Row) -> float | None:
    """How good the answer was: as the user says, else as graders say on average; None if nobody does."""
    said = [one.value for one in row.outcomes if one.grader == USER] or [one.value for one in row.outcomes]
    return sum(said) / len(said) if said else None


def _chosen(row: Row) -> str:
    return row.decision.candidates[row.decision.action]


def _usual(chosen: NDArray[np.int64], output: Sequence[int], actions: int) -> NDArray[np.float64]:
    """The mean output of each action; that of all for one that was never taken."""
    counts = np.bincount(chosen, minlength=actions)
    sums = np.bincount(chosen, np.asarray(output, np.float64), minlength=actions)
    overall = float(np.mean(output)) if len(output) else 0.0
    return np.where(counts > 0, sums / np.maximum(counts, 1), overall)


def _expected(action: str, used: Usage, output: float, price: Pricing) -> float:
    cost = price(action, Usage(uncached_input=used.input, output=round(output)))
    return float("nan") if cost is None else cost
