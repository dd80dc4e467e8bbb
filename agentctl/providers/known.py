"""The providers that have a name here. Each is one value, and one file of prices in agentctl/economy/data/."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from agentctl.providers import compatible
from agentctl.providers.base import Capabilities


def _hint(provider: str, *variables: str) -> str:
    return f"`agentctl keys set {provider}`{f', or export {variables[0]}=…' if variables else ''}"


def _by_name(providers: Iterable[Capabilities]) -> Mapping[str, Capabilities]:
    return {one.provider: one for one in providers}


KNOWN = _by_name(
    (
        Capabilities(
            provider="openai",
            base_url="https://api.openai.com/v1",
            api="responses",
            key_variables=("OPENAI_API_KEY",),
            needs_key=True,
            key_hint=_hint("openai", "OPENAI_API_KEY"),
            output_limit_field="max_completion_tokens",
            media_types=("image/", "application/pdf"),
            cache_key=True,
            cache_diagnosis=True,
        ),
        Capabilities(
            provider="anthropic",
            base_url="https://api.anthropic.com",
            api="messages",
            key_variables=("ANTHROPIC_API_KEY",),
            needs_key=True,
            key_hint=_hint("anthropic", "ANTHROPIC_API_KEY"),
            media_types=("image/jpeg", "image/png", "image/gif", "image/webp", "application/pdf"),
            signatures="provider",
            tool_id="[a-zA-Z0-9_-]{1,64}",
            cache_diagnosis=True,
            headers={"anthropic-beta": "thinking-binding-controls-2026-08-01"},  # see anthropic/thinking.py
        ),
        Capabilities(
            provider="google",
            base_url="https://generativelanguage.googleapis.com",
            api="gemini",
            key_variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
            needs_key=True,
            key_hint=_hint("google", "GEMINI_API_KEY"),
            media_types=("image/", "audio/", "video/", "application/pdf"),
        ),
        Capabilities(
            provider="openrouter",
            base_url="https://openrouter.ai/api/v1",
            api="openrouter",
            key_variables=("OPENROUTER_API_KEY",),
            needs_key=True,
            key_hint=_hint("openrouter", "OPENROUTER_API_KEY"),
            media_types=("image/", "audio/", "video/", "application/pdf"),
            lists_freely=True,
        ),
        *(replace(one, key_hint=_hint(one.provider, *one.key_variables)) for one in compatible.PROVIDERS),
    )
)
"""By the name that stands before the first `/` of a model's."""

COMPATIBLE = Capabilities(
    provider="compatible",
    key_variables=("OPENAI_API_KEY",),
    key_hint=_hint("compatible", "OPENAI_API_KEY"),
    media_types=("",),  # any: the server itself knows what it takes
)
"""A server of which nothing is known but that it speaks Chat Completions."""
