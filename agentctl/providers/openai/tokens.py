"""What a usage object of Chat Completions says, in disjoint buckets. Pure.

Source: https://platform.openai.com/docs/guides/prompt-caching
"""

from __future__ import annotations

from collections.abc import Mapping

from agentctl.usage import Usage

_MOST = 10**9  # tokens of one call; whoever reports more is wrong


def read_usage(raw: object) -> Usage | None:
    """Return the tokens of a usage object; None if it says nothing, or what can't be true.

    `prompt_tokens` includes what was read from the cache and written to it, so these are at most the whole prompt.
    """
    if not isinstance(raw, Mapping) or not ("prompt_tokens" in raw or "completion_tokens" in raw):
        return None
    details = raw.get("prompt_tokens_details")
    details = details if isinstance(details, Mapping) else {}
    prompt, output = _count(raw.get("prompt_tokens", 0)), _count(raw.get("completion_tokens", 0))
    # Servers that count no cache say null here, of a usage that is good otherwise.
    read, written = _count(details.get("cached_tokens") or 0), _count(details.get("cache_write_tokens") or 0)
    if prompt is None or output is None or read is None or written is None:
        return None
    read = min(read, prompt)
    written = min(written, prompt - read)
    return Usage(prompt - read - written, read, written, output=output, raw=raw)


def _count(value: object) -> int | None:
    """A number of tokens, or None for what can't be one."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= _MOST else None
