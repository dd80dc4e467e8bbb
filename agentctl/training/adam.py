"""Adam on one flat vector, as torch computes it: bias-corrected, epsilon added outside of the root."""

from __future__ import annotations

import math

import numpy as np

from agentctl.training.network import Floats


class Adam:
    """The moments of a vector of parameters.

    They are kept as plain sums (`m ← β₁m + g`), without the factors 1 - β that all of a vector share: these, and the
    correction of the bias, go into the step's one length.

    Args:
        like: the parameters, whose size and type the moments have.
        beta1: how much of the mean of gradients lasts from one step to the next.
        beta2: the same for the mean of their squares.
        epsilon: what keeps a step finite where gradients vanish.
    """

    def __init__(self, like: Floats, *, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-5) -> None:
        self.first: Floats = np.zeros_like(like)
        self.second: Floats = np.zeros_like(like)
        self.steps = 0
        self._beta1, self._beta2, self._epsilon = beta1, beta2, epsilon
        self._scratch: Floats = np.empty_like(like)

    def step(self, parameters: Floats, gradient: Floats, rate: float) -> None:
        """Move the parameters in place against the gradient, about `rate` each."""
        self.steps += 1
        first, second, scratch = self.first, self.second, self._scratch
        np.multiply(first, self._beta1, out=first)
        np.add(first, gradient, out=first)
        np.multiply(gradient, gradient, out=scratch)
        np.multiply(second, self._beta2, out=second)
        np.add(second, scratch, out=second)
        mean = (1 - self._beta1) / (1 - self._beta1**self.steps)
        root = math.sqrt((1 - self._beta2) / (1 - self._beta2**self.steps))
        np.sqrt(second, out=scratch)
        np.add(scratch, self._epsilon / root, out=scratch)
        np.divide(first, scratch, out=scratch)
        np.multiply(scratch, rate * mean / root, out=scratch)
        np.subtract(parameters, scratch, out=parameters)
