"""How a network acts: on many observations at once, or on one as fast as can be."""

from __future__ import annotations

import math
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import ArrayLike

from agentctl.training.batch import Acted, BatchError, Floats32
from agentctl.training.categorical import Categorical, Integers, Mask, NoLegalActionError
from agentctl.training.network import SIZES, Network

FEW = 64
"""Up to so many actions, one row's probabilities are computed faster without arrays."""


class Actor:
    """Draws a network's actions, or takes the likeliest."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._actions = network.shape.actions
        self._total = sum(self._actions)
        self._spans = list(pairwise(accumulate(self._actions, initial=0)))
        self._choices: dict[int, Categorical] = {}

    def act(self, observations: ArrayLike, rng: np.random.Generator, mask: Mask | None) -> Acted:
        """Draw actions. One row draws what it would in a batch of others, but for rounding."""
        checked = self._checked(observations)
        if len(checked) == 1 and self._total <= FEW:
            logits, value = self._network.single(checked[0])
            clocks = rng.standard_exponential(self._total).tolist()
            actions, logarithm = self._draw(logits, clocks, self._allowed(mask, 1))
            return Acted(np.array([actions]), np.array([logarithm], np.float32), np.array([value], np.float32))
        choices, values = self._look(checked, mask)
        drawn = choices.sample(rng)
        return Acted(drawn.T, choices.log_probability(drawn).copy(), values.copy())

    def greedy(self, observations: ArrayLike, mask: Mask | None) -> Integers:
        """The likeliest actions."""
        checked = self._checked(observations)
        if len(checked) == 1 and self._total <= FEW:
            logits, _ = self._network.single(checked[0])
            actions, _ = self._draw(logits, None, self._allowed(mask, 1))
            return np.array([actions])
        return self._look(checked, mask)[0].greedy().T

    def values(self, observations: ArrayLike) -> Floats32:
        """The values alone."""
        return self._network.forward(self._checked(observations))[1].copy()

    def _checked(self, observations: ArrayLike) -> Floats32:
        checked = np.asarray(observations, np.float32)
        if checked.ndim == 1:
            checked = checked[None]
        if checked.shape != (len(checked), self._network.shape.observation):
            wanted = self._network.shape.observation
            raise BatchError(f"the observations have shape {checked.shape}, where (batch, {wanted}) is needed")
        # A sum that is finite has finite parts, and is found faster; one that is not may just have got too large.
        if not math.isfinite(np.add.reduce(checked, axis=None)) and not np.isfinite(checked).all():
            raise BatchError("an observation has a number that is not finite")
        return checked

    def _allowed(self, mask: Mask | None, rows: int) -> Mask | None:
        if mask is None:
            return None
        checked = np.atleast_2d(np.asarray(mask, np.bool_))
        if checked.shape != (rows, self._total):
            raise BatchError(f"the mask has shape {checked.shape}, where {(rows, self._total)} is needed")
        return checked

    def _look(self, observations: Floats32, mask: Mask | None) -> tuple[Categorical, Floats32]:
        """The distribution of each row's choices, and its value."""
        rows = len(observations)
        choices = self._choices.get(rows)
        if choices is None:
            if len(self._choices) >= SIZES:
                self._choices.clear()
            choices = self._choices[rows] = Categorical(self._actions, rows)
        allowed = self._allowed(mask, rows)
        logits, values = self._network.forward(observations)
        choices.of(logits, None if allowed is None else allowed.T)
        return choices, values

    def _draw(self, logits: list[float], clocks: list[float] | None, mask: Mask | None) -> tuple[list[int], float]:
        """The actions of one row, the likeliest ones without clocks, and their log-probability."""
        allowed = None if mask is None else mask[0].tolist()
        actions: list[int] = []
        logarithm = 0.0
        for start, stop in self._spans:
            legal = range(start, stop) if allowed is None else [at for at in range(start, stop) if allowed[at]]
            if not legal:
                raise NoLegalActionError("every action of a choice is masked: there is none to take")
            largest = max(logits[at] for at in legal)
            weights = [math.exp(logits[at] - largest) for at in legal]
            scores = weights if clocks is None else [w / clocks[at] for w, at in zip(weights, legal, strict=True)]
            best = legal[scores.index(max(scores))]
            actions.append(best - start)
            logarithm += logits[best] - largest - math.log(sum(weights))
        return actions, logarithm
