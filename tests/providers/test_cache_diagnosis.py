"""Providers that say why they did not read their cache: they are asked where they know of it, and heard."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from support import anthropic, completions, responses

from agentctl.breakpoints import NO_CACHE, Breakpoint, CachePlan
from agentctl.messages import user
from agentctl.providers.anthropic import Messages
from agentctl.providers.anthropic.request import count
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.known import KNOWN
from agentctl.providers.openrouter.codec import RoutedCompletions
from agentctl.providers.responses import Responses
from agentctl.providers.responses.request import measure
from agentctl.settings.values import OpenRouterSettings
from agentctl.usage import Usage

CLAUDE, OPENAI = KNOWN["anthropic"], KNOWN["openai"]
PLAN = CachePlan((Breakpoint(0),), implicit=False)
ASK = Request("claude-sonnet-4-5", (user("hi"),), cache=PLAN)
MISS = {"type": "tools_changed", "cache_missed_input_tokens": 41_000}


@pytest.mark.parametrize(
    ("capabilities", "plan", "previous", "sent"),
    [
        (CLAUDE, PLAN, "msg_1", {"previous_message_id": "msg_1"}),
        (CLAUDE, PLAN, None, {"previous_message_id": None}),
        (CLAUDE, None, "msg_1", None),
        (CLAUDE, NO_CACHE, "msg_1", None),
        (CLAUDE, CachePlan(), "msg_1", None),
        (Capabilities("lab", api="messages"), PLAN, "msg_1", None),
    ],
)
def test_anthropic_is_asked_where_something_is_kept(
    capabilities: Capabilities, plan: CachePlan | None, previous: str | None, sent: Any
) -> None:
    """Also without an earlier answer: only what it was asked about can the next request be compared with."""
    request = replace(ASK, cache=plan, previous_response_id=previous)
    assert Messages(capabilities).encode(request).get("diagnostics") == sent
    assert "diagnostics" not in count(request, capabilities)


@pytest.mark.parametrize(
    ("capabilities", "model", "plan", "previous", "sent"),
    [
        (OPENAI, "gpt-5.6", CachePlan(), "resp_1", "resp_1"),
        (OPENAI, "ft:gpt-6.1-terra", PLAN, "resp_1", "resp_1"),
        (OPENAI, "gpt-5.6", CachePlan(), None, None),
        (OPENAI, "gpt-5.6", None, "resp_1", None),
        (OPENAI, "gpt-5.6", NO_CACHE, "resp_1", None),
        (OPENAI, "gpt-5.5", CachePlan(), "resp_1", None),
        (OPENAI, "gpt-35-turbo", CachePlan(), "resp_1", None),
        (OPENAI, "o3", CachePlan(), "resp_1", None),
        (Capabilities("lab"), "gpt-5.6", CachePlan(), "resp_1", None),
    ],
)
def test_openai_is_asked_where_the_model_can(
    capabilities: Capabilities, model: str, plan: CachePlan | None, previous: str | None, sent: str | None
) -> None:
    """From GPT-5.6 on, about an earlier answer that there is."""
    request = replace(ASK, model=model, cache=plan, previous_response_id=previous)
    options = Responses(capabilities).encode(request).get("prompt_cache_options", {})
    assert options.get("comparison_response_id") == sent
    assert "prompt_cache_options" not in measure(request, capabilities)


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (MISS, "tools_changed, 41000 tokens"),
        ({"type": "previous_message_not_found"}, "previous_message_not_found"),
        ({"type": "tools_changed", "cache_missed_input_tokens": "many"}, "tools_changed"),
        ({"type": "x" * 999}, "x" * 100),
        ({"type": "\ud800"}, "\ufffd"),
        ({"type": 3}, None),
        ({"type": ""}, None),
        ("tools", None),
        (None, None),
    ],
)
def test_anthropic_is_heard(reason: object, told: str | None) -> None:
    """In its words, with the tokens, whether the answer is streamed or not."""
    begun = anthropic.start()
    begun["message"]["diagnostics"] = {"cache_miss_reason": reason}
    first, *rest = anthropic.events(anthropic.text("ho"))
    assert first["type"] == begun["type"]
    assert _usage(Messages(CLAUDE), begun, *rest).diagnosis == told
    whole = {**begun["message"], "content": [{"type": "text", "text": "ho"}], "stop_reason": "end_turn"}
    assert _usage(Messages(CLAUDE), whole).diagnosis == told


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"type": "cache_miss", "reason": "input_changed", "cache_missed_tokens": 7}, "input_changed, 7 tokens"),
        ({"type": "cache_miss", "reason": "model_changed"}, "model_changed"),
        ({"type": "cache_hit"}, None),
        ({"type": "comparison_response_not_found"}, "comparison_response_not_found"),
        ({"type": "unavailable"}, "unavailable"),
        ({}, None),
        ("odd", None),
        (None, None),
    ],
)
def test_openai_is_heard(found: object, told: str | None) -> None:
    """In its words; a hit is none."""
    usage = _usage(Responses(OPENAI), *responses.events("ho", prompt_cache_diagnostics=found))
    assert usage.diagnosis == told


def test_a_router_says_who_served() -> None:
    """Whose cache it was."""
    codec = RoutedCompletions(KNOWN["openrouter"], OpenRouterSettings("", ""))
    usage = _usage(codec, *({**one, "provider": "Azure"} for one in completions.events("ho")))
    assert usage.served_by == "Azure"


def _usage(codec: Messages | Responses | RoutedCompletions, *events: Any) -> Usage:
    decoder = codec.decoder(ASK)
    for event in events:
        decoder.feed(json.dumps(event))
    usage = decoder.end().usage
    assert usage
    return usage
