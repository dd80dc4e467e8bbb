"""What is learnt from sessions: which decisions count, and what they are worth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.learning.logged.experience import Experience, gather
from agentctl.store.decisions import Decision, Row, State
from agentctl.store.outcomes import Outcome
from agentctl.training.features import DEFAULT, decode, encode
from agentctl.usage import Usage

PRICES = {"peer/weak": 1e-6, "peer/strong": 1e-4, "peer/other": 1e-5}


def _row(
    number: int = 0,
    *,
    chosen: int = 0,
    candidates: tuple[str, ...] = ("peer/weak", "peer/strong"),
    spec: str = DEFAULT.sha,
    rated: dict[str, float] | None = None,
    state: State = "completed",
    answered: str | None = None,
) -> Row:
    decision = Decision(
        id=f"d{number:05}", session_id=f"s{number}", at=number, policy=None, spec=spec,
        features=encode(DEFAULT.of(f"question {number}")), candidates=candidates, mask=(True,) * len(candidates),
        action=chosen, propensity=0.5, cost_weight=1.0, explored=True,
    )  # fmt: skip
    graded = {"user": 1.0} if rated is None else rated
    outcomes = tuple(
        Outcome(f"o{number}{name}", f"s{number}", f"m{number}", name, "1", value, None, number)
        for name, value in graded.items()
    )
    model = answered or candidates[chosen]
    return Row(decision, {model: Usage(uncached_input=10, output=20)}, 5, 0, state, f"m{number}", outcomes)


def _price(name: str, usage: Usage) -> float | None:
    price = PRICES.get(name)
    return None if price is None else price * (usage.input + usage.output)


def _gather(*rows: Row) -> Experience:
    return gather(rows, DEFAULT.sha, lambda text: decode(text, DEFAULT.dims), _price)


def test_a_rated_decision_becomes_a_row() -> None:
    """Its features, action, propensity, success and cost are those of the turn, at the prices that are given now."""
    one = _gather(_row(chosen=1, rated={"user": 0.25}))
    assert (one.actions, one.chosen.tolist(), one.success.tolist()) == (("peer/strong", "peer/weak"), [0], [0.25])
    assert one.propensities.tolist() == [0.5]
    assert one.costs.tolist() == pytest.approx([30e-4])
    assert one.expected.tolist() == [pytest.approx([30e-4, 30e-6])]
    np.testing.assert_array_equal(one.features[0], DEFAULT.of("question 0"))


def test_what_a_person_says_counts_for_more_than_what_programs_say() -> None:
    """With a rating of the user's the graders are not heard; without one their mean counts."""
    both = _gather(_row(rated={"user": 0.0, "exact": 1.0}), _row(1, rated={"exact": 1.0, "judge": 0.5}))
    assert both.success.tolist() == [0.0, 0.75]


def test_what_can_not_be_learnt_from_is_left_out_and_counted() -> None:
    """A turn under way, one that is not rated, one with other features, and one whose tokens have no price."""
    found = _gather(
        _row(0),
        _row(1, state="running"),
        _row(2, rated={}),
        _row(3, spec="other"),
        _row(4, answered="peer/unknown"),
    )
    assert found.sessions == ("s0",)
    assert found.left_out == {
        "not over yet": 1, "not rated": 1, "made with other features": 1, "of unknown cost": 1,
    }  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 1), st.booleans()), min_size=1, max_size=12))
def test_decisions_among_different_actions_share_their_columns(choices: list[tuple[int, bool]]) -> None:
    """In whatever order a decision had its candidates, columns are those of actions, and masks say what was allowed."""
    rows = [
        _row(n, chosen=chosen, candidates=("peer/strong", "peer/weak") if turned else ("peer/weak", "peer/other"))
        for n, (chosen, turned) in enumerate(choices)
        if turned or chosen == 0
    ]
    if not rows:
        return
    found = _gather(*rows)
    for n, row in enumerate(rows):
        assert found.actions[found.chosen[n]] == row.decision.candidates[row.decision.action]
        allowed = {name for name, ok in zip(found.actions, found.mask[n], strict=True) if ok}
        assert allowed == set(row.decision.candidates)


def test_features_that_can_not_be_read_are_refused() -> None:
    """Nothing is learnt from a row of another length."""
    broken = _row()
    decision = Decision(**{name: getattr(broken.decision, name) for name in Decision.__slots__} | {"features": "AAAA"})
    row = Row(decision, broken.tokens, 5, 0, "completed", "m0", broken.outcomes)
    with pytest.raises(ValueError, match="features"):
        _gather(row)


def test_what_has_no_price_is_no_choice() -> None:
    """An action whose price is unknown has no column, and a decision that took it is left out, whoever answered."""
    among = ("peer/weak", "peer/free")
    found = _gather(_row(0, candidates=among), _row(1, candidates=among, chosen=1, answered="peer/weak"))
    assert (found.actions, found.mask.tolist(), found.sessions) == (("peer/weak",), [[True]], ("s0",))
    assert np.isfinite(found.expected).all()
    assert found.left_out == {"of unknown cost": 1}


def test_a_turn_under_way_keeps_no_younger_one_back() -> None:
    """What was decided after a turn that still runs is learnt from all the same."""
    found = _gather(_row(0, state="running"), _row(1), _row(2))
    assert found.ids == ("d00001", "d00002")


def test_missing_features_are_refused() -> None:
    """A row without any feature, not even the constant one, was not written by us."""
    one = _row()
    bare = Row(replace(one.decision, features=""), one.tokens, 5, 0, "completed", "m0", one.outcomes)
    with pytest.raises(ValueError, match="missing"):
        _gather(bare)
