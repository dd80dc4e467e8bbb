"""Doubling, as Hillis and Steele do: after round k every step has the sum over the 2ᵏ steps from it on.

A round is two passes over contiguous memory: with a stack of sums a and products c, and s = 2ᵏ steps,
`a[t], c[t] = a[t] + c[t]·a[t+s], c[t]·c[t+s]`. Nothing depends on the order of steps, so that short experience costs
few calls, and experience in many short segments few rounds.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable

import numpy as np

from agentctl.training.gae.checks import NEGLIGIBLE, Floats, Indices

_KEPT = 8  # workspaces a thread keeps
_CHUNK = 65_536  # steps: what a round reads and writes stays in a core's second-level cache


def rounds(steps: int, decay: float) -> int:
    """Return after how many rounds nothing is missing, with segments of `steps` at most and γλ = `decay`."""
    reach = steps
    if 0 < decay < 1:
        reach = min(reach, math.ceil(math.log(NEGLIGIBLE) / math.log(decay)))
    elif decay == 0:
        reach = 1
    return max(reach - 1, 0).bit_length()


class Workspace:
    """Memory for `size` steps of experience in `lanes` lanes, and views of it for every round, made once.

    `delta` and `carry` are written before a scan, which destroys them.
    """

    def __init__(self, size: int, lanes: int, count: int) -> None:
        padded = size + (lanes << max(count - 1, 0))  # zeros: what comes after the end
        here, there = np.zeros((2, padded), np.float32), np.zeros((2, padded), np.float32)
        self.delta, self.carry = here[0, :size], here[1, :size]
        self._rounds = []
        for number in range(count - 1):
            shifted = here[:, (lanes << number) :][:, :size]
            self._rounds.append((here[1, :size], shifted, there[:, :size], here[0, :size], there[0, :size]))
            here, there = there, here
        self._last = None
        if count:  # a round whose products nobody needs
            shifted = here[0, (lanes << (count - 1)) :][:size]
            self._last = here[1, :size], shifted, there[0, :size], here[0, :size]

    def scan(self, result: Floats) -> None:
        """Write the advantages of the first steps, as many as `result` has room for."""
        multiply, add = np.multiply, np.add
        for carry, shifted, both, sums, new in self._rounds:
            multiply(carry, shifted, both)
            add(new, sums, new)
        size = len(result)
        if self._last is None:
            np.copyto(result, self.delta[:size])
        else:
            carry, shifted, product, sums = self._last
            multiply(carry, shifted, product)
            add(product[:size], sums[:size], result)


class _Kept(threading.local):
    """A thread's workspaces, the one used last at the end."""

    def __init__(self) -> None:
        self.spaces: OrderedDict[tuple[int, int, int], Workspace] = OrderedDict()


_kept = _Kept()


def workspace(size: int, lanes: int, count: int) -> Workspace:
    """Return this thread's workspace of that kind."""
    key = (size, lanes, count)
    spaces = _kept.spaces
    found = spaces.get(key)
    if found is None:
        found = spaces[key] = Workspace(size, lanes, count)
        if len(spaces) > _KEPT:
            spaces.popitem(last=False)
    else:
        spaces.move_to_end(key)
    return found


def pays(count: int, density: float) -> bool:
    """Tell whether so many rounds cost less than matrix products, whose cost grows with the cuts a step.

    Compared are nanoseconds a step, as measured: of the rounds, and of products and of cuts beyond what both cost.
    """
    return 0.3 * count < 0.4 + 30 * density


Fill = Callable[[Floats, int, int, int, int], None]
"""Writes to an array the residuals from a step to another, between which the cuts have these numbers."""


def in_chunks(fill: Fill, result: Floats, cuts: Indices, decay: float, count: int) -> None:
    """Write the advantages of flat experience whose sums are whole after `count` rounds.

    A chunk is scanned together with the steps after it that its sums reach, so that the residuals may stand where the
    result goes.
    """
    total, reach = len(result), 1 << count
    chunk = min(_CHUNK, total)
    space = workspace(chunk + reach, 1, count)
    starts = np.arange(0, total, chunk)
    firsts, lasts = np.searchsorted(cuts, starts), np.searchsorted(cuts, starts + (chunk + reach))
    for start, first, last in zip(starts.tolist(), firsts.tolist(), lasts.tolist(), strict=True):
        stop = min(start + chunk + reach, total)
        fill(space.delta, start, stop, first, last)
        space.delta[stop - start :] = 0
        space.carry.fill(decay)
        space.carry[cuts[first:last] - start] = 0
        space.scan(result[start : start + chunk])
