"""What sessions teach: decisions with their features, propensities, outcomes and tokens, as arrays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentctl.store.decisions import Row
from agentctl.usage import Usage

USER = "user"
"""The grader that a person is: what it says counts for more than what programs say."""

Decode = Callable[[str], NDArray[np.float32]]
_ANY = Usage(uncached_input=1, output=1)  # what has a price for this has one for every prompt
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
        seconds: (N,), from the decision to its answer.
        tool_errors: (N,), how many of the tool calls that were asked for failed.
        expected: (N, A), dollars that each action could be expected to cost: these input tokens, its usual output.
        output: (A,), output tokens that an action usually answers with.
        sessions: (N,), whose decision it was.
        ids: (N,), of the decisions, ascending.
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
    seconds: NDArray[np.float64]
    tool_errors: NDArray[np.int64]
    expected: NDArray[np.float64]
    output: NDArray[np.float64]
    sessions: tuple[str, ...]
    ids: tuple[str, ...]
    left_out: Mapping[str, int]

    def __len__(self) -> int:
        """How many decisions."""
        return len(self.chosen)

    def taken(self, rows: NDArray[np.int64]) -> Experience:
        """Those decisions alone."""
        columns: dict[str, Any] = {name: getattr(self, name)[rows] for name in _COLUMNS}
        columns |= {name: tuple(getattr(self, name)[int(row)] for row in rows) for name in ("sessions", "ids")}
        return replace(self, **columns)

    def tried(self, least: int) -> Experience:
        """Without the actions that were taken less often than that, of which nothing can be learnt.

        A decision that took one is left out.
        """
        counts = np.bincount(self.chosen, minlength=len(self.actions))
        kept = np.flatnonzero(counts >= least)
        if len(kept) == len(self.actions):
            return self
        rest = self.taken(np.flatnonzero(np.isin(self.chosen, kept)))
        return replace(
            rest,
            actions=tuple(self.actions[int(action)] for action in kept),
            mask=rest.mask[:, kept],
            chosen=np.searchsorted(kept, rest.chosen),
            expected=rest.expected[:, kept],
            output=self.output[kept],
            left_out={**self.left_out, "of what was hardly ever tried": len(self) - len(rest)},
        )


_COLUMNS = ("features", "mask", "chosen", "propensities", "success", "costs", "seconds", "tool_errors", "expected")


@dataclass(frozen=True, slots=True)
class _Lesson:
    row: Row
    success: float
    used: Usage
    cost: float


def gather(rows: Iterable[Row], spec: str, decode: Decode, price: Pricing) -> Experience:
    """Make arrays of decisions.

    A decision counts once its turn is over and rated, whatever is still under way beside it. One that was made with
    other features than `spec`, or whose tokens have no price, is left out, and an action without a price is none that
    could have been chosen: nobody can tell what choosing it would be worth.

    Raises:
        ValueError: the features of one can't be read.
    """
    left: Counter[str] = Counter()
    lessons = list(_lessons(rows, spec, price, left))
    named = {name for one in lessons for name in one.row.decision.candidates}
    actions = tuple(sorted(name for name in named if price(name, _ANY) is not None))
    number = {name: n for n, name in enumerate(actions)}
    mask = _mask(lessons, number)
    chosen = np.array([number[_chosen(one.row)] for one in lessons], np.int64)
    output = _usual(chosen, [one.used.output for one in lessons], len(actions))
    expected = [[_expected(name, one.used, output[a], price) for a, name in enumerate(actions)] for one in lessons]
    features = [decode(one.row.decision.features) for one in lessons]
    if not all(row.any() for row in features):
        raise ValueError("the features of a decision are missing")
    return Experience(
        spec, actions, np.array(features, np.float32), mask, chosen,
        np.array([one.row.decision.propensity for one in lessons]),
        np.array([one.success for one in lessons]),
        np.array([one.cost for one in lessons]),
        np.array([(one.row.latency or 0) / 1e6 for one in lessons]),
        np.array([one.row.tool_errors for one in lessons], np.int64),
        np.array(expected, np.float64).reshape(len(lessons), len(actions)),
        output, tuple(one.row.decision.session_id for one in lessons),
        tuple(one.row.decision.id for one in lessons), dict(left),
    )  # fmt: skip


def _mask(lessons: Sequence[_Lesson], number: Mapping[str, int]) -> NDArray[np.bool_]:
    mask = np.zeros((len(lessons), len(number)), np.bool_)
    for n, one in enumerate(lessons):
        decision = one.row.decision
        for name, allowed in zip(decision.candidates, decision.mask, strict=True):
            if name in number:
                mask[n, number[name]] = allowed
    return mask


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
        elif not costs or None in costs or price(_chosen(row), _ANY) is None:
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
    return price(action, Usage(uncached_input=used.input, output=round(output))) or 0.0
