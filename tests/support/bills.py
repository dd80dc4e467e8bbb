"""Calls whose bill follows from what vendors publish: the usage as an API reports it, and the sum line by line."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

ANTHROPIC = "https://platform.claude.com/docs/en/about-claude/pricing"
CACHING = "https://platform.claude.com/docs/en/build-with-claude/prompt-caching"
OPENAI = "https://developers.openai.com/api/docs/pricing"
GOOGLE = "https://ai.google.dev/gemini-api/docs/pricing"
DEEPSEEK = "https://api-docs.deepseek.com/updates"


@dataclass(frozen=True)
class Bill:
    """One call.

    Args:
        model: whose it is.
        raw: what the API reports.
        lines: counts and their prices in $ per million tokens, each token once; None if a price is unknown.
        source: where the vendor says so.
        fees: dollars beside the tokens.
        times: what all tokens cost more in a region.
        options: those of the command line that it needs: `service_tier`, `at`, `price`.
    """

    model: str
    raw: dict[str, Any]
    lines: tuple[tuple[int, str], ...] | None
    source: str
    fees: str = "0"
    times: str = "1"
    options: dict[str, str] = field(default_factory=dict)

    @property
    def dollars(self) -> Decimal | None:
        """What it comes to."""
        if self.lines is None:
            return None
        tokens = sum((Decimal(count) * Decimal(price) for count, price in self.lines), Decimal(0))
        return tokens * Decimal(self.times) / 10**6 + Decimal(self.fees)


def message(plain: int, output: int, **more: Any) -> dict[str, Any]:
    """Return a usage of Anthropic."""
    return {"input_tokens": plain, "output_tokens": output, **more}


def chat(prompt: int, output: int, cached: int = 0, **more: Any) -> dict[str, Any]:
    """Return a usage of Chat Completions."""
    details = {"prompt_tokens_details": {"cached_tokens": cached}} if cached else {}
    counts = {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}
    return {**counts, **details, **more}


def responses(prompt: int, output: int, **details: Any) -> dict[str, Any]:
    """Return a usage of the Responses API."""
    return {"input_tokens": prompt, "output_tokens": output, "input_tokens_details": details}


def gemini(prompt: int, output: int, **more: Any) -> dict[str, Any]:
    """Return a usage of Gemini."""
    return {"promptTokenCount": prompt, "candidatesTokenCount": output, **more}


CACHED = message(
    1200,
    1500,
    cache_read_input_tokens=40000,
    cache_creation_input_tokens=8000,
    cache_creation={"ephemeral_5m_input_tokens": 3000, "ephemeral_1h_input_tokens": 5000},
)
SONNET = ((1200, "3"), (3000, "3.75"), (5000, "6"), (40000, ".30"), (1500, "15"))
HALF = ((1200, "1.5"), (3000, "1.875"), (5000, "3"), (40000, ".15"), (1500, "7.5"))
GPT = chat(2006, 300, 1920)
LONG = {"cached_tokens": 100_000, "cache_write_tokens": 50_000}
GEMINI = gemini(250_000, 500, cachedContentTokenCount=200_000, thoughtsTokenCount=1500)
ROUTED = chat(49_200, 1500, prompt_tokens_details={"cached_tokens": 40_000, "cache_write_tokens": 8000})
SOUND = [{"modality": "TEXT", "tokenCount": 1000}, {"modality": "AUDIO", "tokenCount": 4000}]

BILLS: dict[str, Bill] = {
    # Anthropic
    "claude-sonnet-4-5": Bill("anthropic/claude-sonnet-4-5", CACHED, SONNET, CACHING),
    "batch is half, and stacks with caching": Bill(
        "anthropic/claude-sonnet-4-5",
        {**CACHED, "service_tier": "batch"},
        HALF,
        "https://platform.claude.com/docs/en/build-with-claude/batch-processing#pricing",
    ),
    "batch of a retired model is half too": Bill(
        "anthropic/claude-3-haiku-20240307",
        message(1_000_000, 1_000_000, service_tier="batch"),
        ((1_000_000, "0.125"), (1_000_000, "0.625")),
        "https://platform.claude.com/docs/en/build-with-claude/batch-processing#pricing",
    ),
    "searches are $10 a thousand": Bill(
        "anthropic/claude-sonnet-4-5",
        message(6039, 931, server_tool_use={"web_search_requests": 3}),
        ((6039, "3"), (931, "15")),
        ANTHROPIC,
        fees="0.03",
    ),
    "searches of a batch are not half": Bill(
        "anthropic/claude-opus-5",
        message(1000, 100, server_tool_use={"web_search_requests": 2}, service_tier="batch"),
        ((1000, "2.5"), (100, "12.5")),
        f"{ANTHROPIC}#batch-processing",
        fees="0.02",
    ),
    "in the US all tokens are 1.1 times": Bill(
        "anthropic/claude-opus-5",
        message(1000, 100, cache_read_input_tokens=9000, inference_geo="us"),
        ((1000, "5"), (100, "25"), (9000, "0.5")),
        ANTHROPIC,
        times="1.1",
    ),
    "searches are not dearer in the US": Bill(
        "anthropic/claude-opus-5",
        message(1000, 0, inference_geo="us", server_tool_use={"web_search_requests": 1}),
        ((1000, "5"),),
        ANTHROPIC,
        fees="0.01",
        times="1.1",
    ),
    "anywhere is the usual price": Bill(
        "anthropic/claude-opus-5",
        message(1000, 100, inference_geo="global"),
        ((1000, "5"), (100, "25")),
        ANTHROPIC,
    ),
    "fast mode": Bill(
        "anthropic/claude-opus-4-8",
        message(1000, 100, speed="fast"),
        ((1000, "10"), (100, "50")),
        ANTHROPIC,
    ),
    "caching multiplies on fast mode": Bill(
        "anthropic/claude-opus-4-8",
        {**CACHED, "speed": "fast"},
        ((1200, "10"), (3000, "12.5"), (5000, "20"), (40000, "1"), (1500, "50")),
        ANTHROPIC,
    ),
    "fast mode in the US": Bill(
        "anthropic/claude-opus-4-8",
        message(1000, 100, speed="fast", inference_geo="us"),
        ((1000, "10"), (100, "50")),
        ANTHROPIC,
        times="1.1",
    ),
    "fast mode of a model that has none": Bill(
        "anthropic/claude-haiku-4-5", message(1000, 100, speed="fast"), None, ANTHROPIC
    ),
    "Priority Tier is by contract": Bill(
        "anthropic/claude-sonnet-4-5",
        message(1000, 100, service_tier="priority"),
        None,
        "https://platform.claude.com/docs/en/api/service-tiers",
    ),
    "Haiku 5.5 at 100,000": Bill(
        "anthropic/claude-haiku-5-5",
        message(60_000, 1000, cache_read_input_tokens=40_000),
        ((60_000, "0.1"), (40_000, "0.01"), (1000, "0.5")),
        f"{ANTHROPIC}#long-context-pricing",
    ),
    "Haiku 5.5 above 100,000, reads included": Bill(
        "anthropic/claude-haiku-5-5",
        message(60_000, 1000, cache_read_input_tokens=40_001),
        ((60_000, "0.5"), (40_001, "0.05"), (1000, "2.5")),
        f"{ANTHROPIC}#long-context-pricing",
    ),
    "Opus 4.6 had a long context once": Bill(
        "anthropic/claude-opus-4-6",
        message(200_001, 1000),
        ((200_001, "10"), (1000, "37.5")),
        f"{ANTHROPIC}#long-context-pricing",
        options={"at": "2026-03-12"},
    ),
    "Opus 4.6 has none since": Bill(
        "anthropic/claude-opus-4-6",
        message(200_001, 1000),
        ((200_001, "5"), (1000, "25")),
        f"{ANTHROPIC}#long-context-pricing",
        options={"at": "2026-03-13"},
    ),
    "Fable 5.1 reads at a fortieth": Bill(
        "anthropic/claude-fable-5-1",
        message(0, 0, cache_read_input_tokens=1_000_000),
        ((1_000_000, "0.25"),),
        f"{ANTHROPIC}#model-pricing",
    ),
    "an hour's write is twice the input": Bill(
        "anthropic/claude-haiku-4-5",
        message(0, 0, cache_creation={"ephemeral_1h_input_tokens": 1000}),
        ((1000, "2"),),
        CACHING,
    ),
    "what was thought is output": Bill(
        "anthropic/claude-haiku-4-5",
        message(10, 900, output_tokens_details={"thinking_tokens": 800}),
        ((10, "1"), (900, "5")),
        "anthropic 2.12 types/usage.py, output_tokens_details",
    ),
    "a compaction is billed": Bill(
        "anthropic/claude-opus-5",
        message(23_000, 1000, iterations=[{"type": "compaction", "input_tokens": 180_000, "output_tokens": 3500}]),
        ((203_000, "5"), (4500, "25")),
        "anthropic 2.12 types/beta/beta_usage.py, iterations",
    ),
    # OpenAI
    "gpt-5": Bill("openai/gpt-5", GPT, ((86, "1.25"), (1920, ".125"), (300, "10")), OPENAI),
    "gpt-5 by Responses": Bill(
        "openai/gpt-5",
        responses(2006, 300, cached_tokens=1920),
        ((86, "1.25"), (1920, ".125"), (300, "10")),
        OPENAI,
    ),
    "a snapshot costs what its model does": Bill(
        "openai/gpt-5-2025-08-07", GPT, ((86, "1.25"), (1920, ".125"), (300, "10")), OPENAI
    ),
    "flex": Bill(
        "openai/gpt-5",
        {"service_tier": "flex", "usage": GPT},
        ((86, ".625"), (1920, ".0625"), (300, "5")),
        "https://developers.openai.com/api/docs/guides/flex-processing",
    ),
    "priority": Bill(
        "openai/gpt-5",
        {"service_tier": "priority", "usage": GPT},
        ((86, "2.5"), (1920, ".25"), (300, "20")),
        OPENAI,
    ),
    "batch is told by the user": Bill(
        "openai/gpt-5",
        GPT,
        ((86, ".625"), (1920, ".0625"), (300, "5")),
        "https://developers.openai.com/api/docs/guides/batch",
        options={"service_tier": "batch"},
    ),
    "GPT-4o's batch has no other price of reads": Bill(
        "openai/gpt-4o",
        GPT,
        ((86, "1.25"), (1920, "1.25"), (300, "5")),
        OPENAI,
        options={"service_tier": "batch"},
    ),
    "GPT-4o's priority is 1.7 times": Bill(
        "openai/gpt-4o",
        GPT,
        ((86, "4.25"), (1920, "2.125"), (300, "17")),
        OPENAI,
        options={"service_tier": "priority"},
    ),
    "default is standard": Bill(
        "openai/gpt-4o",
        {"service_tier": "default", "usage": chat(1000, 100)},
        ((1000, "2.5"), (100, "10")),
        "openai 3.54 types/chat/chat_completion.py, service_tier",
    ),
    "a write costs a quarter more": Bill(
        "openai/gpt-6.1-sol",
        responses(200_000, 1000, **LONG),
        ((50_000, "2"), (100_000, "0.1"), (50_000, "2.5"), (1000, "10")),
        "https://developers.openai.com/api/docs/guides/prompt-caching",
    ),
    "a write for 12 hours costs two and a half times": Bill(
        "openai/gpt-6.1-sol",
        responses(
            200_000, 1000, **LONG, cache_write_tokens_details={"ttl_30m_tokens": 20_000, "ttl_12h_tokens": 30_000}
        ),
        ((50_000, "2"), (100_000, "0.1"), (20_000, "2.5"), (30_000, "5"), (1000, "10")),
        OPENAI,
    ),
    "at 272,000 it is the usual price": Bill(
        "openai/gpt-6.1-sol",
        responses(272_000, 1000, cached_tokens=72_000),
        ((200_000, "2"), (72_000, "0.1"), (1000, "10")),
        OPENAI,
    ),
    "above 272,000 all tokens are dearer": Bill(
        "openai/gpt-6.1-sol",
        responses(272_001, 1000, cached_tokens=72_001),
        ((200_000, "4"), (72_001, "0.2"), (1000, "15")),
        OPENAI,
    ),
    "above 272,000 by flex": Bill(
        "openai/gpt-6.1-sol",
        responses(272_001, 1000),
        ((272_001, "2"), (1000, "7.5")),
        OPENAI,
        options={"service_tier": "flex"},
    ),
    "o3 before its price fell": Bill(
        "openai/o3",
        chat(1000, 100, completion_tokens_details={"reasoning_tokens": 90}),
        ((1000, "10"), (100, "40")),
        f"{OPENAI} (its history: genai-prices 0.2.3)",
        options={"at": "2025-06-09"},
    ),
    "o3 since": Bill(
        "openai/o3",
        chat(1000, 100, completion_tokens_details={"reasoning_tokens": 90}),
        ((1000, "2"), (100, "8")),
        f"{OPENAI} (its history: genai-prices 0.2.3)",
        options={"at": "2025-06-10"},
    ),
    "gpt-5.6-sol before 2026-08-21": Bill(
        "openai/gpt-5.6-sol", chat(1000, 100), ((1000, "5"), (100, "30")), OPENAI, options={"at": "2026-08-20"}
    ),
    "gpt-5.6-sol since": Bill(
        "openai/gpt-5.6-sol", chat(1000, 100), ((1000, "4"), (100, "20")), OPENAI, options={"at": "2026-08-21"}
    ),
    "searches of Responses": Bill(
        "openai/gpt-5",
        {"output": [{"type": "web_search_call", "action": {"type": "search"}}] * 2, "usage": responses(1000, 100)},
        ((1000, "1.25"), (100, "10")),
        OPENAI,
        fees="0.02",
    ),
    "audio in and out": Bill(
        "openai/gpt-audio",
        chat(
            1000,
            500,
            prompt_tokens_details={"audio_tokens": 900, "text_tokens": 100},
            completion_tokens_details={"audio_tokens": 400, "text_tokens": 100},
        ),
        ((100, "2.5"), (900, "32"), (100, "10"), (400, "64")),
        OPENAI,
    ),
    # Google
    "gemini-2.5-pro": Bill("google/gemini-2.5-pro", GEMINI, ((50_000, "2.5"), (200_000, ".25"), (2000, "15")), GOOGLE),
    "gemini-2.5-pro at 200,000": Bill(
        "google/gemini-2.5-pro", gemini(200_000, 1000), ((200_000, "1.25"), (1000, "10")), GOOGLE
    ),
    "gemini-2.5-pro by batch": Bill(
        "google/gemini-2.5-pro",
        gemini(200_000, 1000),
        ((200_000, "0.625"), (1000, "5")),
        GOOGLE,
        options={"service_tier": "batch"},
    ),
    "gemini-2.5-pro by flex, long": Bill(
        "google/gemini-2.5-pro",
        gemini(200_001, 1000, serviceTier="flex"),
        ((200_001, "1.25"), (1000, "7.5")),
        "https://ai.google.dev/gemini-api/docs/flex-inference",
    ),
    "gemini-2.5-pro by priority": Bill(
        "google/gemini-2.5-pro",
        gemini(1000, 100, trafficType="ON_DEMAND_PRIORITY"),
        ((1000, "2.25"), (100, "18")),
        "https://ai.google.dev/gemini-api/docs/priority-inference",
    ),
    "what tools gave is input": Bill(
        "google/gemini-2.5-pro",
        gemini(1000, 100, toolUsePromptTokenCount=500),
        ((1500, "1.25"), (100, "10")),
        "google-genai 3.6 types.py, tool_use_prompt_token_count",
    ),
    "audio to Gemini": Bill(
        "google/gemini-2.5-flash",
        gemini(5000, 100, promptTokensDetails=SOUND),
        ((1000, ".30"), (4000, "1"), (100, "2.5")),
        GOOGLE,
    ),
    "audio that Gemini had": Bill(
        "google/gemini-2.5-flash",
        gemini(
            5000,
            100,
            promptTokensDetails=SOUND,
            cachedContentTokenCount=3000,
            cacheTokensDetails=[{"modality": "AUDIO", "tokenCount": 3000}],
        ),
        ((1000, ".30"), (1000, "1"), (3000, "0.1"), (100, "2.5")),
        GOOGLE,
    ),
    "an image from Gemini": Bill(
        "google/gemini-3-pro-image-preview",
        gemini(100, 1300, candidatesTokensDetails=[{"modality": "IMAGE", "tokenCount": 1120}], thoughtsTokenCount=200),
        ((100, "2"), (1120, "120"), (380, "12")),
        GOOGLE,
    ),
    "Gemini 3 bills each search": Bill(
        "google/gemini-3-pro-preview",
        {
            "modelVersion": "gemini-3-pro-preview",
            "candidates": [{"groundingMetadata": {"webSearchQueries": ["a", "b"]}}],
            "usageMetadata": gemini(1000, 100),
        },
        ((1000, "2"), (100, "12")),
        GOOGLE,
        fees="0.028",
    ),
    "Gemini 2.5 bills a prompt that searched": Bill(
        "google/gemini-2.5-pro",
        {
            "modelVersion": "gemini-2.5-pro",
            "candidates": [{"groundingMetadata": {"webSearchQueries": ["a", "b"]}}],
            "usageMetadata": gemini(1000, 100),
        },
        ((1000, "1.25"), (100, "10")),
        GOOGLE,
        fees="0.035",
    ),
    # OpenRouter
    "claude-sonnet-5.5 at OpenRouter": Bill(
        "openrouter/anthropic/claude-sonnet-5.5",
        ROUTED,
        ((1200, "2"), (40_000, ".1"), (8000, "2.5"), (1500, "10")),
        "https://openrouter.ai/anthropic/claude-sonnet-5.5",
    ),
    "a route has no price of its own": Bill(
        "openrouter/anthropic/claude-sonnet-5.5:nitro",
        ROUTED,
        ((1200, "2"), (40_000, ".1"), (8000, "2.5"), (1500, "10")),
        "https://openrouter.ai/docs/features/provider-routing",
    ),
    "a free variant is free": Bill(
        "openrouter/openai/gpt-oss-120b:free", chat(1000, 100), ((1100, "0"),), "https://openrouter.ai/docs/faq"
    ),
    # DeepSeek
    "DeepSeek's hits at night": Bill(
        "deepseek/deepseek-v4-pro",
        chat(1000, 100, prompt_cache_hit_tokens=640, prompt_cache_miss_tokens=360),
        ((360, "0.66"), (640, "0.022"), (100, "1.98")),
        DEEPSEEK,
        options={"at": "2026-11-23T00:59:59+00:00"},
    ),
    "DeepSeek at peak": Bill(
        "deepseek/deepseek-v4-pro",
        chat(1000, 100, prompt_cache_hit_tokens=640),
        ((360, "1.32"), (640, "0.044"), (100, "3.96")),
        DEEPSEEK,
        options={"at": "2026-11-23T01:00:00+00:00"},
    ),
    "DeepSeek after peak": Bill(
        "deepseek/deepseek-v4-pro",
        chat(1000, 100),
        ((1000, "0.66"), (100, "1.98")),
        DEEPSEEK,
        options={"at": "2026-11-23T10:00:00+00:00"},
    ),
    "DeepSeek on a Sunday": Bill(
        "deepseek/deepseek-v4-pro",
        chat(1000, 100),
        ((1000, "0.66"), (100, "1.98")),
        DEEPSEEK,
        options={"at": "2026-11-22T02:00:00+00:00"},
    ),
    "DeepSeek before there was a peak": Bill(
        "deepseek/deepseek-v4-pro",
        chat(1000, 100),
        ((1000, "0.435"), (100, "0.87")),
        DEEPSEEK,
        options={"at": "2026-08-14T02:00:00+00:00"},
    ),
    # and others
    "xAI's reasoning beside the completion": Bill(
        "xai/grok-4",
        chat(1000, 100, total_tokens=1400, completion_tokens_details={"reasoning_tokens": 300}),
        ((1000, "3"), (400, "15")),
        "https://docs.x.ai/developers/rate-limits",
    ),
    "Grok 4.20 at 200,000": Bill(
        "xai/grok-4.20",
        chat(200_000, 100),
        ((200_000, "2.5"), (100, "5")),
        "https://docs.x.ai/docs/models",
    ),
    "Groq's flex costs what on demand does": Bill(
        "groq/openai/gpt-oss-120b",
        {"service_tier": "flex", "usage": chat(1000, 100, 600)},
        ((400, "0.15"), (600, "0.075"), (100, "0.6")),
        "https://console.groq.com/docs/flex-processing",
    ),
    "Mistral's batch is half": Bill(
        "mistral/mistral-large-latest",
        chat(1000, 100),
        ((1000, "1"), (100, "3")),
        "https://docs.mistral.ai/capabilities/batch/",
        options={"service_tier": "batch"},
    ),
    "Perplexity's research": Bill(
        "perplexity/sonar-deep-research",
        chat(33, 7163, citation_tokens=20_016, num_search_queries=18, reasoning_tokens=73_995),
        ((33, "2"), (7163, "8"), (20_016, "2"), (73_995, "3")),
        "https://docs.perplexity.ai/docs/getting-started/pricing",
        fees="0.09",
    ),
    "Perplexity's requests have a fee": Bill(
        "perplexity/sonar",
        chat(100, 200),
        ((300, "1"),),
        "https://docs.perplexity.ai/docs/getting-started/pricing",
        fees="0.012",
    ),
    "Moonshot's reads": Bill(
        "moonshotai/kimi-k2-0905-preview",
        chat(1000, 100, cached_tokens=800),
        ((200, "0.6"), (800, "0.15"), (100, "2.5")),
        "https://platform.kimi.ai/docs/pricing/chat.md",
    ),
    "Z.AI's reads": Bill(
        "zai/glm-4.6",
        chat(1000, 100, 800),
        ((200, "0.6"), (800, "0.11"), (100, "2.2")),
        "https://docs.z.ai/guides/overview/pricing",
    ),
    "a machine of one's own is free": Bill("ollama/qwen3:8b", chat(1000, 100), ((1100, "0"),), "it runs here"),
    # by what the user knows
    "the user's price": Bill(
        "compatible/fake",
        chat(1000, 100, 800),
        ((200, "2"), (800, ".5"), (100, "8")),
        "--price",
        options={"price": "input=2,output=8,cache_read=.5"},
    ),
    "the user's price of a batch": Bill(
        "openai/gpt-5",
        GPT,
        ((86, "1"), (1920, ".1"), (300, "6")),
        "https://developers.openai.com/api/docs/guides/batch",
        options={"price": "input=2,output=12,cache_read=0.2", "service_tier": "batch"},
    ),
    "the user's price of a batch of a new model": Bill(
        "anthropic/claude-new",
        message(1000, 100, service_tier="batch"),
        ((1000, "4"), (100, "20")),
        "https://platform.claude.com/docs/en/build-with-claude/batch-processing#pricing",
        options={"price": "input=8,output=40"},
    ),
    "a tier that nobody knows": Bill(
        "compatible/fake", chat(1000, 100), None, "none", options={"price": "input=1,output=1", "service_tier": "batch"}
    ),
    "a model that nobody knows": Bill("openai/nothing", chat(1000, 100), None, "none"),
}
