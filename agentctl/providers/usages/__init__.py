"""Reads the usage that any provider reports, told apart by its form. Pure.

A module for each form, beside the codecs and not in them: what a usage costs is asked for without a codec, too.
"""

from __future__ import annotations

from dataclasses import replace

from agentctl.providers.counts import Object, is_batched, unwrap
from agentctl.providers.usages import anthropic, google, openai
from agentctl.usage import Usage

_MESSAGES = frozenset({"anthropic", "messages"})
_TELLING = ("cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation")


def read_usage(api: str, raw: object) -> Usage | None:
    """Return what a provider's usage object, or an answer that holds one, says in disjoint buckets.

    Most providers answer in several forms, which look unlike each other; only where the form leaves it open does it
    matter whose it is.

    Args:
        api: the name of a provider or of an API ("anthropic", "openrouter", "chat", "messages" …).
        raw: what came, as JSON has it.

    Returns:
        None if it holds no usage, or one that can't be true.
    """
    usage, _ = unwrap(raw, "usage")
    message = usage and _is_message(api, usage)
    found = anthropic.read_usage(raw) if message else openai.read_usage(raw) or google.read_usage(raw)
    return replace(found, service_tier="batch") if found and is_batched(raw) else found


def _is_message(api: str, usage: Object) -> bool:
    """Whether it is of Anthropic's form, in which the input does not include what the cache was used for."""
    if "prompt_tokens" in usage or "input_tokens_details" in usage:
        return False
    return api in _MESSAGES or any(name in usage for name in _TELLING)
