"""What users are told of wishes that a model takes otherwise, or not at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agentctl.messages import user
from agentctl.providers.anthropic import Messages
from agentctl.providers.base import Effort, Request
from agentctl.providers.codec import Codec
from agentctl.providers.compatible import LMSTUDIO, MISTRAL, TOGETHER
from agentctl.providers.google import GenerateContent
from agentctl.providers.known import KNOWN
from agentctl.providers.openai import ChatCompletions
from agentctl.providers.openrouter.codec import RoutedCompletions
from agentctl.settings.values import OpenRouterSettings

ANTHROPIC, GOOGLE = Messages(KNOWN["anthropic"]), GenerateContent(KNOWN["google"])
OPENROUTER = RoutedCompletions(KNOWN["openrouter"], OpenRouterSettings("", ""))
OTHER = "{} knows no effort {}: it is asked for {}"
NONE = "not sent to {}: the effort, which {} does not take here"


@pytest.mark.parametrize(
    ("codec", "model", "effort", "told"),
    [
        (ANTHROPIC, "claude-3-5-haiku-latest", "high", NONE.format("anthropic", "claude-3-5-haiku-latest")),
        (ANTHROPIC, "claude-3-5-haiku-latest", "none", None),
        (ANTHROPIC, "claude-sonnet-4-5", "minimal", None),  # as a budget
        (ANTHROPIC, "claude-sonnet-4-5", "none", None),
        (ANTHROPIC, "claude-opus-4-6", "xhigh", OTHER.format("claude-opus-4-6", "xhigh", "high")),
        (ANTHROPIC, "claude-opus-4-8", "minimal", OTHER.format("claude-opus-4-8", "minimal", "low")),
        (ANTHROPIC, "claude-fable-5", "none", OTHER.format("claude-fable-5", "none", "low")),
        (ANTHROPIC, "claude-sonnet-5", "none", None),
        (GOOGLE, "gemini-2.5-flash", "none", None),
        (GOOGLE, "gemini-2.5-pro", "none", OTHER.format("gemini-2.5-pro", "none", "minimal")),
        (GOOGLE, "gemini-2.0-flash", "none", None),
        (GOOGLE, "gemini-3-pro-preview", "medium", OTHER.format("gemini-3-pro-preview", "medium", "high")),
        (GOOGLE, "gemini-3-pro-preview", "high", None),
        (OPENROUTER, "openai/gpt-5", "none", None),  # which knows what its models take
        (ChatCompletions(TOGETHER), "m", "max", OTHER.format("m", "max", "high")),
        (ChatCompletions(MISTRAL), "m", "max", None),
        (ChatCompletions(LMSTUDIO), "m", "high", NONE.format("lmstudio", "m")),
    ],
)
def test_an_effort_that_is_not_sent_as_wished_is_said(
    codec: Codec, model: str, effort: Effort, told: str | None
) -> None:
    """Whoever gets less or more thinking than was wished for learns it."""
    request = Request(model, (user("hi"),), effort=effort)
    assert codec.remarks(request) == (() if told is None else (told,))
    assert codec.remarks(replace(request, effort=None)) == ()


@pytest.mark.parametrize(
    ("model", "effort", "told"),
    [
        ("claude-sonnet-4-5", None, False),
        ("claude-sonnet-4-5", "high", True),
        ("claude-opus-4-8", None, True),
    ],
)
def test_a_temperature_that_is_not_sent_is_said(model: str, effort: Effort | None, *, told: bool) -> None:
    """Models of Anthropic that think take none, nor do the newer ones."""
    request = Request(model, (user("hi"),), temperature=0.5, effort=effort)
    assert ANTHROPIC.remarks(request) == (
        (f"not sent to anthropic: the temperature, which {model} does not take here",) if told else ()
    )
