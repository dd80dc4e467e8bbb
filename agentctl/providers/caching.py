"""What the prompt caches of the APIs do, as data, by the generation of a model. Pure.

Sources, read on 2026-11-27: https://platform.claude.com/docs/en/build-with-claude/prompt-caching;
https://developers.openai.com/api/docs/guides/prompt-caching, openai 3.54 types/responses/response_create_params.py;
https://ai.google.dev/gemini-api/docs/caching; https://openrouter.ai/docs/guides/best-practices/prompt-caching.
"""

from __future__ import annotations

from dataclasses import replace

from agentctl.breakpoints import Rules
from agentctl.providers.base import Capabilities
from agentctl.providers.versions import GEMINI_3, gemini, keeps_a_day, takes_marks

CLAUDE = Rules(marks=4, short="5m", long="1h", look_back=20, hoists=True, tools=True, answers=True)
MARKED = Rules(marks=4, implicit=True, declines=True, short="30m", wide=True)
"""GPT-5.6 and later, in Chat Completions."""
KEPT_A_DAY = Rules(implicit=True, short="5m", long="24h", wide=True)
KEYED = Rules(implicit=True, short="5m", wide=True)
GEMINI = Rules(implicit=True, short="5m", least=2048, hoists=True, rents=True)
ROUTED_CLAUDE = replace(CLAUDE, long=None, answers=False)
"""Behind OpenRouter, which forgets after 10 minutes whom it asked: who pays for an hour may be led elsewhere."""
ROUTED_GEMINI = Rules(marks=1, implicit=True, short="5m", renews=False, least=4096, hoists=True)
"""Behind OpenRouter, which uses the last mark alone and keeps it for 5 minutes, however often it is read."""
NOTHING_KNOWN = Rules(implicit=True)


def rules(capabilities: Capabilities, model: str) -> Rules:
    """Return what the cache of a server does for a model, by the provider's own name for it."""
    match capabilities.api:
        case "messages":
            return CLAUDE if "claude" in model else NOTHING_KNOWN
        case "responses":
            return replace(MARKED, long="12h") if takes_marks(model) else _older(model)
        case "chat" if capabilities.cache_key:
            return MARKED if takes_marks(model) else _older(model)
        case "gemini":
            return replace(GEMINI, least=4096) if gemini(model) >= GEMINI_3 else GEMINI
        case "openrouter":
            return _routed(model)
    return NOTHING_KNOWN


def _older(model: str) -> Rules:
    """OpenAI before GPT-5.6."""
    return KEPT_A_DAY if keeps_a_day(model) else KEYED


def _routed(model: str) -> Rules:
    vendor, _, name = model.lower().partition("/")
    match vendor:
        case "anthropic":
            return ROUTED_CLAUDE
        case "google" if name.startswith("gemini"):
            return ROUTED_GEMINI
        case "openai" if takes_marks(name):
            return MARKED
    return NOTHING_KNOWN
