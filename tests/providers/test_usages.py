"""What providers' usage objects say: each of them in the same disjoint buckets, whoever reports it and however."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.providers.usages import read_usage
from agentctl.providers.usages.anthropic import merge
from agentctl.usage import Usage

Buckets = tuple[int, int, int, int, int]


def read(api: str, raw: object) -> Usage:
    """Return the usage that must be there."""
    usage = read_usage(api, raw)
    assert usage is not None
    return usage


def buckets(api: str, raw: object) -> Buckets:
    """Return uncached input, cache reads, short writes, long writes and output."""
    plain, cached, short, long, output = read(api, raw).buckets().values()
    return (plain, cached, short, long, output)


def chat(prompt: int, output: int, **more: Any) -> dict[str, Any]:
    """Return a usage object of Chat Completions."""
    return {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output, **more}


def responses(prompt: int, output: int, **details: Any) -> dict[str, Any]:
    """Return a usage object of the Responses API."""
    return {"input_tokens": prompt, "output_tokens": output, "input_tokens_details": details}


MESSAGE = {
    "input_tokens": 1200,
    "cache_read_input_tokens": 40000,
    "cache_creation_input_tokens": 8000,
    "cache_creation": {"ephemeral_5m_input_tokens": 3000, "ephemeral_1h_input_tokens": 5000},
    "output_tokens": 1500,
}
GEMINI = {
    "promptTokenCount": 250000,
    "cachedContentTokenCount": 200000,
    "candidatesTokenCount": 500,
    "thoughtsTokenCount": 1500,
    "totalTokenCount": 252000,
}

# The mistakes of other programs, and what each provider really means.
FORMS: dict[str, tuple[str, dict[str, Any], Buckets]] = {
    "litellm#9812: a cache write is not input as well": ("anthropic", MESSAGE, (1200, 40000, 3000, 5000, 1500)),
    "litellm#6215: a cached token is not input as well": (
        "openai",
        chat(2006, 300, prompt_tokens_details={"cached_tokens": 1920}),
        (86, 1920, 0, 0, 300),
    ),
    "aider#5516: Anthropic's input is without what was read": (
        "anthropic",
        {"input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": 1},
        (10, 90, 0, 0, 1),
    ),
    "langfuse#10592: the input of Responses is with what was read": (
        "openai",
        responses(100, 1, cached_tokens=90),
        (10, 90, 0, 0, 1),
    ),
    "opencode#37745: a cache write is not dropped": (
        "openai",
        chat(100, 1, prompt_tokens_details={"cached_tokens": 10, "cache_write_tokens": 80}),
        (10, 10, 80, 0, 1),
    ),
    "goose#9752: OpenRouter's cache write is not dropped": (
        "openrouter",
        chat(49200, 1500, prompt_tokens_details={"cached_tokens": 40000, "cache_write_tokens": 8000}),
        (1200, 40000, 8000, 0, 1500),
    ),
    "pi#5603: an hour's write is not five minutes'": (
        "anthropic",
        {"input_tokens": 0, "cache_creation": {"ephemeral_1h_input_tokens": 7}, "output_tokens": 1},
        (0, 0, 0, 7, 1),
    ),
    "OpenAI's 12 hours are long, 30 minutes are short": (
        "openai",
        responses(
            100,
            1,
            cached_tokens=10,
            cache_write_tokens=50,
            cache_write_tokens_details={"ttl_30m_tokens": 20, "ttl_12h_tokens": 30},
        ),
        (40, 10, 20, 30, 1),
    ),
    "deepeval#2943: what was thought is output": ("google", {"usageMetadata": GEMINI}, (50000, 200000, 0, 0, 2000)),
    "Gemini's thoughts may be a part of the candidates already": (
        "google",
        {"promptTokenCount": 10, "candidatesTokenCount": 8, "thoughtsTokenCount": 5, "totalTokenCount": 18},
        (10, 0, 0, 0, 8),
    ),
    "what Gemini's tools give is input beside the prompt": (
        "google",
        {"promptTokenCount": 10, "toolUsePromptTokenCount": 30, "candidatesTokenCount": 1, "totalTokenCount": 41},
        (40, 0, 0, 0, 1),
    ),
    "a prompt that Gemini blocked has no candidates": (
        "google",
        {"usageMetadata": {"promptTokenCount": 9, "totalTokenCount": 9}},
        (9, 0, 0, 0, 0),
    ),
    "OpenAI's reasoning is a part of the output": (
        "openai",
        chat(5, 100, completion_tokens_details={"reasoning_tokens": 90}),
        (5, 0, 0, 0, 100),
    ),
    "xAI's reasoning is not a part of the completion": (
        "xai",
        chat(32, 9, total_tokens=135, completion_tokens_details={"reasoning_tokens": 94}),
        (32, 0, 0, 0, 103),
    ),
    "xAI's reasoning is a part of the output of Responses": (
        "xai",
        responses(32, 103) | {"total_tokens": 135, "output_tokens_details": {"reasoning_tokens": 94}},
        (32, 0, 0, 0, 103),
    ),
    "Perplexity counts reasoning and citations beside the completion": (
        "perplexity",
        chat(33, 7163, citation_tokens=20016, num_search_queries=18, reasoning_tokens=73995),
        (33, 0, 0, 0, 7163 + 20016 + 73995),
    ),
    "DeepSeek's hits are reads": (
        "deepseek",
        chat(100, 5, prompt_cache_hit_tokens=64, prompt_cache_miss_tokens=36),
        (36, 64, 0, 0, 5),
    ),
    "DeepSeek tells its hits twice": (
        "deepseek",
        chat(100, 5, prompt_cache_hit_tokens=64, prompt_tokens_details={"cached_tokens": 64}),
        (36, 64, 0, 0, 5),
    ),
    "Moonshot's reads stand beside the prompt": ("moonshotai", chat(100, 5, cached_tokens=64), (36, 64, 0, 0, 5)),
    "Databricks names reads as Anthropic does, and the prompt includes them": (
        "databricks",
        chat(100, 5, cache_read_input_tokens=64, cache_creation_input_tokens=6),
        (30, 64, 6, 0, 5),
    ),
    "LiteLLM's proxy has a name of its own for writes": (
        "compatible",
        chat(100, 5, prompt_tokens_details={"cached_tokens": 60, "cache_creation_tokens": 6}),
        (34, 60, 6, 0, 5),
    ),
    "Groq's last chunk": ("groq", {"x_groq": {"id": "r", "usage": chat(7, 3, queue_time=0.1)}}, (7, 0, 0, 0, 3)),
    "Mistral's audio is in seconds": ("mistral", chat(7, 3, prompt_audio_seconds=None), (7, 0, 0, 0, 3)),
    "Together's three numbers": ("together", chat(7, 3), (7, 0, 0, 0, 3)),
    "llama.cpp's messages": (
        "compatible",
        {"input_tokens": 4, "cache_read_input_tokens": 96, "output_tokens": 2},
        (4, 96, 0, 0, 2),
    ),
    "a message without a cache is one all the same": (
        "anthropic",
        {"input_tokens": 4, "output_tokens": 2},
        (4, 0, 0, 0, 2),
    ),
    "Claude behind OpenAI's API": ("anthropic", chat(4, 2), (4, 0, 0, 0, 2)),
    "a compaction is a call of its own": (
        "anthropic",
        {
            "input_tokens": 10,
            "output_tokens": 5,
            "iterations": [
                {"type": "compaction", "input_tokens": 180, "output_tokens": 35},
                {"type": "message", "input_tokens": 10, "output_tokens": 5},
            ],
        },
        (190, 0, 0, 0, 40),
    ),
    "null is no count": (
        "anthropic",
        {"input_tokens": 1, "cache_read_input_tokens": None, "cache_creation": None, "output_tokens": 2},
        (1, 0, 0, 0, 2),
    ),
    "more read than there was is all of it": (
        "openai",
        chat(10, 1, prompt_tokens_details={"cached_tokens": 50, "cache_write_tokens": 50}),
        (0, 10, 0, 0, 1),
    ),
    "a total of writes that its parts exceed": (
        "anthropic",
        {
            "input_tokens": 0,
            "cache_creation_input_tokens": 3,
            "cache_creation": {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 1},
            "output_tokens": 0,
        },
        (0, 0, 5, 1, 0),
    ),
}


@pytest.mark.parametrize(("api", "raw", "expected"), FORMS.values(), ids=FORMS)
def test_each_form_in_disjoint_buckets(api: str, raw: dict[str, Any], expected: Buckets) -> None:
    """Every form of usage gives each token to one bucket, and is kept as it came."""
    assert buckets(api, raw) == expected


@pytest.mark.parametrize(("api", "raw", "expected"), FORMS.values(), ids=FORMS)
def test_the_answer_around_a_usage_is_read_too(api: str, raw: dict[str, Any], expected: Buckets) -> None:
    """A whole answer, or an event that holds it, gives what its usage object gives, and only that is kept."""
    usage = read(api, raw).raw
    answer = {"id": "1", "usageMetadata" if api == "google" else "usage": usage}
    for whole in (
        answer,
        {"type": "response.completed", "response": answer},
        {"type": "message_start", "message": answer},
    ):
        assert buckets(api, whole) == expected
        assert read(api, whole).raw == usage


def test_reads_of_a_stream_are_not_at_the_full_rate() -> None:
    """litellm#11789: the last event of a stream counts anew and tells no lifetimes; those of the first are kept."""
    start = {**MESSAGE, "output_tokens": 1, "service_tier": "standard", "inference_geo": "us"}
    delta = {"input_tokens": None, "cache_read_input_tokens": 40000, "output_tokens": 1500}
    whole = read("anthropic", merge(start, delta))
    assert tuple(whole.buckets().values()) == (1200, 40000, 3000, 5000, 1500)
    assert (whole.service_tier, whole.region) == ("standard", "us")


def test_writes_that_a_stream_adds_are_short() -> None:
    """A server tool can make a later event count more writes than the first one split: the rest is of the default."""
    later = {"cache_creation_input_tokens": 9000, "output_tokens": 2000}
    assert buckets("anthropic", merge(MESSAGE, later)) == (1200, 40000, 4000, 5000, 2000)


ABSURD = (-1, 1.5, "7", True, 10**9 + 1, 10**5000, float("nan"), float("inf"), [3], {"a": 1})


@pytest.mark.parametrize(
    "value", ABSURD, ids=lambda value: str(value)[:8] if not isinstance(value, int) else hex(value)[:8]
)
@pytest.mark.parametrize(
    ("api", "raw"),
    [
        ("openai", {"prompt_tokens": None, "completion_tokens": 1}),
        ("openai", {"input_tokens": 5, "output_tokens": None}),
        ("anthropic", {"input_tokens": None, "output_tokens": 1}),
        ("anthropic", {"input_tokens": 1, "cache_creation_input_tokens": None}),
        ("google", {"promptTokenCount": 5, "thoughtsTokenCount": None}),
    ],
)
def test_what_can_not_be_true_is_no_usage(api: str, raw: dict[str, Any], value: object) -> None:
    """An absurd total makes the usage one that was not reported: nobody is billed by it."""
    assert read_usage(api, _filled(raw, value)) is None


@pytest.mark.parametrize("value", [-1, 1.5, 10**9 + 1, "5", True, [1], math.inf, math.nan])
@pytest.mark.parametrize(
    ("api", "raw", "expected"),
    [
        ("openai", chat(5, 2, prompt_tokens_details={"cached_tokens": None, "audio_tokens": None}), (5, 0, 0, 0, 2)),
        ("openai", chat(5, 2, completion_tokens_details={"reasoning_tokens": None}), (5, 0, 0, 0, 2)),
        ("openai", responses(5, 2, cached_tokens=4, cache_write_tokens=None), (1, 4, 0, 0, 2)),
        ("openrouter", chat(5, 2, cost=0.25, num_search_queries=None), (5, 0, 0, 0, 2)),
        (
            "anthropic",
            {
                "input_tokens": 1,
                "cache_creation_input_tokens": 8,
                "cache_creation": {"ephemeral_1h_input_tokens": None},
                "output_tokens_details": {"thinking_tokens": None},
                "output_tokens": 2,
            },
            (1, 0, 8, 0, 2),
        ),
        (
            "google",
            {
                "promptTokenCount": 5,
                "cachedContentTokenCount": None,
                "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": None}],
            },
            (5, 0, 0, 0, 0),
        ),
    ],
)
def test_a_part_that_can_not_be_true_is_not_told(
    api: str, raw: dict[str, Any], expected: Buckets, value: object
) -> None:
    """The whole counts all the same, and so does the cost that is reported with it; what is kept of it is JSON."""
    usage = read_usage(api, _filled(raw, value))
    assert usage is not None
    assert tuple(usage.buckets().values()) == expected
    assert usage.details == {}
    assert usage.reported == (Decimal("0.25") if api == "openrouter" else None)
    json.dumps(usage.raw, allow_nan=False)


def _filled(raw: object, value: object) -> Any:
    """Put a value where there is none."""
    if isinstance(raw, dict):
        return {key: _filled(one, value) for key, one in raw.items()}
    if isinstance(raw, list):
        return [_filled(one, value) for one in raw]
    return value if raw is None else raw


BATCHES: list[tuple[str, dict[str, Any]]] = [
    ("openai", {"custom_id": "a", "response": {"status_code": 200, "body": {"usage": chat(5, 2)}}}),
    ("openai", {"custom_id": "a", "response": {"body": {"service_tier": "default", "usage": responses(5, 2)}}}),
    ("anthropic", {"custom_id": "a", "result": {"type": "succeeded", "message": {"usage": MESSAGE}}}),
    ("google", {"key": "a", "response": {"usageMetadata": {"promptTokenCount": 5, "trafficType": "ON_DEMAND"}}}),
]


@pytest.mark.parametrize(("api", "line"), BATCHES)
def test_a_line_of_a_batch_is_billed_as_one(api: str, line: dict[str, Any]) -> None:
    """The answer is found however deep the vendor's line holds it, and it was served in a batch."""
    usage = read_usage(api, line)
    assert usage
    assert (usage.service_tier, usage.input > 0) == ("batch", True)


@pytest.mark.parametrize(
    ("said", "expected"),
    [("scale", "other"), ("turbo", "other"), ("auto", None), ("", None), (None, None), ("default", "standard")],
)
def test_how_a_call_was_served_is_known_or_other(said: str | None, expected: str | None) -> None:
    """A way of being served that has no price list is not the usual one, and nothing said is not another."""
    usage = read_usage("openai", {"service_tier": said, "usage": chat(5, 2)})
    assert usage
    assert usage.service_tier == expected


def test_a_total_of_null_is_nothing() -> None:
    """A server that has no answer to count says null; one that says null of all has counted nothing."""
    assert buckets("mistral", {"prompt_tokens": 5, "completion_tokens": None}) == (5, 0, 0, 0, 0)
    assert read_usage("mistral", {"prompt_tokens": None, "completion_tokens": None}) is None


@pytest.mark.parametrize("raw", [None, 5, True, "usage", [], {}, {"usage": None}, {"usage": []}, {"total_tokens": 4}])
def test_what_says_nothing_is_no_usage(raw: object) -> None:
    """Neither a refusal nor another document gives a usage, and none is an error."""
    assert [read_usage(api, raw) for api in ("openai", "anthropic", "google", "nobody")] == [None] * 4


KEYS = sorted(
    {key for _, raw, _ in FORMS.values() for key in json.dumps(raw).split('"') if key.isidentifier()} | {"usage"}
)
values = st.none() | st.booleans() | st.integers(-5, 10**10) | st.floats() | st.text(max_size=3)
objects = st.recursive(
    values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
)


@given(st.sampled_from(["openai", "anthropic", "google", "openrouter"]), objects)
def test_any_usage_is_sane_or_none(api: str, raw: object) -> None:
    """Whatever a server reports, the reader answers, and no count of a bucket's part exceeds the bucket."""
    usage = read_usage(api, raw)
    if usage is None:
        return
    assert all(0 <= count <= 3 * 10**9 for count in usage.buckets().values())
    for name, count in usage.details.items():
        bucket = {"input": usage.uncached_input, "read": usage.cache_read}.get(name.rpartition("_")[2], usage.output)
        assert name == "web_searches" or 0 < count <= bucket


counts = st.integers(0, 10**6)


@given(counts, counts, counts, counts, counts)
def test_the_same_call_gives_the_same_buckets_in_every_form(
    plain: int, cached: int, short: int, long: int, out: int
) -> None:
    """A call that every API could have served is the same usage, whichever form it is reported in."""
    prompt = plain + cached + short + long
    inner = {
        "cached_tokens": cached,
        "cache_write_tokens": short + long,
        "cache_write_tokens_details": {"ttl_30m_tokens": short, "ttl_12h_tokens": long},
    }
    message = {
        "input_tokens": plain,
        "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": short + long,
        "cache_creation": {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long},
        "output_tokens": out,
    }
    expected = (plain, cached, short, long, out)
    assert buckets("openai", chat(prompt, out, prompt_tokens_details=inner)) == expected
    assert buckets("openai", responses(prompt, out, **inner)) == expected
    assert buckets("anthropic", message) == expected
    gemini = {"promptTokenCount": prompt, "cachedContentTokenCount": cached, "candidatesTokenCount": out}
    assert buckets("google", gemini) == (prompt - cached, cached, 0, 0, out)
