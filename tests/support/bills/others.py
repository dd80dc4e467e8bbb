"""What OpenRouter, DeepSeek and others bill."""

from __future__ import annotations

from support.bills.form import DEEPSEEK, Bill, chat

ROUTED = chat(49_200, 1500, prompt_tokens_details={"cached_tokens": 40_000, "cache_write_tokens": 8000})

OTHER_BILLS: dict[str, Bill] = {
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
}
