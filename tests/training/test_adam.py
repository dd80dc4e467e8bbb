"""Adam against its textbook, in plain numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from agentctl.training.adam import Adam

RATE, BETA1, BETA2, EPSILON = 0.01, 0.9, 0.999, 1e-5


def textbook(start: float, gradients: list[float]) -> float:
    """Where a parameter goes."""
    first = second = 0.0
    for step, gradient in enumerate(gradients, 1):
        first = BETA1 * first + (1 - BETA1) * gradient
        second = BETA2 * second + (1 - BETA2) * gradient**2
        root = math.sqrt(second / (1 - BETA2**step))
        start -= RATE * first / (1 - BETA1**step) / (root + EPSILON)
    return start


def test_steps_are_the_textbooks() -> None:
    """After each step each parameter is where plain arithmetic takes it, tiny and vanishing gradients among them."""
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(30, 6)) * np.array([1, 100, 1e-3, 1e-6, 0, 1])
    parameters = np.arange(6.0)
    adam = Adam(parameters)
    for step, gradient in enumerate(gradients, 1):
        adam.step(parameters, gradient, RATE)
        expected = [textbook(float(at), gradients[:step, at].tolist()) for at in range(6)]
        assert parameters.tolist() == pytest.approx(expected, abs=1e-12)


def test_the_first_step_is_as_long_as_the_rate() -> None:
    """The moments' bias is corrected: they begin at 0, and steps don't begin small."""
    parameters = np.zeros(2, np.float32)
    Adam(parameters).step(parameters, np.array([3, -0.5], np.float32), RATE)
    assert parameters.tolist() == pytest.approx([-RATE, RATE], rel=1e-4)
