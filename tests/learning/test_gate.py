"""The gate: lets pass what is better, and nothing else, and says how much more data would tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.policies import BASELINE, compared

from agentctl.learning.comparison import ComparisonError, Paired, off_policy
from agentctl.learning.gate import judge
from agentctl.learning.verdict import Report
from agentctl.training.ope import Logged


def paired(gains: Mapping[str, float], rows: int = 400, slices: list[str] | None = None, **more: Any) -> Paired:
    """A candidate that earns so much more than each other policy in every decision, but for noise."""
    rng = np.random.default_rng(0)
    candidate = rng.normal(size=rows)
    others = {name: candidate - gain + 0.1 * rng.normal(size=rows) for name, gain in gains.items()}
    return Paired(candidate, others, slices, **more)


def logged(rows: int, epsilon: float, seed: int = 0) -> Logged:
    """What a policy logs that always asks the first model, but for exploration; the second earns .3 more for x > 0."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, 1)).astype(np.float32)
    actions = (rng.random(rows) < epsilon / 2).astype(np.int64)
    rewards = 0.5 + np.where(actions == 1, np.where(features[:, 0] > 0, 0.3, -0.3), 0) + 0.05 * rng.normal(size=rows)
    propensities = np.where(actions == 1, epsilon / 2, 1 - epsilon / 2)
    return Logged(features, actions, propensities, rewards, np.ones((rows, 2), np.bool_))


def test_what_is_better_passes() -> None:
    """A candidate that earns more than the incumbent and the best baseline passes, and both are told of."""
    found = judge(paired({"now": 0.2, "weak": 0.9, "strong": 0.3}, incumbent="now"))
    assert (found.verdict, found.promotes, found.needed) == ("better", True, None)
    assert [one.against for one in found.differences] == ["now", "strong"]
    assert all(one.low < one.value < one.high for one in found.differences)
    assert found.differences[0].value == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize(
    "gains", [{"now": -0.1, "strong": 0.3}, {"now": 0.3, "strong": -0.1}, {"now": 0.0, "strong": 0.3}]
)
def test_what_is_not_better_than_all_does_not_pass(gains: dict[str, float]) -> None:
    """To be better than the incumbent or the best baseline alone is not enough."""
    found = judge(paired(gains, incumbent="now"))
    assert not found.promotes
    assert found.verdict in {"not better", "not enough data"}


def test_only_the_best_baseline_counts() -> None:
    """A baseline that is beaten by another one needs no proof of its own."""
    found = judge(paired({"weak": 0.01, "strong": 0.005}))
    assert [one.against for one in found.differences] == ["strong"]


def test_it_says_how_much_more_data_it_needs() -> None:
    """The number of tasks that it asks for is the one at which the interval would end at 0."""
    found = judge(compared(0.02, rows=500))
    assert found.verdict == "not enough data"
    assert found.needed is not None
    (one,) = found.differences
    exact = 500 * (((one.value - one.low) / one.value) ** 2 - 1)
    assert exact <= found.needed <= 1.1 * exact + 1
    assert f"about {found.needed:,} more tasks" in found.reason


def test_a_width_that_shrinks_as_predicted_passes() -> None:
    """With as many rows more as it asks for, of the same kind, the gain is shown."""
    before = compared(0.02, rows=500)
    needed = judge(before).needed
    assert needed is not None
    times = 1 + -(-needed // 500)
    after = Paired(np.tile(before.candidate, times), {BASELINE: np.tile(before.others[BASELINE], times)})
    assert judge(after).verdict == "better"


def test_what_may_be_worse_or_better_is_not_decided() -> None:
    """Where it earns a little less so far, and a gain is still likely enough, data are what is missing."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=300)
    undecided = judge(Paired(noise - noise.mean() - 0.005, {BASELINE: np.zeros(300)}))
    assert (undecided.verdict, undecided.promotes) == ("not enough data", False)
    assert undecided.needed is not None
    assert 30_000 < undecided.needed < 50_000  # to tell a hundredth, and no less, of what varies by 1
    settled = judge(Paired(0.01 * (noise - noise.mean()) - 0.0005, {BASELINE: np.zeros(300)}))
    assert (settled.verdict, settled.needed) == ("not better", None)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(1, 120),
    gain=st.floats(-0.1, 0.3),
    noise=st.sampled_from([0, 0.1, 1]),
)
def test_nothing_passes_without_proof(seed: int, rows: int, gain: float, noise: float) -> None:
    """Whatever was measured, what passes has an interval above 0 and rows enough; else it is told what is missing."""
    rng = np.random.default_rng(seed)
    base = rng.random(rows)
    found = judge(Paired(base + gain + noise * rng.normal(size=rows), {BASELINE: base, "weak": base - 1}))
    (one,) = found.differences
    assert found.promotes == (one.low > 0 and rows >= 50)
    assert (found.needed is not None) == (found.verdict == "not enough data")
    assert found.needed is None or found.needed >= 1
    assert found.verdict != "not better" or one.low <= 0


@pytest.mark.parametrize("rows", [1, 5, 49])
def test_a_handful_of_rows_proves_nothing(rows: int) -> None:
    """However much better it looks in a few decisions, more are asked for."""
    found = judge(paired({"strong": 5.0}, rows))
    assert (found.verdict, found.promotes) == ("not enough data", False)
    assert found.needed is not None
    assert found.needed >= 50 - rows


def test_a_slice_that_drops_holds_it_back() -> None:
    """A gain on the whole is no excuse for a kind of question that gets worse; the report names it."""
    slices = ["code" if row % 5 else "law" for row in range(400)]
    comparison = paired({"strong": 0.5}, slices=slices)
    law = np.array(slices) == "law"
    worse = replace(comparison, candidate=np.where(law, comparison.candidate - 1, comparison.candidate))
    found = judge(worse)
    assert (found.verdict, found.judged, [one.slice for one in found.dropped]) == ("not better", 2, ["law"])
    assert found.differences[0].low > 0
    assert "on law" in found.reason
    assert judge(comparison).promotes


def test_a_slice_of_few_rows_is_not_judged() -> None:
    """A kind of question that was seldom asked can't hold it back."""
    slices = ["rare" if row < 20 else "code" for row in range(400)]
    comparison = paired({"strong": 0.5}, slices=slices)
    rare = np.array(slices) == "rare"
    found = judge(replace(comparison, candidate=np.where(rare, comparison.candidate - 1, comparison.candidate)))
    assert (found.verdict, found.judged) == ("better", 1)


def test_many_slices_are_no_reason_to_find_one() -> None:
    """Of policies that are alike in a hundred slices, hardly ever does one seem to drop."""
    false = 0
    slices = [f"subject {row % 100}" for row in range(6000)]
    for seed in range(3):
        rng = np.random.default_rng(seed)
        base = rng.normal(size=6000)
        comparison = Paired(base + 0.03 + 0.3 * rng.normal(size=6000), {BASELINE: base + 0.02}, slices)
        false += bool(judge(comparison).dropped)
    assert false <= 1


def test_without_exploration_it_says_so() -> None:
    """A log of a policy that never tried anything else tells nothing of another one, however long it is."""
    log = replace(logged(1000, 0.0), propensities=np.ones(1000))
    candidate, same = np.tile([0.0, 1.0], (1000, 1)), np.tile([1.0, 0.0], (1000, 1))
    found = judge(off_policy(log, candidate, {"now": same}, incumbent="now"))
    assert (found.verdict, found.support) == ("no support", 0)
    assert "exploration" in found.reason


def test_a_log_with_exploration_shows_a_gain() -> None:
    """Where enough was tried a better policy passes by the log alone; with less, sessions are asked for."""
    verdicts = []
    for rows in (3000, 200):
        log = logged(rows, 0.2)
        better = np.eye(2)[(log.features[:, 0] > 0).astype(int)]
        same = np.tile([1.0, 0.0], (rows, 1))
        found = judge(off_policy(log, better, {"now": same}, incumbent="now"))
        assert (found.method, found.unit, found.support) == ("dr", "sessions", 1)
        assert abs(found.differences[0].value - 0.15) < 0.05
        verdicts.append(found.verdict)
    assert verdicts == ["better", "not enough data"]


def test_only_rows_that_tell_policies_apart_count() -> None:
    """Policies that choose alike but for some decisions are told apart by these alone, however long the log is."""
    log = logged(2000, 0.2)
    same = np.tile([1.0, 0.0], (2000, 1))
    hardly = np.eye(2)[(log.features[:, 0] > 2).astype(int)]
    comparison = off_policy(log, hardly, {"now": same}, incumbent="now")
    assert 0 < comparison.effective("now") < 50
    assert not judge(comparison).promotes


def test_a_policy_that_is_the_incumbent_is_not_better() -> None:
    """The same choices earn the same: there is no difference, and no number of sessions would show one."""
    log = logged(1000, 0.2)
    same = np.tile([1.0, 0.0], (1000, 1))
    found = judge(off_policy(log, same, {"now": same}, incumbent="now"))
    assert (found.verdict, found.needed, found.differences[0].value) == ("not better", None, 0)


def test_without_a_gain_it_hardly_ever_passes() -> None:
    """Policies that are alike pass each other by luck no more often than a 95 % interval lets them."""
    passed = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        base = rng.random(200)
        passed += judge(Paired(base + rng.normal(size=200), {BASELINE: base})).promotes
    assert passed <= 10  # 5 are expected


def test_the_report_survives_its_manifest() -> None:
    """What the manifest keeps is JSON, the same for the same rows, and gives the same report again."""
    comparison = paired({"now": 0.2, "strong": 0.3}, slices=["a", "b"] * 200, incumbent="now")
    kept = judge(comparison).as_json()
    assert kept == judge(comparison).as_json()
    assert Report.of(kept) == judge(comparison)
    broken: Any
    for broken in (None, [], {}, {**kept, "verdict": "fine"}, {**kept, "differences": [1]}, {**kept, "method": "dm"}):
        with pytest.raises(ValueError, match="report"):
            Report.of(broken)


def test_what_cannot_be_compared_is_refused() -> None:
    """Columns of other lengths, rewards that are no numbers, nothing to beat, and an incumbent that is not there."""
    rows = np.zeros(3)
    for wrong in (
        (rows, {}),
        (np.zeros(0), {"strong": np.zeros(0)}),
        (rows, {"strong": np.zeros(2)}),
        (np.array([0, np.nan, 0]), {"strong": rows}),
        (rows, {"strong": rows}, ["a"]),
        (rows, {"strong": rows}, None, "now"),
    ):
        with pytest.raises(ComparisonError):
            Paired(*wrong)


def test_what_is_learnt_from_does_not_reach_the_gate() -> None:
    """Where the gate gets a quarter of what comes in, four times as much has to come in."""
    paired = compared(0.02, rows=500)
    whole, part = judge(paired), judge(paired, share=0.25)
    assert whole.needed is not None
    assert part.needed == pytest.approx(4 * whole.needed, rel=0.1)
    assert part.differences == whole.differences
