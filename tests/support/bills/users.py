"""What a call costs by what the user knows."""

from __future__ import annotations

from support.bills.form import Bill, chat, message

GPT = chat(2006, 300, 1920)

USERS_BILLS: dict[str, Bill] = {
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
