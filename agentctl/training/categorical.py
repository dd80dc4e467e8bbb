"""Choices among actions, some of which may be masked: probabilities, entropy, samples, and their gradients.

Arrays stand actions first, (actions, batch); several choices made at once (multi-discrete) stand one below the other.
"""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from agentctl.training.network import Floats

Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]

NEVER = -1e30
"""The logit of a masked action: its probability is exactly 0, and 0 times its logarithm is 0 and not NaN."""


class NoLegalActionError(ValueError):
    """Every action of a choice is masked."""


class Categorical:
    """The distribution of a batch's choices.

    Args:
        actions: how many actions each choice has.
        batch: how many times each choice is made.
        dtype: the type of logits.
    """

    def __init__(self, actions: tuple[int, ...], batch: int, dtype: DTypeLike = np.float32) -> None:
        total = sum(actions)
        self._spans = [slice(*span) for span in pairwise(accumulate(actions, initial=0))]
        self._logarithms: Floats = np.empty((total, batch), dtype)
        self._probabilities: Floats = np.empty((total, batch), dtype)
        self._scratch: Floats = np.empty((total, batch), dtype)
        self._entropies: Floats = np.empty((len(actions), batch), dtype)
        self._row: Floats = np.empty(batch, dtype)
        self._chosen: Floats = np.empty(batch, dtype)
        self._columns = np.arange(batch)
        self._places: list[Integers] = [np.empty(batch, np.int64) for _ in actions]

    def of(self, logits: Floats, mask: Mask | None = None) -> None:
        """Take the logits (actions, batch), of which those that the mask (actions, batch) has not are never chosen.

        Raises:
            NoLegalActionError: the mask leaves a choice without an action.
        """
        if mask is not None:
            if not all(mask[span].any(axis=0).all() for span in self._spans):
                raise NoLegalActionError("every action of a choice is masked: there is none to take")
            logits = np.where(mask, logits, logits.dtype.type(NEVER))
        row = self._row
        for span, entropy in zip(self._spans, self._entropies, strict=True):
            logarithms, probabilities, scratch = (
                self._logarithms[span],
                self._probabilities[span],
                self._scratch[span],
            )
            np.maximum.reduce(logits[span], axis=0, out=row)
            np.subtract(logits[span], row, out=logarithms)
            np.exp(logarithms, out=probabilities)
            np.add.reduce(probabilities, axis=0, out=row)
            np.divide(probabilities, row, out=probabilities)
            np.log(row, out=row)
            np.subtract(logarithms, row, out=logarithms)
            np.multiply(probabilities, logarithms, out=scratch)
            np.add.reduce(scratch, axis=0, out=entropy)
            np.negative(entropy, out=entropy)

    @property
    def probabilities(self) -> Floats:
        """Of every action, (actions, batch)."""
        return self._probabilities

    def entropy(self) -> Floats:
        """Of all choices together, (batch,), in nats."""
        total: Floats = np.add.reduce(self._entropies, axis=0)
        return total

    def log_probability(self, actions: Integers) -> Floats:
        """Of the actions (choices, batch) together, (batch,); until the next call."""
        for head, (span, place) in enumerate(zip(self._spans, self._places, strict=True)):
            np.multiply(actions[head], len(self._columns), out=place)
            np.add(place, self._columns, out=place)
            out = self._row if head else self._chosen
            self._logarithms[span].reshape(-1).take(place, out=out, mode="clip")
            if head:
                np.add(self._chosen, out, out=self._chosen)
        return self._chosen

    def gradient(self, by_chosen: Floats, by_entropy: float) -> Floats:
        """The derivative by the logits, (actions, batch), of a loss; until the next call.

        Args:
            by_chosen: the loss's derivative by what `log_probability` gave last, (batch,).
            by_entropy: its derivative by the entropy of each of the batch.
        """
        for span, entropy, place in zip(self._spans, self._entropies, self._places, strict=True):
            out = self._scratch[span]
            np.add(self._logarithms[span], entropy, out=out)
            np.multiply(out, -by_entropy, out=out)
            np.subtract(out, by_chosen, out=out)
            np.multiply(out, self._probabilities[span], out=out)
            flat = out.reshape(-1)
            flat[place] += by_chosen
        return self._scratch

    def sample(self, rng: np.random.Generator) -> Integers:
        """Draw actions (choices, batch).

        The first of exponential clocks that run at the actions' probabilities strikes: a masked one's never does.
        """
        total, batch = self._probabilities.shape
        clocks = rng.standard_exponential((batch, total)).T
        return self._best(self._probabilities / clocks)

    def greedy(self) -> Integers:
        """The likeliest actions (choices, batch), the first of equal ones."""
        return self._best(self._probabilities)

    def _best(self, scores: NDArray[np.floating[Any]]) -> Integers:
        return np.stack([scores[span].argmax(axis=0) for span in self._spans])
