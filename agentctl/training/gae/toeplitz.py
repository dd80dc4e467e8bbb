"""A scan by matrix products, for long segments and a constant γλ.

With blocks of 16 steps in rows, X·L has every block's own discounted sums, L being lower triangular with
L[i, j] = (γλ)^(i-j). The blocks' heads are again such a problem, of a sixteenth of the steps. Once it is solved, what
comes from the next block is added to a block's last residual, and the product taken. The blocks that have cuts in them
are worked out beside, all at once, step by step. So no sum ever goes over a cut, or is longer than a block, which
keeps rounding errors of the size of the segment's own advantages for any γλ in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from agentctl.training.gae import doubling
from agentctl.training.gae.checks import NEGLIGIBLE, Floats, Indices
from agentctl.training.gae.residuals import Residuals

_BITS = 4
BLOCK = 1 << _BITS
_CHUNK = 65_536  # steps: what is worked on at once stays in a core's second-level cache
_SHORT = 64  # steps that a loop is faster for


def padded(steps: int) -> int:
    """Return how many steps whole blocks have room for."""
    return -(-steps // BLOCK) * BLOCK


def advantages(residuals: Residuals, decay: float) -> Floats:
    """Return the advantages of flat experience."""
    total, cuts = len(residuals.rewards), residuals.cuts
    result = np.empty(padded(total), np.float32)
    heads = np.empty(len(result) // BLOCK, np.float32)
    weights = _powers(decay)[:BLOCK]
    starts = np.arange(0, total, _CHUNK)
    firsts, lasts = np.searchsorted(cuts, starts), np.searchsorted(cuts, starts + _CHUNK)
    result[total:] = 0
    for start, first, last in zip(starts.tolist(), firsts.tolist(), lasts.tolist(), strict=True):
        part = result[start : start + _CHUNK]
        residuals.into(part, start, min(start + _CHUNK, total), first, last)
        np.matmul(part.reshape(-1, BLOCK), weights, out=heads[start // BLOCK :][: len(part) // BLOCK])
    _solve(result, heads, cuts, decay)
    return result[:total]


def scan(delta: Floats, cuts: Indices, decay: float) -> None:
    """Turn residuals into advantages, where they stand. They fill whole blocks, with zeros at the end."""
    if decay < NEGLIGIBLE:
        return
    if len(delta) <= _SHORT:
        _loop(delta, cuts, decay)
        return
    count = doubling.rounds(len(delta), decay)
    if doubling.pays(count, len(cuts) / len(delta)):
        doubling.in_chunks(partial(_copy, delta), delta, cuts, decay, count)
    else:
        _solve(delta, np.matmul(delta.reshape(-1, BLOCK), _powers(decay)[:BLOCK]), cuts, decay)


def _copy(delta: Floats, target: Floats, start: int, stop: int, _first: int, _last: int) -> None:
    np.copyto(target[: stop - start], delta[start:stop])


def _solve(delta: Floats, heads: Floats, cuts: Indices, decay: float) -> None:
    """Do as `scan` does, with the discounted sums of whole blocks, as if nothing were cut, in `heads`."""
    powers = _powers(decay)
    places = np.arange(BLOCK)
    matrix = np.tril(powers[np.maximum(places[:, None] - places, 0)])
    rows = delta.reshape(-1, BLOCK)
    severed = _severed(rows, cuts, decay)
    whole = np.zeros(padded(len(rows)), np.float32)
    whole[: len(rows)] = heads
    whole[severed.blocks] = severed.sums[0]
    scan(whole, severed.blocks, decay**BLOCK)
    after = np.append(whole[1 : len(rows)], np.float32(0))
    _multiply(rows, matrix, np.float32(decay) * after)
    rows[severed.blocks] = severed.advantages(after).T


@dataclass(frozen=True, slots=True)
class _Severed:
    """The blocks that cuts are in, steps in rows: the sums up to the next cut or the block's end, and what each step
    takes of the next block's head.
    """

    blocks: Indices
    sums: Floats
    shares: Floats

    def advantages(self, after: Floats) -> Floats:
        """Return them, the advantage at the head of the block after each block being known."""
        return self.sums + self.shares * after[self.blocks]


def _severed(rows: Floats, cuts: Indices, decay: float) -> _Severed:
    numbers = cuts >> _BITS
    first = np.ones(len(cuts), np.bool_)
    np.not_equal(numbers[1:], numbers[:-1], out=first[1:])
    blocks = numbers[first]
    sums = np.ascontiguousarray(rows[blocks].T)
    shares = np.full(sums.shape, decay, np.float32)
    shares[cuts & (BLOCK - 1), np.cumsum(first) - 1] = 0
    product = np.empty(len(blocks), np.float32)
    for place in range(BLOCK - 2, -1, -1):
        np.multiply(shares[place], sums[place + 1], out=product)
        sums[place] += product
        shares[place] *= shares[place + 1]
    return _Severed(blocks, sums, shares)


def _multiply(rows: Floats, matrix: Floats, after: Floats) -> None:
    """Put X·L in X's place, what comes after each row being added to its last residual."""
    step = _CHUNK // BLOCK
    product = np.empty((min(step, len(rows)), BLOCK), np.float32)
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        part[:, -1] += after[start : start + step]
        np.copyto(part, np.matmul(part, matrix, out=product[: len(part)]))


def _powers(decay: float) -> Floats:
    """Return those up to the block's size, without the negligible ones: subnormal numbers are slow to compute with."""
    powers = decay ** np.arange(BLOCK + 1)
    return np.where(powers < NEGLIGIBLE, 0, powers).astype(np.float32)


def _loop(delta: Floats, cuts: Indices, decay: float) -> None:
    carry = np.full(len(delta), decay)
    carry[cuts] = 0
    advantage, found = 0.0, []
    for residual, factor in zip(delta[::-1].tolist(), carry[::-1].tolist(), strict=True):
        advantage = residual + factor * advantage
        found.append(advantage)
    delta[:] = found[::-1]
