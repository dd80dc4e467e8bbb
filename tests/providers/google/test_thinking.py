"""How much a model of Gemini is asked to think."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from agentctl.providers.base import Effort
from agentctl.providers.google.thinking import thinking_config

EFFORTS: tuple[Effort, ...] = get_args(Effort)


def asked(model: str) -> list[Any]:
    """What each effort is for the model, from none to the most."""
    configs = [thinking_config(model, effort) or {} for effort in EFFORTS]
    assert [config.get("includeThoughts", False) for config in configs] == [False] + [True] * 6
    return [config.get("thinkingLevel", config.get("thinkingBudget")) for config in configs]


LOW_UP = ["LOW", "LOW", "LOW", "MEDIUM", "HIGH", "HIGH", "HIGH"]
ALL = ["MINIMAL", "MINIMAL", "LOW", "MEDIUM", "HIGH", "HIGH", "HIGH"]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gemini-2.5-flash", [0, 1024, 1024, 8192, 24576, 24576, 24576]),
        ("models/gemini-2.5-flash-lite-preview-06-17", [0, 1024, 1024, 8192, 24576, 24576, 24576]),
        ("gemini-2.5-pro", [128, 1024, 1024, 8192, 24576, 32768, 32768]),
        ("gemini-3-pro-preview", ["LOW", "LOW", "LOW", "HIGH", "HIGH", "HIGH", "HIGH"]),
        ("gemini-3-flash-preview", ALL),
        ("gemini-3.1-pro-preview", LOW_UP),
        ("gemini-3.1-flash-lite", ALL),
        ("gemini-3.1-flash-lite-image", ["MINIMAL", "MINIMAL", "HIGH", "HIGH", "HIGH", "HIGH", "HIGH"]),
        ("models/gemini-3.6-flash", ALL),
        ("gemini-3.7-flash", LOW_UP),
        ("gemini-3.8-flash", LOW_UP),
        ("gemini-4-argon", LOW_UP),
        ("gemini-flash-latest", LOW_UP),
        ("something-new", LOW_UP),
    ],
)
def test_effort(model: str, expected: list[Any]) -> None:
    """Each generation is asked in its own way, each model within what it takes, and a new one in the newest way."""
    assert asked(model) == expected


@pytest.mark.parametrize(
    ("model", "thinks"),
    [
        ("gemini-2.5-pro", True),
        ("gemini-3.8-flash", True),
        ("models/gemini-3.8-flash", True),
        ("gemini-flash-latest", True),
        ("gemini-3-pro-image", True),
        ("gemini-2.0-flash", False),
        ("gemini-2.5-flash-image", False),
        ("gemini-2.5-flash-preview-tts", False),
        ("gemini-3.1-flash-tts-preview", False),
        ("gemma-3-27b-it", False),
        ("tunedModels/mine", False),
    ],
)
def test_thoughts_are_shown(model: str, *, thinks: bool) -> None:
    """A model that thinks is asked to show its thoughts; one that may not is not, for that would be an error."""
    assert thinking_config(model, None) == ({"includeThoughts": True} if thinks else None)


def test_a_model_that_does_not_think_is_not_told_not_to() -> None:
    """Before 2.5 no thinking is all there is; whoever wants more hears of it from the API."""
    assert thinking_config("gemini-2.0-flash", "none") is None
    assert thinking_config("gemini-2.0-flash", "high") == {"includeThoughts": True, "thinkingBudget": 24576}


def test_thoughts_leave_room_for_words() -> None:
    """Of a limited answer, which thoughts are part of, a quarter is left to what is said."""
    config = thinking_config("gemini-2.5-flash", "high", 1000)
    assert config == {"includeThoughts": True, "thinkingBudget": 750}
    assert (thinking_config("gemini-2.5-flash", "high", 100_000) or {})["thinkingBudget"] == 24_576
