"""Our catalog and arithmetic against genai-prices' own, over every OpenAI model we price.

Three rules explain all differences, and each is tested: models whose cost our buckets can't tell are left out; writes
that live long have no price there; a compact date in a model's name, which OpenAI does not know, is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import genai_prices
import pytest
from genai_prices.data import providers
from genai_prices.types import ClauseContains, ClauseEquals, ClauseOr, ClauseRegex, ClauseStartsWith, MatchLogic
from hypothesis import given, settings
from hypothesis import strategies as st

from agentctl.economy.catalog import Catalog
from agentctl.economy.pricing import price
from agentctl.usage import Usage

OPENAI = next(provider for provider in providers if provider.id == "openai")
# No text alone, or a fee for every call.
LEFT_OUT = re.compile("audio|realtime|tts|transcribe|image|-search-|moderation|embedding|whisper|gpt-live")
CATALOG = Catalog()


def names(match: MatchLogic) -> Iterator[str]:
    """Yield names that a rule of genai-prices accepts."""
    match match:
        case ClauseOr(clauses):
            for clause in clauses:
                yield from names(clause)
        case ClauseEquals(text) | ClauseContains(text):
            yield text
        case ClauseStartsWith(text):
            yield from (text, f"{text}2024-08-06")
        case ClauseRegex(pattern):
            yield pattern.strip("^$").replace(r"\d{4}-\d{2}-\d{2}", "2026-10-01").replace("\\", "")


NAMES = sorted({name for model in OPENAI.models for name in (model.id, *names(model.match))})
PRICED = [name for name in NAMES if CATALOG.find(f"openai/{name}").prices]
DAYS = st.integers(0, 3000).map(lambda days: datetime(2020, 1, 1, 12, tzinfo=UTC) + timedelta(days=days))
# The thresholds lie at 272,000 tokens.
TOTALS = st.one_of(st.integers(0, 2_000_000), st.integers(271_999, 272_001), st.integers(0, 20))


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Draw a call: a total of input split into plain, read and written tokens, and an output."""
    total = draw(TOTALS)
    cached = draw(st.integers(0, total))
    written = draw(st.integers(0, cached))
    return Usage(total - cached, cached - written, written, 0, draw(TOTALS))


def peer(name: str, usage: Usage, at: datetime) -> Decimal:
    """Return what genai-prices says the call costs."""
    theirs = genai_prices.Usage(
        input_tokens=usage.input,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write_short,
        output_tokens=usage.output,
    )
    found = genai_prices.calc_price(theirs, name, provider_id="openai", genai_request_timestamp=at)
    return found.total_price


def micros(at: datetime) -> int:
    """Return the moment in epoch µs."""
    return int(at.timestamp() * 1_000_000)


@settings(max_examples=40)
@given(usages(), DAYS)
def test_every_model_costs_what_the_peer_says(usage: Usage, at: datetime) -> None:
    """For any usage on any day, each model that we price costs the same to the last digit."""
    for name in PRICED:
        assert price(usage, CATALOG.find(f"openai/{name}"), micros(at)) == peer(name, usage, at), name


@pytest.mark.parametrize("name", NAMES)
def test_names_resolve_as_the_peers_do(name: str) -> None:
    """A name, alias or snapshot that the peer knows gets the same prices here, unless it is no plain text model."""
    theirs = OPENAI.find_model(name)
    row = CATALOG.find(f"openai/{name}")
    if theirs is None or LEFT_OUT.search(name):
        assert row.prices is None
    else:
        assert row.prices is not None


@given(st.text(max_size=20) | st.sampled_from(NAMES).flatmap(lambda name: st.text(max_size=3).map(name.__add__)))
def test_unknown_names_stay_unknown(name: str) -> None:
    """A name that the peer does not know has no price here either."""
    if OPENAI.find_model(name) is None:
        assert CATALOG.find(f"openai/{name}").prices is None


def test_writes_that_live_long_are_unknown_where_writes_have_a_price() -> None:
    """The peer holds no price of OpenAI's 12-hour writes: their cost is unknown, not that of a short one."""
    long_write = Usage(cache_write_long=1)
    assert price(long_write, CATALOG.find("openai/gpt-6.1-sol")) is None
    assert price(long_write, CATALOG.find("openai/gpt-5")) == Decimal("0.00000125")


def test_the_peer_prices_more_than_a_handful() -> None:
    """The comparison is not of nothing: it covers the models of the catalog, snapshots and aliases."""
    assert len(PRICED) > 150
    assert {"gpt-4o-2024-08-06", "gpt-5.6", "gpt-6-astra-2026-10-01", "o3"} <= set(PRICED)
