"""What estimates of advantages mean: which steps go into one, and which do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.gae import grid, loop, pad, ragged, same, segment, single

from agentctl.training.gae import advantages

F = np.float32
GOLDEN = {
    "rewards": np.array([1, 2, 3], F),
    "values": np.array([0.5, 1, -1], F),
    "terminated": np.zeros(3, np.bool_),
}


def test_golden_vector() -> None:
    """Three steps, reckoned by hand: residuals 1, .5 and 5, discounted by a quarter."""
    found = advantages(**GOLDEN, last_value=2, gamma=0.5, lam=0.5)
    assert found.dtype == np.float32
    assert found.tolist() == [1.4375, 1.75, 5.0]


def test_golden_vector_of_a_termination() -> None:
    """With its second step terminated, the first step's sum ends there, and no value comes after."""
    terminated = np.array([False, True, False])
    found = advantages(**(GOLDEN | {"terminated": terminated}), last_value=2, gamma=0.5, lam=0.5)
    assert found.tolist() == [1.25, 1.0, 5.0]


def test_golden_vector_of_a_truncation() -> None:
    """With its second step truncated, the value of the final observation comes after, not that of the third step."""
    truncated = np.array([False, True, False])
    final = np.array([99, 4, 99], F)
    found = advantages(**GOLDEN, last_value=2, truncated=truncated, final_values=final, gamma=0.5, lam=0.5)
    assert found.tolist() == [1.75, 3.0, 5.0]


@pytest.mark.parametrize("steps", [1, 2, 31, 130, 20_001])
def test_layouts_agree(steps: int) -> None:
    """Side by side, one after the other, permuted, padded and in chunks: the same steps have the same advantages."""
    many = [segment(number, steps, 0.05) for number in range(5)]
    wanted = [single(one) for one in many]
    same(grid(many), np.stack(wanted, axis=1))
    same(np.concatenate(ragged(many)), np.concatenate(wanted))
    same(np.concatenate(ragged(many[::-1])), np.concatenate(wanted[::-1]))
    same(grid([pad(one, steps + 37, 50.0) for one in many])[:steps], np.stack(wanted, axis=1))
    for one, whole in zip(many, wanted, strict=True):
        middle = steps // 2
        same(single(one.part(middle, steps)), whole[middle:])


def test_chunks_that_end_with_an_episode() -> None:
    """An episode's advantages are the same whatever it was collected with."""
    many = [replace(segment(number, 20 + number, 0.0), last_value=F(0)) for number in range(300)]
    for one in many:
        one.terminated[-1] = True
    together = ragged(many)
    for one, found in zip(many, together, strict=True):
        same(found, single(one))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 60), st.floats(0, 1))
def test_lambda_of_one_is_monte_carlo(seed: int, steps: int, gamma: float) -> None:
    """With lam = 1 an advantage is the discounted return, its end bootstrapped, less the state's value."""
    one = segment(seed, steps, 0.0)
    discounts = gamma ** np.arange(steps + 1)
    after = np.append(one.rewards.astype(float), float(one.last_value))
    wanted = [after[t:] @ discounts[: steps + 1 - t] - float(one.values[t]) for t in range(steps)]
    same(single(one, gamma, 1.0), np.array(wanted))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 60), st.floats(0, 1))
def test_lambda_of_zero_is_temporal_difference(seed: int, steps: int, gamma: float) -> None:
    """With lam = 0 an advantage is its own step's residual."""
    one = segment(seed, steps, 0.0)
    wanted = one.rewards + gamma * np.append(one.values[1:], one.last_value).astype(float) - one.values
    same(single(one, gamma, 0.0), wanted)


@pytest.mark.parametrize(("steps", "lanes"), [(12, 3), (300, 20), (40, 260), (20_000, 1), (20_000, 2)])
def test_what_comes_after_a_cut_changes_nothing_before_it(steps: int, lanes: int) -> None:
    """Other numbers after a cut, NaN and infinite ones too, leave every advantage up to it as it was."""
    many = [segment(lane, steps, 0.0) for lane in range(lanes)]
    cut = steps // 3
    many[0].truncated[cut] = True
    before = grid(many)
    for number in (1e6, np.nan, np.inf):
        many[0].rewards[cut + 1 :] = number
        many[0].values[cut + 1 :] = number
        after = grid(many)
        same(after[: cut + 1], before[: cut + 1])
        if lanes > 1:
            same(after[:, 1:], before[:, 1:])
        assert np.isfinite(after[:, 0]).sum() == (cut + 1 if not np.isfinite(number) else steps)


def test_what_is_not_a_number_stays_in_its_segment() -> None:
    """A NaN makes NaN of its own step and those before it in its episode, and of nothing else, in many segments."""
    many = [segment(number, 30, 0.0) for number in range(2_000)]
    before = np.concatenate(ragged(many))
    many[1_000].rewards[10] = np.nan
    after = np.concatenate(ragged(many))
    assert np.flatnonzero(~np.isfinite(after)).tolist() == list(range(30_000, 30_011))
    same(after[30_011:], before[30_011:])
    same(after[:30_000], before[:30_000])


def test_what_is_not_a_number_goes_back_to_the_start_of_its_segment() -> None:
    """A NaN makes NaN of every step before it in its episode, however far, where there is little left to discount."""
    one = segment(9, 40_000, 0.0)
    one.truncated[9_000] = True
    before = single(one)
    one.rewards[30_000] = np.nan
    after = single(one)
    assert np.flatnonzero(~np.isfinite(after)).tolist() == list(range(9_001, 30_001))
    same(after[:9_001], before[:9_001])
    same(after[30_001:], before[30_001:])


def test_what_is_too_large_leaves_nothing_behind() -> None:
    """Sums that no float32 can hold change nothing of what is estimated next."""
    one = segment(5, 300_000, 0.001)
    before = single(one)
    large = replace(one, rewards=np.full_like(one.rewards, 1e38))
    assert not np.isfinite(single(large)).all()
    assert np.array_equal(single(one), before)


def test_a_last_value_after_a_termination_is_not_read() -> None:
    """The value of what comes after the last step is of no account where the episode is over."""
    one = segment(0, 50, 0.0)
    one.terminated[-1] = True
    assert np.array_equal(single(one), single(replace(one, last_value=F(np.nan))))
    assert np.array_equal(grid([one, one]), grid([one, replace(one, last_value=F(1e9))]))


def test_a_final_value_is_read_only_where_truncated() -> None:
    """Final values elsewhere, and where a step is terminated as well, may be anything."""
    one = segment(1, 200, 0.2)
    noise = np.where(one.truncated & ~one.terminated, one.final_values, F(np.nan))
    assert np.array_equal(single(one), single(replace(one, final_values=noise)))
    assert np.array_equal(grid([one]), grid([replace(one, final_values=noise)]))


@pytest.mark.parametrize(("steps", "lanes"), [(20, 4), (64, 300), (1_100, 16)])
def test_every_advantage_depends_on_its_own_step(steps: int, lanes: int) -> None:
    """One more reward at a step is one more advantage there, less at those before, and nothing anywhere else."""
    many = [segment(lane, steps, 0.0) for lane in range(lanes)]
    before = grid(many)
    step, lane = steps // 2, lanes // 2
    many[lane].rewards[step] += 1
    change = grid(many) - before
    wanted = np.zeros_like(change)
    wanted[: step + 1, lane] = (0.99 * 0.95) ** np.arange(step, -1, -1)
    assert np.abs(change - wanted).max() < 1e-4


def test_segments_of_one_step_and_of_none() -> None:
    """A step alone has its own residual; a segment of none has no part in the result."""
    alone, none = segment(0, 1, 0.0), segment(1, 0)
    wanted = loop(alone, 0.99, 0.95)
    for found in (single(alone), ragged([none, alone, none])[1], ragged([alone, none])[0], grid([alone])[:, 0]):
        same(found, wanted)
    assert single(none).shape == (0,)
    assert ragged([none, none])[0].shape == (0,)
