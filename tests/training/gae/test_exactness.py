"""Estimates of advantages against the definition in float64, for every layout and every kernel."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.gae import grid, loop, ragged, same, segment, single

FULL = bool(os.environ.get("AGENTCTL_TEST_FULL"))
EXAMPLES = 1_000 if FULL else 60

factors = st.sampled_from([0.0, 1e-9, 0.1, 0.5, 0.95, 0.99, 1.0]) | st.floats(0, 1)
seeds = st.integers(0, 2**32)
factor_pairs = st.tuples(factors, factors)
densities = st.sampled_from([0.0, 0.02, 0.3, 1.0])


@settings(max_examples=EXAMPLES, deadline=None)
@given(seeds, st.integers(1, 150), st.integers(1, 12) | st.just(300), densities, factor_pairs)
def test_environments_side_by_side(
    seed: int, steps: int, lanes: int, density: float, factors: tuple[float, float]
) -> None:
    """Environments side by side have the advantages that each has by the definition."""
    many = [segment(seed + lane, steps, density) for lane in range(lanes)]
    same(grid(many, *factors), np.stack([loop(one, *factors) for one in many], axis=1))


@settings(max_examples=EXAMPLES, deadline=None)
@given(seeds, st.lists(st.integers(0, 90), max_size=12), densities, factor_pairs)
def test_segments_in_a_row(seed: int, lengths: list[int], density: float, factors: tuple[float, float]) -> None:
    """Segments one after the other, empty ones too, have the advantages that each has by the definition."""
    many = [segment(seed + number, length, density) for number, length in enumerate(lengths)]
    for found, one in zip(ragged(many, *factors), many, strict=True):
        wanted = loop(one, *factors)
        assert found.shape == wanted.shape
    if many:
        same(np.concatenate(ragged(many, *factors)), np.concatenate([loop(one, *factors) for one in many]))


@settings(max_examples=EXAMPLES, deadline=None)
@given(seeds, st.integers(0, 2_000), densities, factor_pairs)
def test_one_trajectory(seed: int, steps: int, density: float, factors: tuple[float, float]) -> None:
    """One trajectory has the advantages of the definition."""
    one = segment(seed, steps, density)
    same(single(one, *factors), loop(one, *factors))


@pytest.mark.parametrize("gamma", [0.0, 0.6, 0.9405, 0.9999, 1.0])
@pytest.mark.parametrize("density", [0.0, 0.0005, 0.005, 0.1])
def test_long_trajectories(gamma: float, density: float) -> None:
    """A trajectory that goes through the kernels for long ones is as exact, for any factor and number of cuts."""
    one = segment(7, 70_001, density)
    same(single(one, gamma, 1.0), loop(one, gamma, 1.0))


@pytest.mark.parametrize(("gamma", "lam", "density"), [(1.0, 1.0, 0.0), (0.99, 0.95, 0.01)])
def test_a_million_steps(gamma: float, lam: float, density: float) -> None:
    """A million steps are as exact, with nothing discounted and nothing cut too."""
    one = segment(3, 1_000_000, density)
    same(single(one, gamma, lam), loop(one, gamma, lam))


@pytest.mark.parametrize("gamma", [0.99, 1.0])
def test_cuts_that_crowd(gamma: float) -> None:
    """Cuts next to one another, and where the pieces meet that are worked on at once, leave it as exact."""
    one = segment(11, 600_000, 0.0)
    for middle in range(1 << 16, 600_000, 1 << 16):
        places = middle + np.arange(-40, 40)
        one.terminated[places] = np.random.default_rng(middle).random(80) < 0.2
        one.truncated[places] = np.random.default_rng(middle + 1).random(80) < 0.2
    one.terminated[[0, 1, 15, 16, 17, (1 << 18) - 1, 1 << 18]] = True
    same(single(one, gamma, 1.0), loop(one, gamma, 1.0))


@pytest.mark.parametrize("longest", [40, 400])
def test_many_short_segments(longest: int) -> None:
    """Thousands of segments are as exact as one, whether the longest is short or not."""
    lengths = np.random.default_rng(0).integers(0, longest, 80_000 // longest)
    many = [segment(number, int(length), 0.001) for number, length in enumerate(lengths)]
    same(np.concatenate(ragged(many)), np.concatenate([loop(one, 0.99, 0.95) for one in many]))


@pytest.mark.parametrize(("steps", "lanes"), [(2_049, 16), (640, 40), (70, 256), (5_000, 4), (1, 20_000)])
@pytest.mark.parametrize("gamma", [0.99, 1.0])
def test_large_grids(steps: int, lanes: int, gamma: float) -> None:
    """Every shape that is dispatched to a kernel of its own is as exact."""
    many = [segment(lane, steps, 0.01) for lane in range(lanes)]
    same(grid(many, gamma, 1.0), np.stack([loop(one, gamma, 1.0) for one in many], axis=1))
