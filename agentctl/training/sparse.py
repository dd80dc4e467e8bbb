"""Many prompts' features, of which nearly all are zero: rows of places and values, and what ridge needs of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentctl.training.features import Sparse


@dataclass(frozen=True)
class Rows:
    """A matrix by its rows.

    Args:
        starts: where each row begins in the two arrays below, and where the last one ends.
        places: columns.
        values: what stands there; nothing else does.
        width: the number of columns.
    """

    starts: NDArray[np.int64]
    places: NDArray[np.int32]
    values: NDArray[np.float32]
    width: int

    @classmethod
    def of(cls, rows: Sequence[Sparse], width: int) -> Rows:
        """The matrix of these rows; each of them has something in it."""
        starts = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(places) for places, _ in rows], out=starts[1:])
        return cls(starts, np.concatenate([row[0] for row in rows]), np.concatenate([row[1] for row in rows]), width)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def take(self, which: NDArray[np.int64]) -> Rows:
        """Some of the rows, in the order asked for."""
        sizes = np.diff(self.starts)[which]
        starts = np.concatenate(([0], np.cumsum(sizes)))
        at = np.repeat(self.starts[which] - starts[:-1], sizes) + np.arange(starts[-1])
        return Rows(starts, self.places[at], self.values[at], self.width)

    def times(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Each row's product with the weights, `(width,)`."""
        return np.add.reduceat(weights[self.places] * self.values, self.starts[:-1])

    def back(self, residuals: NDArray[np.float64]) -> NDArray[np.float64]:
        """Each column's product with the residuals, `(rows,)`."""
        spread = np.repeat(residuals, np.diff(self.starts))
        return np.asarray(np.bincount(self.places, spread * self.values, self.width), np.float64)


def ridge(
    rows: Rows, targets: NDArray[np.float64], penalty: NDArray[np.float64], *, rounds: int = 60, close: float = 1e-2
) -> NDArray[np.float64]:
    """The weights with the least squared error plus `penalty · weights²`, by conjugate gradients.

    Args:
        rows: what is known of each example.
        targets: what is to come out for each.
        penalty: of each weight, above zero.
        rounds: the most that are made.
        close: the residual, as a share of the first, at which it is good enough.
    """
    # What each place has of its own, the rest left out, is near enough to the whole to be solved first each time.
    own = np.bincount(rows.places, weights=np.square(rows.values), minlength=rows.width) + penalty
    weights = np.zeros(rows.width)
    residual = rows.back(targets)
    direction = solved = residual / own
    power = first = float(residual @ solved)
    for _ in range(rounds):
        if power <= close * close * first:
            break
        image = rows.back(rows.times(direction)) + penalty * direction
        step = power / float(direction @ image)
        weights += step * direction
        residual = residual - step * image
        solved = residual / own
        power, before = float(residual @ solved), power
        direction = solved + power / before * direction
    return weights
