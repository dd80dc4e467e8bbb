"""What a usage object of Chat Completions or of the Responses API says, in disjoint buckets. Pure.

Both count what was read from the cache and written to it as a part of the input. Servers that are compatible with them
have names of their own; each is read here, since none means anything else elsewhere.

Sources: openai 3.54 types/completion_usage.py and types/responses/response_usage.py; openrouter 1.3
components/chatusage.py and components/costdetails.py; https://api-docs.deepseek.com/guides/kv_cache;
https://docs.x.ai/developers/cost-tracking; https://docs.perplexity.ai/api-reference/chat-completions-post.
"""

from __future__ import annotations

from decimal import Decimal

from agentctl.providers.counts import (
    AbsurdError,
    Object,
    count,
    dollars,
    first,
    inside,
    items,
    kept,
    part,
    some,
    tier,
    unwrap,
)
from agentctl.usage import Detail, Usage

_TICK = Decimal("1e-10")  # dollars: xAI's unit of cost
_MOST_TICKS = 10**16


def read_usage(raw: object) -> Usage | None:
    """Return what a usage object, or an answer that holds one, says; None if it is nothing or can't be true."""
    usage, answer = unwrap(raw, "usage")
    try:
        if _tells(usage, "prompt_tokens", "completion_tokens"):
            return _chat(usage, answer)
        if _tells(usage, "input_tokens", "output_tokens"):
            return _responses(usage, answer)
    except AbsurdError:
        pass
    return None


def _tells(usage: Object, *names: str) -> bool:
    return any(usage.get(name) is not None for name in names)


def _total(raw: Object, name: str) -> int:
    """A count that a server without anything to count may leave out, or give as null."""
    return 0 if raw.get(name) is None else count(raw[name])


def _chat(raw: Object, answer: Object) -> Usage:
    prompt, output = _total(raw, "prompt_tokens"), _total(raw, "completion_tokens")
    given, made = _details(raw)
    read = part(
        given.get("cached_tokens"),
        raw.get("cached_tokens"),  # Moonshot
        raw.get("prompt_cache_hit_tokens"),  # DeepSeek
        raw.get("cache_read_input_tokens"),  # Databricks
    )
    written = part(
        given.get("cache_write_tokens"),
        given.get("cache_creation_tokens"),  # LiteLLM's proxy
        raw.get("cache_creation_input_tokens"),  # LiteLLM's proxy, Databricks
    )
    reasoning = part(made.get("reasoning_tokens"), raw.get("reasoning_tokens"))
    citations = first(raw.get("citation_tokens"))
    if "citation_tokens" in raw or raw.get("total_tokens") == prompt + output + reasoning:
        output += reasoning + citations  # Perplexity and xAI count them beside the answer
    counts: dict[Detail, int] = some(reasoning=min(reasoning, output), citations=citations)
    return _usage(raw, answer, (prompt, read, written, output), counts)


def _responses(raw: Object, answer: Object) -> Usage:
    prompt, output = _total(raw, "input_tokens"), _total(raw, "output_tokens")
    given, made = _details(raw)
    read = part(given.get("cached_tokens"), given.get("cache_read_input_tokens"))  # the second is Perplexity's
    written = part(given.get("cache_write_tokens"))
    counts: dict[Detail, int] = some(reasoning=min(part(made.get("reasoning_tokens")), output))
    return _usage(raw, answer, (prompt, read, written, output), counts)


def _details(raw: Object) -> tuple[Object, Object]:
    """Return what the input and the output are made of, under the names of either API."""
    return (
        inside(raw.get("prompt_tokens_details", raw.get("input_tokens_details"))),
        inside(raw.get("completion_tokens_details", raw.get("output_tokens_details"))),
    )


def _usage(raw: Object, answer: Object, totals: tuple[int, int, int, int], counts: dict[Detail, int]) -> Usage:
    """Split the totals (input, read, written, output), of which those of the cache are a part of the input."""
    prompt, read, written, output = totals
    given, made = _details(raw)
    read = min(read, prompt)
    written = min(written, prompt - read)
    # What has no lifetime given is of the shortest; 12 hours are the longest that there are.
    long = min(part(inside(given.get("cache_write_tokens_details")).get("ttl_12h_tokens")), written)
    plain = prompt - read - written
    details: dict[Detail, int] = some(
        audio_input=min(part(given.get("audio_tokens")), plain),
        image_input=min(part(given.get("image_tokens")), plain),
        video_input=min(part(given.get("video_tokens")), plain),
        audio_output=min(part(made.get("audio_tokens")), output),
        image_output=min(part(made.get("image_tokens")), output),
        web_searches=_searches(raw, answer),
    )
    return Usage(
        uncached_input=plain,
        cache_read=read,
        cache_write_short=written - long,
        cache_write_long=long,
        output=output,
        raw=kept(raw),
        details=counts | details,
        service_tier=tier(raw.get("service_tier"), answer.get("service_tier")),
        reported=_reported(raw),
    )


def _searches(raw: Object, answer: Object) -> int:
    """Count the web searches: servers tell the number, OpenAI shows each one in the answer's output."""
    told = part(
        inside(raw.get("server_tool_use_details")).get("web_search_requests"),  # OpenRouter
        raw.get("num_search_queries"),  # Perplexity
    )
    calls = [one for one in map(inside, items(answer.get("output"))) if one.get("type") == "web_search_call"]
    # Opening a page and finding something in it are free. Early answers had no action.
    return told or sum(inside(call.get("action")).get("type", "search") == "search" for call in calls)


def _reported(raw: Object) -> Decimal | None:
    """Return the dollars that the server says it charged.

    At OpenRouter a call by a key of the user's own is also charged by the provider behind it. Without such a key the
    cost of that provider is told too, and is a part of `cost`.
    """
    cost = dollars(raw.get("cost"))
    if cost is not None:
        upstream = dollars(inside(raw.get("cost_details")).get("upstream_inference_cost"))
        return cost + upstream if upstream is not None and raw.get("is_byok") is True else cost
    if (perplexity := dollars(inside(raw.get("cost")).get("total_cost"))) is not None:
        return perplexity
    ticks = raw.get("cost_in_usd_ticks")  # xAI
    return ticks * _TICK if type(ticks) is int and 0 <= ticks <= _MOST_TICKS else None
