"""What OpenAI's models are asked for, each in the way of its generation."""

from __future__ import annotations

from typing import get_args

import pytest

from agentctl.messages import user
from agentctl.providers.base import EFFORTS, Capabilities, Effort, Request
from agentctl.providers.openai import ChatCompletions
from agentctl.providers.openai.generations import generation
from agentctl.providers.responses import Responses

CAPABILITIES = Capabilities("openai")
LOW_TO_HIGH = "low low low medium high high high"
# What each wish of EFFORTS becomes, from none to max; nothing where the model takes no effort.
SENT = {
    "gpt-3.5-turbo": "", "gpt-35-turbo": "", "gpt-4-0613": "", "gpt-4-32k": "", "gpt-4o": "", "gpt-4.1-mini": "",
    "ft:gpt-4o-mini-2024-07-18": "", "chatgpt-4o-latest": "", "gpt-5-chat-latest": "", "gpt-5.2-chat-latest": "",
    "o1-mini": "", "o1": LOW_TO_HIGH, "o3": LOW_TO_HIGH, "o4-mini-2025-04-16": LOW_TO_HIGH,
    "codex-mini-latest": LOW_TO_HIGH,
    "o3-deep-research": "medium " * 7,
    "gpt-5": "minimal minimal low medium high high high",
    "gpt-5-nano-2025-08-07": "minimal minimal low medium high high high",
    "gpt-5-pro": "high " * 7,
    "gpt-5-codex": LOW_TO_HIGH,
    "gpt-5.1-2025-11-13": "none low low medium high high high",
    "gpt-5-1": "none low low medium high high high",
    "gpt-5.1-codex-max": "low low low medium high xhigh xhigh",
    "gpt-5.2": "none low low medium high xhigh xhigh",
    "gpt-5.2-pro": "medium medium medium medium high xhigh xhigh",
    "gpt-5.3-codex": "low low low medium high xhigh xhigh",
    "gpt-5.5": "none low low medium high xhigh xhigh",
    "gpt-5.6-sol": "none low low medium high xhigh max",
    "gpt-6-luna": "none low low medium high xhigh max",
    "gpt-6.1-terra": "none low low medium high xhigh max",
    "gpt-6-astra": "low low low medium high xhigh max",
    "gpt-6.1-sol": "low low low medium high xhigh max",
    "gpt-7": "low low low medium high xhigh max",
    "gpt-oss-20b": "none minimal low medium high xhigh max",
    "qwen3": "none minimal low medium high xhigh max",
}  # fmt: skip


@pytest.mark.parametrize("model", SENT)
def test_an_effort_becomes_one_that_the_model_knows(model: str) -> None:
    """In both APIs, and said wherever it is another one than was wished for."""
    expected: list[str | None] = [*SENT[model].split()] or [None] * 7
    for wish, sent in zip(EFFORTS, expected, strict=True):
        request = Request(model, (user("hi"),), effort=wish)
        assert Responses(CAPABILITIES).encode(request).get("reasoning", {}).get("effort") == sent
        assert ChatCompletions(CAPABILITIES).encode(request).get("reasoning_effort") == sent
        told = Responses(CAPABILITIES).remarks(request)
        assert ChatCompletions(CAPABILITIES).remarks(request) == told
        if sent is None:
            assert told == (f"not sent to openai: the effort, which {model} does not take here",)
        else:
            assert told == (() if sent == wish else (f"{model} knows no effort {wish}: it is asked for {sent}",))


@pytest.mark.parametrize(
    ("model", "effort", "sent"),
    [
        ("gpt-4o", None, True),
        ("gpt-5-chat-latest", None, True),
        ("gpt-5", None, False),
        ("gpt-5", "none", False),
        ("o3", None, False),
        ("o1-mini", None, False),
        ("gpt-5.1", None, True),
        ("gpt-5.2", "none", True),
        ("gpt-5.2", "low", False),
        ("gpt-6.1-terra", None, False),
        ("gpt-6.1-terra", "none", True),
        ("gpt-6-astra", "none", False),
        ("gpt-7", None, False),
        ("qwen3", "high", True),
    ],
)
def test_a_temperature_goes_to_models_that_take_one(model: str, effort: Effort | None, *, sent: bool) -> None:
    """Those that reason refuse it, and the user is told that it was left out."""
    request = Request(model, (user("hi"),), temperature=0.5, effort=effort)
    for codec in (Responses(CAPABILITIES), ChatCompletions(CAPABILITIES)):
        assert ("temperature" in codec.encode(request)) == sent
        words = f"not sent to openai: the temperature, which {model} does not take here"
        assert (words in codec.remarks(request)) == (not sent)


def test_encrypted_reasoning_is_wished_for_where_there_is_any() -> None:
    """Models that do not reason answer 400 to that wish."""
    for model, efforts in SENT.items():
        body = Responses(CAPABILITIES).encode(Request(model, (user("hi"),)))
        assert ("include" in body) == bool(efforts)


def test_levels_are_those_of_the_api() -> None:
    """In their order, the least first."""
    for model in SENT:
        known = generation(model).efforts
        assert sorted(known, key=get_args(Effort).index) == [*known]
