"""The residuals of temporal differences, of which advantages are discounted sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agentctl.training.gae.checks import Flags, Floats, Indices
from agentctl.training.gae.experience import Flat, Grid

_FEW = 32_768  # flags that one call for them all is faster for


def of_grid(grid: Grid, gamma: float, lam: float, delta: Floats, carry: Floats) -> None:
    """Write every step's residual to `delta` and what it takes of the next step's advantage, γλ or 0, to `carry`.

    Both are (T·N,): the grid's rows one after the other.
    """
    lanes = len(grid.last_value)
    rewards, values = grid.rewards.ravel(), grid.values.ravel()
    np.copyto(carry, grid.terminated.ravel())
    np.multiply(carry, -gamma, out=carry)
    np.add(carry, gamma, out=carry)
    np.multiply(carry[:-lanes], values[lanes:], out=delta[:-lanes])
    np.multiply(carry[-lanes:], grid.last_value, out=delta[-lanes:])
    np.add(delta, rewards, out=delta)
    np.subtract(delta, values, out=delta)
    np.multiply(carry, lam, out=carry)
    if grid.truncated is not None and grid.final_values is not None:
        cut = np.flatnonzero(grid.truncated > grid.terminated)
        delta[cut] = rewards[cut] + np.float32(gamma) * grid.final_values.ravel()[cut] - values[cut]
        carry[cut] = 0


@dataclass(frozen=True, slots=True)
class Residuals:
    """The residuals of flat experience, of any part of it.

    `cuts` are the steps after which nothing is carried back, ascending: every segment's last, every terminated and
    every truncated one. `bootstrap` is the value, times gamma, that stands for all that would have come after each.
    """

    rewards: Floats
    values: Floats
    gamma: np.float32
    cuts: Indices
    bootstrap: Floats

    def into(self, target: Floats, start: int, stop: int, first: int, last: int) -> None:
        """Write those of the steps from `start` to `stop`, in which the cuts number `first` to `last` lie."""
        inner = min(stop, len(self.values) - 1) - start  # the very last step is a cut
        np.multiply(self.values[start + 1 : start + 1 + inner], self.gamma, out=target[:inner])
        target[self.cuts[first:last] - start] = self.bootstrap[first:last]
        part = target[: stop - start]
        np.add(part, self.rewards[start:stop], out=part)
        np.subtract(part, self.values[start:stop], out=part)


def of_flat(flat: Flat, gamma: float) -> Residuals:
    """Find where flat experience is cut, and what is bootstrapped there."""
    ends = np.cumsum(flat.lengths)
    ends -= 1
    last_value = flat.last_value
    if not flat.lengths.all():
        ends, last_value = ends[flat.lengths > 0], last_value[flat.lengths > 0]
    done = flat.terminated if flat.truncated is None else flat.terminated | flat.truncated
    if np.count_nonzero(done) == np.count_nonzero(done[ends]):
        cuts, bootstrap = ends, last_value
    else:
        cuts, bootstrap = _with_inner(done, ends, last_value)
    terminated = flat.terminated[cuts]
    bootstrap = np.where(terminated, np.float32(0), bootstrap)
    if flat.truncated is not None and flat.final_values is not None:
        truncated = flat.truncated[cuts] & ~terminated
        bootstrap[truncated] = flat.final_values[cuts[truncated]]
    bootstrap *= np.float32(gamma)
    return Residuals(flat.rewards, flat.values, np.float32(gamma), cuts, bootstrap)


def _with_inner(done: Flags, ends: Indices, last_value: Floats) -> tuple[Indices, Floats]:
    """Return the cuts, where some episodes end within their segments, and the values after the segments, else 0."""
    cut = done.copy()
    cut[ends] = True
    cuts = _places(cut)
    bootstrap = np.zeros(len(cuts), np.float32)
    bootstrap[np.searchsorted(cuts, ends)] = last_value
    return cuts, bootstrap


def _places(flags: Flags) -> Indices:
    """Return where flags are set: many are looked at eight at a time, as most are not set."""
    if len(flags) <= _FEW:
        return np.flatnonzero(flags)
    whole = len(flags) & ~7
    eights = flags[:whole].view(np.uint64)
    some = np.flatnonzero(eights != 0)
    found = np.flatnonzero(eights[some].view(np.bool_))
    return np.append((some[found >> 3] << 3) + (found & 7), np.flatnonzero(flags[whole:]) + whole)
