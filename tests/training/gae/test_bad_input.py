"""What is refused, with which words, and that nothing given is modified."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agentctl.training.gae import advantages

GOOD: dict[str, Any] = {
    "rewards": np.zeros((4, 2), np.float32),
    "values": np.zeros((4, 2), np.float32),
    "terminated": np.zeros((4, 2), np.bool_),
    "last_value": np.zeros(2, np.float32),
}
ROW: dict[str, Any] = {
    "rewards": np.zeros(4),
    "values": np.zeros(4),
    "terminated": np.zeros(4, np.bool_),
    "last_value": np.zeros(2),
    "lengths": [3, 1],
}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (GOOD | {"rewards": np.zeros((4, 2), np.bool_)}, "rewards must be real numbers, not bool"),
        (GOOD | {"values": np.zeros((4, 2), np.complex64)}, "values must be real numbers, not complex64"),
        (GOOD | {"values": np.zeros((4, 1), np.float32)}, r"values must have the shape \(4, 2\), not \(4, 1\)"),
        (GOOD | {"terminated": np.zeros((4, 2), np.float32)}, "terminated must be booleans, not float32"),
        (GOOD | {"last_value": 0.0}, r"last_value must have the shape \(2,\), not \(\)"),
        (GOOD | {"rewards": np.zeros((4, 2, 1))}, "one or two dimensions"),
        (GOOD | {"rewards": np.float32(1)}, "one or two dimensions"),
        (GOOD | {"truncated": np.zeros((4, 2), np.bool_)}, "must be given together"),
        (GOOD | {"final_values": np.zeros((4, 2))}, "must be given together"),
        (GOOD | {"lengths": [4, 4]}, "lengths are for steps in one dimension"),
        (GOOD | {"gamma": 1.01}, "gamma must be between 0 and 1, not 1.01"),
        (GOOD | {"lam": float("nan")}, "lam must be between 0 and 1, not nan"),
        (ROW | {"lengths": [3, 2]}, "lengths add up to 5, but there are 4 steps"),
        (ROW | {"lengths": [5, -1]}, "lengths must not be negative"),
        (ROW | {"lengths": [2.0, 2.0]}, "lengths must be whole numbers, not float64"),
        (ROW | {"lengths": [[3, 1]]}, "lengths must have one dimension"),
        (ROW | {"lengths": [4]}, r"last_value must have the shape \(1,\), not \(2,\)"),
        (ROW | {"lengths": None}, r"last_value must have the shape \(\), not \(2,\)"),
    ],
)
def test_refusals(given: dict[str, Any], message: str) -> None:
    """What doesn't fit is refused with its name, and what would fit."""
    with pytest.raises(ValueError, match=message):
        advantages(**given)


@pytest.mark.parametrize("shape", [(40, 3), (300, 20), (30, 300), (20_000, 2), (40_000,)])
def test_nothing_given_is_modified(shape: tuple[int, ...]) -> None:
    """Every array can be read only, and is as it was, whatever kernel reads it."""
    rng = np.random.default_rng(0)
    given: dict[str, Any] = {
        "rewards": rng.standard_normal(shape).astype(np.float32),
        "values": rng.standard_normal(shape).astype(np.float32),
        "terminated": rng.random(shape) < 0.01,
        "truncated": rng.random(shape) < 0.01,
        "final_values": rng.standard_normal(shape).astype(np.float32),
        "last_value": np.ones(shape[1:], np.float32),
    }
    for array in given.values():
        array.flags.writeable = False
    first = advantages(**given)
    kept = first.copy()
    assert np.array_equal(advantages(**given), kept)
    assert np.array_equal(first, kept)


def test_other_memory_layouts_and_types() -> None:
    """float64, lists and arrays that don't lie in memory row after row give what plain arrays give."""
    rng = np.random.default_rng(1)
    rewards, values = rng.standard_normal((2, 6, 5)).astype(np.float32)
    terminated = rng.random((6, 5)) < 0.2
    last = np.ones(5, np.float32)
    wanted = advantages(rewards, values, terminated=terminated, last_value=last)
    turned = advantages(
        np.asfortranarray(rewards), values.astype(float), terminated=terminated.tolist(), last_value=last.tolist()
    )
    assert np.array_equal(turned, wanted)
