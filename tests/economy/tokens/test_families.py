"""Which tokenizer a model's name means."""

from __future__ import annotations

import re

import pytest

from agentctl.economy.catalog import Catalog
from agentctl.economy.tokens.families import family_of


@pytest.mark.parametrize(
    ("family", "models"),
    [
        ("gpt-4o", "openai/gpt-4o openai/chatgpt-4o-latest openai/gpt-4o-2024-08-06 openrouter/openai/gpt-4o:extended"),
        ("gpt-4o", "azure/gpt-4o-mini openai/ft:gpt-4o-mini-2024-07-18:acme::abc"),
        ("gpt-4.1", "openai/gpt-4.1-nano openai/gpt-4.5-preview"),
        ("gpt-5", "openai/gpt-5 openai/gpt-5.6-mini openai/o1 openai/o3-mini openai/o4-mini-2025-04-16"),
        ("gpt-5", "openrouter/openai/o3 openai/codex-mini-latest openai/computer-use-preview openai/gpt-5-codex"),
        ("gpt-6", "openai/gpt-6 openrouter/openai/gpt-6.1-sol:batch openai/gpt-10"),
        ("gpt-oss", "groq/openai/gpt-oss-120b local/gpt-oss-20b"),
        (
            "gpt-4",
            "openai/gpt-4 openai/gpt-4-turbo openai/gpt-3.5-turbo azure/gpt-35-turbo openai/text-embedding-3-small",
        ),
        ("claude", "anthropic/claude-3-5-sonnet-20241022 anthropic/claude-3.7-sonnet anthropic/claude-2.1"),
        ("claude", "anthropic/claude-opus-4-20250514 anthropic/claude-opus-4-1 anthropic/claude-sonnet-4.5"),
        ("claude", "bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0 vertex/claude-opus-4-6@20260101"),
        ("claude 4.7", "anthropic/claude-opus-4-7 anthropic/claude-opus-4.8 anthropic/claude-sonnet-5-5"),
        ("claude 4.7", "openrouter/anthropic/claude-fable-5 anthropic/claude-opus-4-10 anthropic/claude-latest"),
        ("gemini", "google/gemini-3-pro-preview openrouter/google/gemma-3-27b-it"),
        (
            "llama 3",
            "groq/llama-3.3-70b-versatile openrouter/meta-llama/llama-4-scout groq/deepseek-r1-distill-llama-70b",
        ),
        ("llama 2", "x/llama-2-13b-chat x/codellama-34b x/mistral-7b-instruct"),
        (
            "qwen",
            "openrouter/qwen/qwen3-coder openrouter/qwen/qwq-32b openrouter/deepseek/deepseek-r1-distill-qwen-32b",
        ),
        ("mistral", "mistral/mistral-large-latest mistral/codestral-2508 openrouter/mistralai/devstral-medium"),
        ("deepseek", "deepseek/deepseek-reasoner openrouter/deepseek/deepseek-chat-v3.1:free"),
        ("grok", "xai/grok-4 openrouter/x-ai/grok-4-fast"),
        ("any", "local/smollm2 compatible/m azure/my-deployment openrouter/moonshotai/kimi-k2 openai/foo1"),
    ],
)
def test_names_of_models_mean_families(family: str, models: str) -> None:
    """With a router's or a vendor's name before them, with dates and suffixes after them."""
    assert {name: family_of(name).name for name in models.split()} == dict.fromkeys(models.split(), family)


def test_upper_case_is_no_other_model() -> None:
    """Hubs spell names as they like."""
    assert family_of("together/meta-llama/Llama-3.3-70B-Instruct-Turbo").name == "llama 3"
    assert family_of("together/Qwen/Qwen2.5-7B").name == "qwen"


def test_every_model_of_the_large_vendors_is_known() -> None:
    """Each chat model that the catalog has of OpenAI, Anthropic, Google and DeepSeek has a family."""
    chats = re.compile(r"openai/(?:gpt-[3-9]|o\d|gpt-audio)|(?:anthropic|google|deepseek)/")
    names = {card.name for card in Catalog().listing() if chats.match(card.name)}
    assert len(names) > 100
    assert {name for name in names if family_of(name).name == "any"} == set()
