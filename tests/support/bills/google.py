"""What Google bills."""

from __future__ import annotations

from support.bills.form import GOOGLE, Bill, gemini

GEMINI = gemini(250_000, 500, cachedContentTokenCount=200_000, thoughtsTokenCount=1500)
SOUND = [{"modality": "TEXT", "tokenCount": 1000}, {"modality": "AUDIO", "tokenCount": 4000}]

GOOGLE_BILLS: dict[str, Bill] = {
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
}
