"""What Anthropic bills."""

from __future__ import annotations

from support.bills.form import ANTHROPIC, CACHING, Bill, message

CACHED = message(
    1200,
    1500,
    cache_read_input_tokens=40000,
    cache_creation_input_tokens=8000,
    cache_creation={"ephemeral_5m_input_tokens": 3000, "ephemeral_1h_input_tokens": 5000},
)
SONNET = ((1200, "3"), (3000, "3.75"), (5000, "6"), (40000, ".30"), (1500, "15"))
HALF = ((1200, "1.5"), (3000, "1.875"), (5000, "3"), (40000, ".15"), (1500, "7.5"))

ANTHROPIC_BILLS: dict[str, Bill] = {
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
}
