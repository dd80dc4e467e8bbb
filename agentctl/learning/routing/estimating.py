"""How likely each action is to succeed, learnt by ridge regression on the features of prompts, and of answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentctl.training.correction import corrected, learn
from agentctl.training.features import FeatureSpec, Sparse
from agentctl.training.lexical import FIGURES
from agentctl.training.seen import Floats
from agentctl.training.sparse import Rows, ridge

SPEC = FeatureSpec(dims=16_384)
"""The features that tasks are learnt on."""
PENALTIES = (3.0, 10.0, 30.0, 100.0)
FOLDS = 5
_FREE = 1e-2  # the penalty of the constant
_LIGHT = 1.0  # of a figure, which tells more than one of thousands of words
_TIED = 1.002  # an error so near to the least is as good, and then the higher penalty is taken
_STEEPEST = 2.0
_STIFF = 0.1  # the penalty of the correction, which has few terms


@dataclass(frozen=True, eq=False)
class Estimates:
    """What was learnt of success.

    Args:
        weights: `(actions, width)`.
        offsets: `(actions,)`.
        correction: see `agentctl.training.correction`.
        held: what is estimated of each task by what was learnt on others, `(tasks, actions)`.
    """

    weights: NDArray[np.float32]
    offsets: NDArray[np.float32]
    correction: Floats
    held: Floats

    def of(self, rows: Rows) -> Floats:
        """What is estimated of tasks that had no part in it, `(tasks, actions)`."""
        raw = np.stack([rows.times(weights.astype(np.float64)) for weights in self.weights], axis=1)
        return corrected(raw + self.offsets, self.correction)


def features(prompts: Sequence[str], answers: Sequence[str] | None = None, spec: FeatureSpec = SPEC) -> Rows:
    """The features of prompts, and beside them those of answers."""
    rows = [spec.sparse(prompt) for prompt in prompts]
    if answers is None:
        return Rows.of(rows, spec.dims)
    both = [_beside(row, spec.sparse(answer), spec.dims) for row, answer in zip(rows, answers, strict=True)]
    return Rows.of(both, 2 * spec.dims)


def _beside(first: Sparse, second: Sparse, dims: int) -> Sparse:
    return np.concatenate((first[0], second[0] + np.int32(dims))), np.concatenate((first[1], second[1]))


def estimate(rows: Rows, success: Floats, seed: int) -> Estimates:
    """Learn each action's success: how hard tasks are for all actions, and how much better each one is, apart.

    The two differ in how much of them is noise, and each gets the penalty that suits it.
    """
    folds = np.random.default_rng((seed, 2)).permutation(len(rows)) % min(FOLDS, len(rows))
    common = success.mean(axis=1)
    parts = [_part(rows, target, folds) for target in (common, *(success - common[:, None]).T[:-1])]
    weights, offsets, held = (np.stack(one) for one in zip(*parts, strict=True))
    # The last action's part is what brings the parts of all together to 0.
    spread = np.concatenate((np.ones((success.shape[1], 1)), np.eye(success.shape[1])[:, :-1]), axis=1)
    spread[-1, 1:] = -1
    raw = held.T @ spread.T
    correction = learn(raw, success, _STIFF)
    weights, offsets = (spread @ weights).astype(np.float32), (spread @ offsets).astype(np.float32)
    return Estimates(weights, offsets, correction, corrected(raw, correction))


def _part(rows: Rows, target: Floats, folds: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """The weights and offset of one target, and what they make of each task that is held out."""
    penalty = _best_penalty(rows, target, folds)
    held = np.zeros(len(rows))
    for fold in range(int(folds.max()) + 1):
        these = np.flatnonzero(folds == fold)
        held[these] = _held(rows, target, folds != fold, penalty)
    slope, offset = _line(held, target)
    return slope * ridge(rows, target, _penalties(rows.width, penalty)), np.array(offset), slope * held + offset


def _best_penalty(rows: Rows, target: Floats, folds: NDArray[np.int64]) -> float:
    """The highest of the penalties whose errors on the first fold are as good as the least."""
    actual = target[folds == 0]
    errors = [float(np.square(_held(rows, target, folds != 0, one) - actual).mean()) for one in PENALTIES]
    return max(one for one, error in zip(PENALTIES, errors, strict=True) if error <= _TIED * min(errors))


def _held(rows: Rows, target: Floats, known: NDArray[np.bool_], penalty: float) -> Floats:
    """What the known tasks tell of the others."""
    these = np.flatnonzero(known)
    weights = ridge(rows.take(these), target[these], _penalties(rows.width, penalty))
    return rows.take(np.flatnonzero(~known)).times(weights)


def _penalties(width: int, penalty: float) -> Floats:
    penalties = np.full(width, penalty)
    for start in range(0, width, SPEC.dims):
        penalties[start : start + FIGURES] = _LIGHT
        penalties[start] = _FREE
    return penalties


def _line(held: Floats, target: Floats) -> tuple[float, float]:
    """The slope and offset that make of held-out estimates what came of them; slope 0 if they say nothing."""
    centred = held - held.mean()
    spread = float(np.square(centred).sum())
    slope = min(_STEEPEST, max(0.0, float((centred * target).sum()) / spread)) if spread > 0 else 0.0
    return slope, float(target.mean()) - slope * float(held.mean())
