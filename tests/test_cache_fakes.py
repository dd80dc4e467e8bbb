"""The fake prompt caches do what the vendors' documents say, in their own examples; and the optimum is one."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.caches.anthropic import AnthropicCache
from support.caches.google import GeminiCache
from support.caches.openai import MarkedCache, OlderCache
from support.caches.openrouter import RoutedCache
from support.caches.optimum import Costs, Marks, exhaustive, optimum
from support.caches.pieces import Clock, Piece, Spent
from support.caches.server import CachingAnthropic
from support.vendors.bill import Price
from support.vendors.checks import RefusedError


def row(number: int, *, marks: dict[int, str] | None = None, size: int = 1000, kind: str = "text") -> list[Piece]:
    """So many blocks, counted from one, of which some are marked."""
    return [Piece(f"block {one}", kind, (marks or {}).get(one), ends=True, tokens=size) for one in range(1, number + 1)]


def test_anthropics_example_of_a_growing_conversation() -> None:
    """10, 15 and 35 blocks: the last looks at 35 to 16 and finds nothing, unless there is a mark at 15 too."""
    cache = AnthropicCache(Clock())
    assert cache.serve("m", row(10, marks={10: "5m"})) == Spent(0, 0, 10_000)
    assert cache.serve("m", row(15, marks={15: "5m"})) == Spent(0, 10_000, 5_000)
    assert cache.serve("m", row(35, marks={35: "5m"})) == Spent(0, 0, 35_000)
    other = AnthropicCache(Clock())
    other.serve("m", row(15, marks={15: "5m"}))
    assert other.serve("m", row(35, marks={15: "5m", 35: "5m"})) == Spent(0, 15_000, 20_000)
    assert other.serve("other", row(35, marks={35: "5m"})).read == 0


@pytest.mark.parametrize(("runs", "read"), [(True, 1000), (False, 0)])
def test_a_run_of_results_is_one_position(runs: bool, read: int) -> None:
    """On the Claude API; elsewhere each block is one."""
    cache = AnthropicCache(Clock(), 0, runs=runs)
    cache.serve("m", row(1, marks={1: "5m"}))
    results = [Piece(f"{one}", "tool_result", "5m" if one == 29 else None, tokens=10) for one in range(30)]
    assert cache.serve("m", [*row(1), *results]).read == read


def test_anthropics_lifetimes() -> None:
    """5 minutes from the last use, or an hour."""
    clock = Clock()
    cache = AnthropicCache(clock, 1000)
    cache.serve("m", row(3, marks={1: "1h", 3: "5m"}))
    for wait, read in ((299, 3000), (299, 3000), (301, 1000), (3599, 1000), (3601, 0)):
        clock.wait(wait)
        assert cache.serve("m", row(3, marks={1: "1h", 3: "5m"})).read == read


def test_anthropics_bill_of_mixed_lifetimes() -> None:
    """A is read, B - A is written for an hour and C - B for 5 minutes; what comes after C is neither."""
    cache = AnthropicCache(Clock())
    cache.serve("m", row(2, marks={2: "5m"}))
    assert cache.serve("m", row(7, marks={4: "1h", 6: "5m"})) == Spent(1000, 2000, 2000, 2000)


def test_what_anthropic_refuses_and_what_it_ignores() -> None:
    """Too many marks, and the longer after the shorter; not what is too short, which is just not cached."""
    cache = AnthropicCache(Clock(), 4096)
    with pytest.raises(RefusedError, match="A maximum of 4"):
        cache.serve("m", row(5, marks=dict.fromkeys(range(1, 6), "5m")))
    with pytest.raises(RefusedError, match="must not come after"):
        cache.serve("m", row(5, marks={1: "5m", 2: "1h"}))
    assert [cache.serve("m", row(4, marks={4: "5m"})) for _ in range(2)] == [Spent(4000)] * 2


def test_anthropics_usage_and_bill() -> None:
    """Over HTTP: the usage is told as Anthropic does, the bill is by lifetime, and a mark out of order is a 400."""
    price = Price(Decimal(3), Decimal(15), Decimal("0.3"), Decimal("3.75"), Decimal(6))
    hour, minutes = ({"cache_control": {"type": "ephemeral", **one}} for one in ({"ttl": "1h"}, {}))
    with CachingAnthropic(AnthropicCache(Clock()), price=price) as vendor:
        usage = ask(vendor, hour, minutes)["usage"]
        written = usage["cache_creation"]
        assert usage["cache_creation_input_tokens"] == sum(written.values()) > 0
        assert min(written.values()) > 0
        (charge,) = vendor.bill.charges
        assert charge.tokens.written_long == written["ephemeral_1h_input_tokens"]
        assert charge.usd == price.of(charge.tokens)
        assert ask(vendor, hour, minutes)["usage"]["cache_read_input_tokens"] == usage["cache_creation_input_tokens"]
        assert "must not come after" in ask(vendor, minutes, hour)["error"]["message"]


def ask(vendor: CachingAnthropic, first: Any, second: Any) -> Any:
    """The answer to a request with two marks."""
    text = "many words " * 1000
    body = {
        "model": "claude-sonnet-4-5",
        "max_tokens": 10,
        "system": [{"type": "text", "text": text, **first}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": text, **second}]}],
    }
    headers = {"x-api-key": vendor.key, "anthropic-version": "2023-06-01", "content-type": "application/json"}
    request = urllib.request.Request(f"{vendor.url}/v1/messages", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)


def talk(*kinds: str, marks: Sequence[int] = (), size: int = 1000) -> list[Piece]:
    """Messages of these kinds, some marked."""
    return [
        Piece(f"{number} {kind}", kind, "explicit" if number in marks else None, ends=True, tokens=size)
        for number, kind in enumerate(kinds)
    ]


def test_gpt_keeps_the_end_of_the_last_message_it_can() -> None:
    """Unasked: of the user's, of a group of results, never of an answer; and finds earlier ones, up to 20."""
    clock = Clock()
    cache = MarkedCache(clock)
    assert cache.serve("m", talk("system", "user")) == Spent(0, 0, 2000)
    assert cache.serve("m", talk("system", "user", "assistant", "tool", "tool")) == Spent(0, 2000, 3000)
    assert cache.serve("m", talk("system", "user", "assistant")).read == 2000
    assert cache.serve("other key", talk("system", "user")).read == 0
    assert cache.serve("m", talk("system", "user", *["assistant", "user"] * 20)).read == 2000
    clock.wait(1801)
    assert cache.serve("m", talk("system", "user"), ttl="12h") == Spent(0, 0, 0, 2000)
    clock.wait(40_000)
    assert cache.serve("m", talk("system", "user")).read == 2000


def test_gpt_keeps_what_is_marked_and_nothing_else_if_it_is_told_so() -> None:
    """Explicitly: up to four marks, the latest; without any, nothing. A short beginning is not kept."""
    cache = MarkedCache(Clock())
    assert cache.serve("m", talk("system", "user"), mode="explicit") == Spent(2000)
    assert cache.serve("m", talk("system", "user")).read == 0
    assert cache.serve("n", talk("system", "user", marks=[0]), mode="explicit") == Spent(2000)  # 1000 tokens
    six = ["user"] * 6
    assert cache.serve("o", talk(*six, marks=range(6)), mode="explicit") == Spent(0, 0, 6000)
    for place, read in ((1, 0), (2, 3000)):
        assert cache.serve("o", talk(*six, marks=[place]), mode="explicit").read == read


def test_an_older_gpt_needs_a_key() -> None:
    """Which leads to the machine that keeps it, in steps of 128 tokens, up to 15 requests a minute."""
    clock = Clock()
    cache = OlderCache(clock)
    pieces = [Piece("word " * 4000, "user", ends=True)]
    assert [cache.serve("m", None, pieces).read for _ in range(2)] == [0, 0]
    assert [cache.serve("m", "k", pieces).read for _ in range(15)] == [0] + [4992] * 14
    assert cache.serve("m", "k", pieces).read == 0
    clock.wait(301)
    assert cache.serve("m", "k", pieces, retention="24h").read == 0
    clock.wait(80_000)
    assert cache.serve("m", "k", pieces).read == 4992


def test_gemini_keeps_of_itself_and_on_purpose() -> None:
    """For a few minutes for nothing, or until it expires for a price, if there is enough of it."""
    clock = Clock()
    cache = GeminiCache(clock)
    assert cache.serve("m", row(3)) == Spent(3000)
    assert cache.serve("m", row(4)) == Spent(1000, 3000)
    clock.wait(301)
    assert cache.serve("m", row(4)) == Spent(4000)
    with pytest.raises(RefusedError, match="too small"):
        cache.create("m", row(1), 3600)
    name, spent = cache.create("m", row(5), 3600)
    assert spent == Spent(5000)
    clock.wait(1800)
    assert cache.serve("m", row(1), name) == Spent(1000, 5000)
    assert cache.token_hours == 2500
    for other in ("n", "m"):
        with pytest.raises(RefusedError, match="not found"):
            cache.serve(other, row(1), name if other == "n" else "cachedContents/none")
    clock.wait(1801)
    with pytest.raises(RefusedError, match="not found"):
        cache.serve("m", row(1), name)
    assert cache.token_hours == 5000


def test_openrouter_leads_a_session_to_one_provider() -> None:
    """For 10 minutes; without a name, only what hit a cache. Gemini's last mark alone counts, and no use renews it."""
    clock = Clock()
    cache = RoutedCache(clock)
    claude, gemini = "anthropic/claude-sonnet-4.5", "google/gemini-2.5-pro"
    marked = row(5, marks={2: "5m", 5: "5m"})
    assert [cache.serve(claude, None, marked).read for _ in range(4)] == [0, 0, 5000, 5000]
    assert [cache.serve(claude, "s", row(6, marks={6: "5m"})).read for _ in range(2)] == [5000, 6000]
    clock.wait(601)
    assert cache.serve(claude, "s", marked).read == 0
    assert [cache.serve(gemini, "s", marked).read for _ in range(2)] == [0, 5000]
    for wait, read in ((200, 5000), (101, 0)):
        clock.wait(wait)
        assert cache.serve(gemini, "s", marked).read == read
    assert cache.serve(gemini, "s", row(5, marks={2: "5m"})) == Spent(5000)
    assert cache.serve("x-ai/grok", "s", marked) == Spent(5000)


@settings(max_examples=25)
@given(
    st.lists(st.integers(300, 3000), min_size=2, max_size=3),
    st.lists(st.sampled_from([10.0, 400.0, 2000.0, 4000.0]), min_size=2, max_size=2),
    st.sampled_from([0.025, 0.1, 0.5]),
)
def test_the_optimum_is_what_trying_everything_finds(sizes: list[int], gaps: list[float], read: float) -> None:
    """Up to three requests of up to six blocks: all marks of all lifetimes, by the cache's own rules."""
    costs = Costs(read=read)
    blocks = [half for size in sizes for half in (size // 3, size - size // 3)]
    requests = [2 * number for number in range(1, len(sizes) + 1)]

    def serve(plans: Sequence[Marks]) -> float:
        clock, total = Clock(), 0.0
        cache = AnthropicCache(clock, 1024)
        for number, (count, marks) in enumerate(zip(requests, plans, strict=True)):
            clock.wait(gaps[number - 1] if number else 0)
            named = dict(marks)
            pieces = [Piece(str(one), mark=named.get(one), tokens=blocks[one]) for one in range(count)]
            total += costs.of(cache.serve("m", pieces))
        return total

    found = exhaustive(requests[:2], serve, most=3) if len(sizes) == 2 else exhaustive(requests, serve, most=2)
    ends = [sum(blocks[: number + 1]) for number in range(len(blocks))]
    asked = [ends[count - 1] for count in requests]
    assert optimum(asked, ends, gaps, costs, least=1024, reached=found * 2) == pytest.approx(found)
