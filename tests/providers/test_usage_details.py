"""What providers' usage objects say beside the tokens of a bucket: parts, tiers, regions, searches and dollars."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from agentctl.providers.usages import read_usage
from agentctl.usage import Usage


def read(api: str, raw: object) -> Usage:
    """Return the usage that must be there."""
    usage = read_usage(api, raw)
    assert usage is not None
    return usage


def chat(prompt: int, output: int, **more: Any) -> dict[str, Any]:
    """Return a usage object of Chat Completions."""
    return {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output, **more}


def responses(prompt: int, output: int, **details: Any) -> dict[str, Any]:
    """Return a usage object of the Responses API."""
    return {"input_tokens": prompt, "output_tokens": output, "input_tokens_details": details}


GEMINI = {
    "promptTokenCount": 250000,
    "cachedContentTokenCount": 200000,
    "candidatesTokenCount": 500,
    "thoughtsTokenCount": 1500,
    "totalTokenCount": 252000,
}


DETAILS: dict[str, tuple[str, dict[str, Any], dict[str, int]]] = {
    "OpenAI's audio": (
        "openai",
        chat(
            100,
            50,
            prompt_tokens_details={"audio_tokens": 60, "cached_tokens": 0, "image_tokens": 7},
            completion_tokens_details={"audio_tokens": 30, "reasoning_tokens": 4},
        ),
        {"audio_input": 60, "image_input": 7, "audio_output": 30, "reasoning": 4},
    ),
    "OpenRouter's video and searches": (
        "openrouter",
        chat(9, 1, prompt_tokens_details={"video_tokens": 5}, server_tool_use_details={"web_search_requests": 2}),
        {"video_input": 5, "web_searches": 2},
    ),
    "Anthropic's thinking and searches": (
        "anthropic",
        {
            "input_tokens": 1,
            "output_tokens": 9,
            "output_tokens_details": {"thinking_tokens": 6},
            "server_tool_use": {"web_search_requests": 3, "web_fetch_requests": 1},
        },
        {"reasoning": 6, "web_searches": 3},
    ),
    "Gemini's kinds, where a page is an image": (
        "google",
        {
            "promptTokenCount": 100,
            "cachedContentTokenCount": 40,
            "candidatesTokenCount": 20,
            "promptTokensDetails": [
                {"modality": "TEXT", "tokenCount": 10},
                {"modality": "AUDIO", "tokenCount": 50},
                {"modality": "DOCUMENT", "tokenCount": 25},
                {"modality": "VIDEO", "tokenCount": 15},
            ],
            "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 30}, {"modality": "IMAGE", "tokenCount": 10}],
            "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 20}],
        },
        {
            "audio_input": 20,
            "image_input": 15,
            "video_input": 15,
            "audio_read": 30,
            "image_read": 10,
            "image_output": 20,
        },
    ),
    "Perplexity's": (
        "perplexity",
        chat(3, 7, citation_tokens=20, num_search_queries=2, reasoning_tokens=70),
        {"reasoning": 70, "citations": 20, "web_searches": 2},
    ),
}


@pytest.mark.parametrize(("api", "raw", "expected"), DETAILS.values(), ids=DETAILS)
def test_what_may_have_a_price_of_its_own(api: str, raw: dict[str, Any], expected: dict[str, int]) -> None:
    """Counts inside the buckets, and of what is billed beside tokens, have the same names for all."""
    assert read(api, raw).details == expected


def test_searches_of_openai_are_counted_in_its_answer() -> None:
    """Each search in the output is billed; opening a page is not."""
    output = [
        {"type": "web_search_call", "action": {"type": "search", "query": "a"}},
        {"type": "web_search_call", "action": {"type": "open_page"}},
        {"type": "web_search_call"},
        {"type": "message"},
        "nonsense",
    ]
    assert read("openai", {"output": output, "usage": responses(1, 1)}).details == {"web_searches": 2}


@pytest.mark.parametrize(("model", "billed"), [("gemini-3-pro-preview", 2), ("gemini-2.5-flash", 1)])
def test_searches_of_gemini_are_billed_by_model(model: str, billed: int) -> None:
    """Gemini 3 bills each search of an answer, earlier models an answer that searched; empty queries are free."""
    ground = {"groundingMetadata": {"webSearchQueries": ["a", "", "b"]}}
    answer = {"modelVersion": model, "candidates": [ground, {}, 5], "usageMetadata": GEMINI}
    assert read("google", answer).details == {"reasoning": 1500, "web_searches": billed}


TIERS: dict[str, tuple[str, dict[str, Any], str | None]] = {
    "OpenAI's default": ("openai", {"service_tier": "default", "usage": chat(1, 1)}, "standard"),
    "OpenAI's flex": ("openai", {"service_tier": "flex", "usage": responses(1, 1)}, "flex"),
    "OpenAI's fast is priority": ("openai", {"service_tier": "fast", "usage": chat(1, 1)}, "priority"),
    "OpenAI's null": ("openai", {"service_tier": None, "usage": chat(1, 1)}, None),
    "Groq's on demand": ("groq", {"service_tier": "on_demand", "usage": chat(1, 1)}, "standard"),
    "Mistral's, in the usage": ("mistral", chat(1, 1, service_tier="priority"), "priority"),
    "Anthropic's batch": ("anthropic", {"input_tokens": 1, "output_tokens": 1, "service_tier": "batch"}, "batch"),
    "Gemini's": ("google", {"usageMetadata": {**GEMINI, "serviceTier": "flex"}}, "flex"),
    "Vertex's traffic": ("google", {"usageMetadata": {**GEMINI, "trafficType": "ON_DEMAND_PRIORITY"}}, "priority"),
    "one that nobody knows": ("openai", {"service_tier": "gold", "usage": chat(1, 1)}, "other"),
}


@pytest.mark.parametrize(("api", "raw", "expected"), TIERS.values(), ids=TIERS)
def test_how_a_call_was_served(api: str, raw: dict[str, Any], expected: str | None) -> None:
    """Each provider's name of a service tier is one of ours, or another."""
    assert read(api, raw).service_tier == expected


@pytest.mark.parametrize(("geo", "region"), [("us", "us"), ("global", None), ("not_available", None), (None, None)])
def test_where_a_call_was_served(geo: str | None, region: str | None) -> None:
    """Only a region that was asked for has a price of its own."""
    usage = read("anthropic", {"input_tokens": 1, "output_tokens": 1, "inference_geo": geo, "speed": "fast"})
    assert (usage.region, usage.speed) == (region, "fast")


CHARGES: dict[str, tuple[dict[str, Any], str | None]] = {
    "OpenRouter's credits are dollars": ({"cost": 0.0414, "is_byok": False}, "0.0414"),
    "what the provider behind it took is a part of that": (
        {"cost": 0.95, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.95}},
        "0.95",
    ),
    "with a key of one's own it is not": (
        {"cost": 0.0005, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.01}},
        "0.0105",
    ),
    "a key of one's own whose cost is not told": (
        {"cost": 0.0005, "is_byok": True, "cost_details": {"upstream_inference_cost": None}},
        "0.0005",
    ),
    "free is told": ({"cost": 0}, "0"),
    "a small amount has no rounding": ({"cost": 1.2e-07}, "1.2E-7"),
    "xAI's ticks": ({"cost_in_usd_ticks": 37756000}, "0.0037756"),
    "Perplexity's": ({"cost": {"total_cost": 0.006, "request_cost": 0.005}}, "0.006"),
    "nothing": ({"cost": None}, None),
    "no number": ({"cost": "12"}, None),
    "less than nothing": ({"cost": -1.0}, None),
    "endless": ({"cost": float("inf")}, None),
    "not even wrong": ({"cost": float("nan"), "cost_in_usd_ticks": 2.5}, None),
    "true is no amount": ({"cost": True, "cost_in_usd_ticks": True}, None),
}


@pytest.mark.parametrize(("more", "reported"), CHARGES.values(), ids=CHARGES)
def test_what_the_provider_says_it_charged(more: dict[str, Any], reported: str | None) -> None:
    """The dollars that a provider reports are kept to the digit; what is no amount is none."""
    expected = None if reported is None else Decimal(reported)
    assert read("openrouter", chat(5, 5, **more)).reported == expected
