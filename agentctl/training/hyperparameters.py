"""How a learner learns."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Hyperparameters:
    """How a learner learns.

    Attributes:
        learning_rate: the length of Adam's steps.
        anneal: whether it goes down to 0 as training goes on.
        epochs: how often each sample is learnt from.
        minibatch: samples in a step.
        clip: how far a ratio may be from 1 and still be rewarded for going further.
        value_clip: how far a value may move from the old one, likewise; None where it may go anywhere.
        entropy: the weight of the policy's entropy.
        value_weight: the weight of the value's error.
        max_grad_norm: longer gradients are cut to this length.
        target_kl: an epoch that takes the policy further than this from the one that acted is the last; None: none is.
        normalise: whether a minibatch's advantages get mean 0 and deviation 1.
        gamma: how much a reward counts a step earlier.
        lam: how far advantages trust what was met rather than values.

    Raises:
        ValueError: nothing could be learnt with a number.
    """

    learning_rate: float = 2.5e-4
    anneal: bool = True
    epochs: int = 4
    minibatch: int = 256
    clip: float = 0.2
    value_clip: float | None = 0.2
    entropy: float = 0.01
    value_weight: float = 0.5
    max_grad_norm: float = 0.5
    target_kl: float | None = None
    normalise: bool = True
    gamma: float = 0.99
    lam: float = 0.95

    def __post_init__(self) -> None:
        for name in ("learning_rate", "epochs", "minibatch", "max_grad_norm"):
            self._demand(name, 0 < getattr(self, name) < math.inf, "above 0 and finite")
        for name in ("entropy", "value_weight"):
            self._demand(name, 0 <= getattr(self, name) < math.inf, "0 or more, and finite")
        self._demand("clip", 0 < self.clip <= 1, "above 0, and at most 1")
        for name in ("gamma", "lam"):
            self._demand(name, 0 <= getattr(self, name) <= 1, "from 0 to 1")
        for name in ("value_clip", "target_kl"):
            self._demand(name, getattr(self, name) is None or 0 < getattr(self, name) < math.inf, "above 0, or none")

    def _demand(self, name: str, fulfilled: bool, what: str) -> None:
        if not fulfilled:
            raise ValueError(f"{name} has to be {what}, and is {getattr(self, name)}")
