"""Samples to learn from, and the cases in which what is learnt of them is compared with torch's."""

from __future__ import annotations

import numpy as np

from agentctl.training.batch import Batch, Floats32
from agentctl.training.categorical import Mask
from agentctl.training.hyperparameters import Hyperparameters
from agentctl.training.network import Shape

FAST = 3e-3
CASES: dict[str, tuple[Shape, Hyperparameters, bool]] = {
    "one-choice": (Shape(6, (3,), (16, 16)), Hyperparameters(learning_rate=FAST), False),
    "masked-choices": (Shape(5, (3, 2), (8, 12)), Hyperparameters(learning_rate=FAST), True),
    "free-values": (Shape(4, (4,), (8,)), Hyperparameters(learning_rate=FAST, value_clip=None, normalise=False), False),
}
"""The shape, the hyperparameters, and whether actions are masked."""


def legal(shape: Shape, count: int, rng: np.random.Generator) -> Mask:
    """A mask that leaves each choice an action."""
    mask = rng.random((count, sum(shape.actions))) < 0.6
    start = 0
    for width in shape.actions:
        mask[np.arange(count), start + rng.integers(width, size=count)] = True
        start += width
    return mask


def actions(shape: Shape, mask: Mask, rng: np.random.Generator) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Legal actions, evenly."""
    scores = np.where(mask, rng.random(mask.shape), -1)
    ends = np.cumsum(shape.actions)
    return np.stack([part.argmax(axis=1) for part in np.split(scores, ends[:-1], axis=1)], axis=1)


def sample(shape: Shape, count: int, rng: np.random.Generator, *, masked: bool = False) -> Batch:
    """Random samples, whose ratios and values lie on both sides of the clips."""

    def normal(*size: int) -> Floats32:
        return rng.standard_normal(size, np.float32)

    mask = legal(shape, count, rng) if masked else np.ones((count, sum(shape.actions)), np.bool_)
    values = normal(count)
    likely = np.log([1 / width for width in shape.actions]).sum()
    old = np.minimum(likely + 0.3 * normal(count), -1e-3).astype(np.float32)
    return Batch(
        normal(count, shape.observation),
        actions(shape, mask, rng),
        old,
        normal(count),
        values + normal(count),
        values,
        mask if masked else None,
    )
