"""A scan by matrix products, for long segments and a constant γλ.

With blocks of 16 steps in rows, X·L has every block's own discounted sums, L being lower triangular with
L[i, j] = (γλ)^(i-j). The blocks' heads are again such a problem, of a sixteenth of the steps, which doubling solves.
Then what comes from the next block is added to a block's last residual, and the product taken. That is right for the
blocks without a cut, and for the steps after a block's last cut. For those up to a cut, the 16 steps that end with it
are a row of their own, whose product with L is put over the others. So no sum ever goes over a cut, which keeps
rounding errors of the size of the segment's own advantages for any γλ in [0, 1].

Chunks are worked on from the last to the first, each through all of this, so that what is given and what is returned
go through memory once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from agentctl.training.gae import doubling
from agentctl.training.gae.checks import NEGLIGIBLE, Floats, Indices

_BITS = 4
_BLOCK = 1 << _BITS
_CHUNK = 262_144  # steps: as few calls as leave the residuals in a second-level cache of a megabyte
_WINDOW = np.dtype((np.void, _BLOCK * 4))


def in_chunks(fill: doubling.Fill, total: int, cuts: Indices, decay: float) -> Floats:
    """Return the advantages of flat experience of `total` steps, the last of which is a cut."""
    result = np.empty(_BLOCK + _whole(total), np.float32)
    windows, rows = _windows(result), result[_BLOCK:].reshape(-1, _BLOCK)
    chunk = _Chunk(min(_CHUNK, _whole(total)), decay)
    starts = range(0, total, _CHUNK)
    bounds = np.searchsorted(cuts, [*starts, total]).tolist()
    for number in reversed(range(len(starts))):
        start, first, last = starts[number], bounds[number], bounds[number + 1]
        stop = min(start + _CHUNK, total)
        fill(chunk.steps, start, stop, first, last)
        latest = cuts[first:last][::-1] - start  # of windows that overlap, the first cut's are written last, and stay
        ends = chunk.scan(rows[start >> _BITS : (start + _CHUNK) >> _BITS], latest)
        windows[latest + (start + 1)] = ends.view(_WINDOW)[:, 0]
    return result[_BLOCK : _BLOCK + total]


class _Chunk:
    """Memory for a chunk's residuals, and the head of the chunk that comes after."""

    def __init__(self, size: int, decay: float) -> None:
        self._decay = np.float32(decay)
        self._matrix = _matrix(decay)
        self._delta = np.empty(_BLOCK + size, np.float32)
        self._delta[:_BLOCK] = 0  # where windows begin that end with one of the first steps
        self.steps = self._delta[_BLOCK:]
        self._windows = _windows(self._delta)
        blocks = size // _BLOCK
        self._share = decay**_BLOCK
        self._heads = doubling.workspace(blocks + 1, 1, doubling.rounds(blocks + 1, self._share))
        self._after = np.empty(blocks + 1, np.float32)
        self._head = np.float32(0)

    def scan(self, result: Floats, latest: Indices) -> Floats:
        """Write the blocks' advantages, which are right after a block's last cut, and return those up to the cuts.

        The cuts are given from the last to the first; returned are the 16 steps that end with each. Steps that fill
        up the last block may be anything: the one before them is a cut.
        """
        rows = self.steps[: result.size].reshape(-1, _BLOCK)
        ends: Floats = np.matmul(self._windows[latest + 1].view(np.float32).reshape(-1, _BLOCK), self._matrix)
        rows[:, -1] += self._following(rows, latest, ends)
        np.matmul(rows, self._matrix, out=result)
        return ends

    def _following(self, rows: Floats, latest: Indices, ends: Floats) -> Floats:
        """Return what each block takes of the advantage at the next one's head."""
        count, heads, carry = len(rows), self._heads.delta, self._heads.carry
        np.matmul(rows, self._matrix[:, 0], out=heads[:count])
        heads[count] = self._head
        heads[count + 1 :] = 0
        carry.fill(self._share)
        severed = latest >> _BITS
        heads[severed] = ends.ravel()[np.arange(_BLOCK - 1, ends.size, _BLOCK) - (latest & (_BLOCK - 1))]
        carry[severed] = 0
        self._heads.scan(self._after)
        self._head = self._after[0]
        return self._after[1 : count + 1] * self._decay


def _windows(array: Floats) -> NDArray[Any]:
    """Return a view of every 16 steps in a row as one item, which indexing copies at once."""
    return sliding_window_view(array, _BLOCK, writeable=True).view(_WINDOW)[:, 0]


def _whole(steps: int) -> int:
    """Return how many steps whole blocks have room for."""
    return -(-steps // _BLOCK) * _BLOCK


def _matrix(decay: float) -> Floats:
    """Return L, without negligible powers: subnormal numbers are slow to compute with."""
    powers = decay ** np.arange(_BLOCK)
    powers[powers < NEGLIGIBLE] = 0
    places = np.arange(_BLOCK)
    matrix: Floats = np.tril(powers[np.abs(places[:, None] - places)]).astype(np.float32)
    return matrix
