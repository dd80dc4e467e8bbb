"""What a usage object of Anthropic's Messages API says, in disjoint buckets. Pure.

`input_tokens` is without what was read from the cache and written to it; `output_tokens` is with what was thought.

Sources: anthropic 2.12 types/usage.py, types/message_delta_usage.py and types/beta/beta_usage.py;
https://platform.claude.com/docs/en/build-with-claude/prompt-caching.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.providers.counts import AbsurdError, Object, first, inside, items, kept, part, some, tier, unwrap
from agentctl.usage import Usage

_ABROAD = frozenset({"global", "not_available"})  # served wherever there was room, at the usual price


def read_usage(raw: object) -> Usage | None:
    """Return what a usage object, or a message that holds one, says; None if it says nothing, or what can't be true.

    Of a streamed answer give what `merge` makes of its usage objects.
    """
    usage, _ = unwrap(raw, "usage")
    if "input_tokens" not in usage and "output_tokens" not in usage:
        return None
    try:
        return _usage(usage)
    except AbsurdError:
        return None


def merge(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    """Return the usage of a stream so far: each event counts all tokens anew, but tells only some of the facts.

    The lifetimes of cache writes, the service tier and the region come with `message_start` alone.
    """
    return {**earlier, **{name: value for name, value in later.items() if value is not None}}


def _usage(raw: Object) -> Usage:
    # A compaction is a call of its own, billed and not a part of the totals.
    calls = [raw, *(one for one in map(inside, items(raw.get("iterations"))) if one.get("type") == "compaction")]
    written = [_written(one) for one in calls]
    output = sum(first(one.get("output_tokens")) for one in calls)
    region = raw.get("inference_geo")
    return Usage(
        uncached_input=sum(first(one.get("input_tokens")) for one in calls),
        cache_read=sum(first(one.get("cache_read_input_tokens")) for one in calls),
        cache_write_short=sum(short for short, _ in written),
        cache_write_long=sum(long for _, long in written),
        output=output,
        raw=kept(raw),
        details=some(
            reasoning=min(part(inside(raw.get("output_tokens_details")).get("thinking_tokens")), output),
            web_searches=part(inside(raw.get("server_tool_use")).get("web_search_requests")),
        ),
        service_tier=tier(raw.get("service_tier")),
        region=region if isinstance(region, str) and region and region not in _ABROAD else None,
        speed="fast" if raw.get("speed") == "fast" else None,
    )


def _written(raw: Object) -> tuple[int, int]:
    """Return the tokens written for 5 minutes and for an hour; the total, where it is told too, is not one more."""
    split = inside(raw.get("cache_creation"))
    short, long = part(split.get("ephemeral_5m_input_tokens")), part(split.get("ephemeral_1h_input_tokens"))
    total = first(raw.get("cache_creation_input_tokens"))
    return max(short, total - long), long
