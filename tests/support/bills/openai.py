"""What OpenAI bills."""

from __future__ import annotations

from support.bills.form import OPENAI, Bill, chat, responses

GPT = chat(2006, 300, 1920)
LONG = {"cached_tokens": 100_000, "cache_write_tokens": 50_000}

OPENAI_BILLS: dict[str, Bill] = {
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
}
