"""Which layout experience has, and which kernel is fastest for its shape."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from agentctl.training.gae import checks, doubling, residuals, rows, toeplitz
from agentctl.training.gae.checks import Flags, Floats
from agentctl.training.gae.experience import Flat, Grid

_SMALL = 16_384  # steps in all: calls cost more than arithmetic
_WIDE = 256  # environments: a row is worth a call
_NARROW = 16  # environments: rows are too short for anything
_SPOILT = 0.5  # of a sum of ones and zeros that is rounded


def advantages(
    rewards: Any,
    values: Any,
    *,
    terminated: Any,
    last_value: Any,
    truncated: Any = None,
    final_values: Any = None,
    lengths: Any = None,
    gamma: float = 0.99,
    lam: float = 0.95,
) -> Floats:
    """Estimate the advantages of actions (Schulman et al. 2016, arXiv:1506.02438, equations 11 to 16).

        A[t] = delta[t] + gamma * lam * (0 if cut[t] else A[t+1])
        delta[t] = r[t] + gamma * after[t] - V(s[t])
        after[t] = 0 if terminated[t], else V(final observation) if truncated[t], else V(s[t+1])

    A step is cut off from the next one if it is terminated, truncated, or the last of its segment; the next row then
    belongs to another episode, and is never looked at. Returns, what a value function learns from, are
    `advantages + values`.

    Shapes: `rewards`, `values`, `terminated`, `truncated` and `final_values` have the result's shape.

    - (T, N), N environments side by side: `last_value` (N,) is V of the observation after the last row.
    - (n,): one trajectory; `last_value` is a number.
    - (n,) with `lengths` (E,), which add up to n and may be 0: segments one after the other; `last_value` (E,).

    `last_value` counts only where the last step is neither terminated nor truncated. `final_values` is V of the
    observation in which an episode was broken off, and is read only where `truncated` and not `terminated`: what a
    vector environment gives as the next observation is of the next episode.

    Numbers are float32; others are converted. Flags must be booleans. Nothing given is modified. A
    residual that is NaN or infinite makes NaN of its own advantage and of those before it in its episode, none else.

    Raises:
        ValueError: A shape, a type, a length or a factor is not as described.
    """
    gamma, lam = checks.fraction("gamma", gamma), checks.fraction("lam", lam)
    if (truncated is None) != (final_values is None):
        raise ValueError("truncated and final_values must be given together: a truncated step is worth a final value")
    shape = np.shape(rewards)
    grid = len(shape) == 2  # noqa: PLR2004 - of dimensions
    if not grid and len(shape) != 1:
        raise ValueError(f"rewards must have one or two dimensions, not the shape {shape}")
    if grid and lengths is not None:
        raise ValueError("lengths are for steps in one dimension")
    arrays = (
        checks.floats("rewards", rewards, shape),
        checks.floats("values", values, shape),
        checks.flags("terminated", terminated, shape),
        None if truncated is None else checks.flags("truncated", truncated, shape),
        None if final_values is None else checks.floats("final_values", final_values, shape),
    )
    with np.errstate(over="ignore", invalid="ignore"):
        if grid:
            return _of_grid(Grid(*arrays, checks.floats("last_value", last_value, shape[1:])), gamma, lam)
        if lengths is None:
            last = checks.floats("last_value", last_value, ()).reshape(1)
            return _of_flat(Flat(*arrays, last, np.array(shape)), gamma, lam)
        counts = checks.lengths(lengths, shape[0])
        return _of_flat(Flat(*arrays, checks.floats("last_value", last_value, counts.shape), counts), gamma, lam)


def _of_grid(grid: Grid, gamma: float, lam: float) -> Floats:
    steps, lanes = grid.rewards.shape
    size = steps * lanes
    result = np.empty((steps, lanes), np.float32)
    if not size:
        return result
    if size <= _SMALL and lanes < _WIDE:
        space = doubling.workspace(size, lanes, doubling.rounds(steps, gamma * lam))
        residuals.of_grid(grid, gamma, lam, space.delta, space.carry)
        space.scan(result.reshape(-1))
    elif lanes < _NARROW:
        return np.ascontiguousarray(_of_flat(grid.flat(), gamma, lam).reshape(lanes, steps).T)
    else:
        carry = np.empty_like(result)
        residuals.of_grid(grid, gamma, lam, result.reshape(-1), carry.reshape(-1))
        (rows.scan if lanes >= _WIDE else rows.scan_blocks)(result, carry)
    if _finite(result):
        return result
    return np.ascontiguousarray(_of_flat(grid.flat(), gamma, lam).reshape(lanes, steps).T)


def _of_flat(flat: Flat, gamma: float, lam: float) -> Floats:
    if not len(flat.rewards):
        return np.empty(0, np.float32)
    found = residuals.of_flat(flat, gamma)
    decay = gamma * lam
    total, cuts = len(flat.rewards), found.cuts
    longest = max(int(cuts[0]) + 1, int(np.diff(cuts).max(initial=0)))
    count = doubling.rounds(longest, decay)
    if total <= _SMALL or doubling.pays(count, len(cuts) / total):
        result = np.empty(total, np.float32)
        doubling.in_chunks(found.into, result, cuts, decay, count)
    else:
        result = toeplitz.in_chunks(found.into, total, cuts, decay)
    return result if _finite(result) else _quarantined(found, decay)


def _finite(result: Floats) -> bool:
    """Tell whether every advantage is a finite number, by one pass: an overflow of squares only costs time."""
    flat = result.reshape(-1)
    return math.isfinite(np.dot(flat, flat))


def _quarantined(found: residuals.Residuals, decay: float) -> Floats:
    """Return the advantages with those that a residual which is no finite number goes into as NaN, and only those."""
    total, cuts = len(found.rewards), found.cuts
    delta = np.empty(total, np.float32)
    found.into(delta, 0, total, 0, len(cuts))
    bad = ~np.isfinite(delta)
    delta[bad] = 0
    result = toeplitz.in_chunks(partial(_copy, delta), total, cuts, decay)
    result[toeplitz.in_chunks(partial(_copy, bad), total, cuts, 1.0) > _SPOILT] = np.nan
    return result


def _copy(given: Floats | Flags, target: Floats, start: int, stop: int, _first: int, _last: int) -> None:
    np.copyto(target[: stop - start], given[start:stop])
