"""Our catalog and arithmetic against genai-prices' own, over every provider and model that it knows.

Where the two differ there is a cause in a list below, with who says that we are right; a difference without one fails,
and so does a cause that nothing needs any more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import genai_prices
import pytest
from genai_prices.data import providers
from genai_prices.types import (
    ClauseAnd,
    ClauseContains,
    ClauseEndsWith,
    ClauseEquals,
    ClauseOr,
    ClauseRegex,
    ClauseStartsWith,
    ConditionalPrice,
    MatchLogic,
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from agentctl.economy.cards import ModelCard
from agentctl.economy.catalog import Catalog
from agentctl.economy.prices import Mode, mode_of
from agentctl.economy.pricing import price
from agentctl.usage import Usage

CATALOG = Catalog()
OURS = {"x-ai": "xai"}
PROVIDERS = {provider.id: provider for provider in providers}
CONTEXTS: dict[Mode, dict[str, str]] = {
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
    "fast": {"speed": "fast"},
}


def names(match: MatchLogic) -> Iterator[str]:
    """Yield names that a rule of genai-prices accepts, or may."""
    match match:
        case ClauseOr(clauses) | ClauseAnd(clauses):
            for clause in clauses:
                yield from names(clause)
        case ClauseEquals(text):
            yield from (text, text.upper())
        case ClauseContains(text):
            yield from (text, f"some-{text}-thing")
        case ClauseStartsWith(text):
            yield from (text, f"{text}2024-08-06", f"{text}-20240806")
        case ClauseEndsWith(text):
            yield f"some-{text}"
        case ClauseRegex(pattern):
            dated = pattern.replace(r"\d{4}-\d{2}-\d{2}", "2026-10-01").replace(r"\d{8}", "20261001")
            yield dated.strip("^$").replace("[-@]", "@").replace("\\", "")


def names_of(provider: Provider) -> list[str]:
    """Return names of all models of a provider."""
    return sorted({name for model in provider.models for name in (model.id, *names(model.match))})


def card_of(provider: Provider, name: str) -> ModelCard:
    """Return our card of a provider's model."""
    return CATALOG.find(f"{OURS.get(provider.id, provider.id)}/{name}")


def lists_of(model: ModelInfo) -> list[ConditionalPrice]:
    """Return a model's price lists there."""
    return [ConditionalPrice(prices=model.prices)] if isinstance(model.prices, ModelPrice) else model.prices


def keys_of(model: ModelInfo) -> set[str]:
    """Return what a model is billed for there."""
    return {key for one in lists_of(model) for key, value in vars(one.prices).items() if value is not None}


# Why a model that they price has no price here.
UNPRICED: dict[str, Callable[[Provider, ModelInfo], bool]] = {
    # A usage counts tokens: what is billed by the hour, page or letter can't be told from it. They bill nothing.
    "it is billed by something else than tokens": lambda _, model: bool(
        re.search("hours|kpages|mchars|messages", " ".join(keys_of(model)))
    ),
    # Their row is empty, which they bill as nothing; no vendor says that it is free.
    "nobody says what it costs": lambda _, model: not keys_of(model),
    # https://developers.openai.com/api/docs/pricing: each call of a search model bills a search.
    "every call bills a search without a known fee": lambda provider, model: (
        provider.id == "openai" and "-search-" in model.id and "web_searches_kcount" not in keys_of(model)
    ),
    # https://developers.openai.com/api/docs/pricing: audio and images cost many times what text does.
    "its audio or images have no price": lambda provider, model: (
        provider.id == "openai"
        and bool(re.search("audio|tts|image", model.id))
        and not re.search("audio|image", " ".join(keys_of(model)))
    ),
}


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
def test_names_mean_what_they_mean_to_the_peer(provider: Provider) -> None:
    """A name, alias or snapshot that the peer knows has a price here, or a cause; one that it doesn't know has none."""
    for name in names_of(provider):
        theirs, ours = provider.find_model(name, all_providers=providers), card_of(provider, name)
        if theirs is None:
            assert ours.prices is None, name
        elif ours.prices is None:
            assert any(cause(provider, theirs) for cause in UNPRICED.values()), name


def test_no_cause_is_idle() -> None:
    """Each cause of an absent price is that of some model."""
    named = ((provider, model, name_of(provider, model)) for provider in providers for model in provider.models)
    absent = [(provider, model) for provider, model, name in named if name and not card_of(provider, name).prices]
    assert {name for name, cause in UNPRICED.items() if any(cause(*one) for one in absent)} == set(UNPRICED)


@given(st.sampled_from(providers), st.data())
def test_unknown_names_stay_unknown(provider: Provider, data: st.DataObject) -> None:
    """A name that the peer does not know has no price here either."""
    near = st.sampled_from(names_of(provider)).flatmap(lambda name: st.text(max_size=3).map(name.__add__))
    name = data.draw(st.text(max_size=20) | near)
    routed = provider.id == "openrouter" and name.lower().endswith((":nitro", ":floor", ":exacto", ":online"))
    if provider.find_model(name, all_providers=providers) is None and not routed:
        assert card_of(provider, name).prices is None


@dataclass(frozen=True)
class Call:
    """One call of a model, and what both say that it costs."""

    model: ModelInfo
    usage: Usage
    at: datetime
    ours: Decimal | None
    theirs: Decimal

    @property
    def keys(self) -> set[str]:
        """What was billed on that day."""
        prices = self.model.get_prices(self.at)
        return {key for key, value in vars(prices).items() if value is not None}

    @property
    def variants(self) -> list[str]:
        """The days from which they know how a call served like this is billed."""
        context = CONTEXTS.get(mode_of(self.usage) or "standard", {})
        found = [one.constraint for one in self.model.price_variants or () if one.when == context]
        return [one.start_date.isoformat() if isinstance(one, StartDateConstraint) else "" for one in found]


def is_off_their_calendar(call: Call) -> bool:
    """Whether a call was made when DeepSeek's peak did not hold, which they can't say."""
    ours = {"deepseek-flash", "deepseek-v4-flash", "deepseek-v4-pro"}
    weekend = call.at.weekday() > 4
    return call.model.id in ours and (weekend or call.at < datetime(2026, 9, 10, tzinfo=UTC))


# Why a call costs something else than they say, and who says so.
CAUSES: dict[str, Callable[[Call], bool]] = {
    # A price that nobody knows is not 0: they bill nothing for tokens without a price.
    "there is output, and no price of it": lambda call: (
        call.ours is None and call.usage.output > 0 and "output_mtok" not in call.keys
    ),
    "there are searches, and no fee of them": lambda call: (
        call.ours is None and bool(call.usage.details.get("web_searches")) and "web_searches_kcount" not in call.keys
    ),
    # They bill long writes as short ones where they know no other price. Ours are of litellm's map, which has them from
    # https://developers.openai.com/api/docs/pricing, or unknown.
    "there are long writes, whose price they lack": lambda call: (
        call.usage.cache_write_long > 0 and "cache_write_mtok" in call.keys and "cache_write_1h_mtok" not in call.keys
    ),
    # https://api-docs.deepseek.com/updates: peak from 2026-08-17 on, and not on weekends from 2026-08-23 on. Their data
    # say in a comment that they can't express this (genai-prices#582).
    "DeepSeek's peak has a beginning and weekends": is_off_their_calendar,
    # They bill a tier as the usual one before the day on which they looked it up. The discount is the vendor's, on the
    # same usual price; where that was another one, ours is unknown.
    "a service tier before they looked it up": lambda call: (
        bool(call.variants) and call.at.date().isoformat() < max(call.variants)
    ),
    # They bill a tier that they do not know as the usual one. Ours is litellm's or the vendor's (each row says whose),
    # or unknown: https://platform.claude.com/docs/en/build-with-claude/batch-processing,
    # https://docs.mistral.ai/capabilities/batch/, https://ai.google.dev/gemini-api/docs/flex-inference.
    "a service tier that they do not know": lambda call: mode_of(call.usage) != "standard" and not call.variants,
}


@cache
def models_of(provider_id: str) -> list[tuple[ModelInfo, str, ModelCard]]:
    """Return the models of a provider that both price, with a name that means each to both."""
    provider = PROVIDERS[provider_id]
    found = ((model, name_of(provider, model)) for model in provider.models)
    cards = ((model, name, card_of(provider, name)) for model, name in found if name)
    return [(model, name, card) for model, name, card in cards if card.prices]


def name_of(provider: Provider, model: ModelInfo) -> str | None:
    """Return a name that means the model there, if any does: rules that stand above it can take all of them."""
    candidates = (model.id, *names(model.match))
    return next((name for name in candidates if provider.find_model(name) is model), None)


def calls(provider: Provider, usage: Usage, at: datetime) -> Iterator[Call]:
    """Yield the call of each model of a provider that both price."""
    for model, name, card in models_of(provider.id):
        theirs = genai_prices.calc_price(
            peer_usage(usage),
            name,
            provider_id=provider.id,
            genai_request_timestamp=at,
            price_context=CONTEXTS.get(mode_of(usage) or "standard"),
        )
        ours = price(usage, card, int(at.timestamp() * 1_000_000))
        yield Call(model, usage, at, ours, theirs.total_price)


def peer_usage(usage: Usage) -> genai_prices.Usage:
    """Return the same call in their terms, in which the parts of the cache are a part of the input."""
    details = {str(name): number for name, number in usage.details.items()}
    told: dict[str, Any] = {
        "input_tokens": usage.input,
        "cache_read_tokens": usage.cache_read,
        "cache_write_tokens": usage.cache_write_short + usage.cache_write_long,
        "cache_write_1h_tokens": usage.cache_write_long,
        "output_tokens": usage.output,
        "output_audio_tokens": details.get("audio_output", 0),
        "output_image_tokens": details.get("image_output", 0),
        "output_reasoning_tokens": details.get("reasoning", 0),
        "output_citation_tokens": details.get("citations", 0),
        "web_searches": details.get("web_searches", 0),
    }
    for kind in ("audio", "image"):
        told[f"cache_{kind}_read_tokens"] = details.get(f"{kind}_read", 0)
        told[f"input_{kind}_tokens"] = details.get(f"{kind}_input", 0) + details.get(f"{kind}_read", 0)
        told[f"cache_{kind}_write_tokens"] = told[f"cache_{kind}_write_1h_tokens"] = 0
    return genai_prices.Usage(**told)


DAYS = st.integers(0, 1500 * 1440).map(lambda minutes: datetime(2023, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))
# Thresholds lie at 32, 100, 128, 200, 256, 272 and 512 thousand tokens.
EDGES = st.sampled_from([n * 1000 + more for n in (32, 100, 128, 200, 256, 272, 512) for more in (0, 1)])
TOTALS = st.integers(0, 2_000_000) | EDGES | st.integers(0, 20)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Draw a call: its input in four buckets, its output, parts of both, and how it was served."""
    total = draw(TOTALS)
    cached = draw(st.integers(0, total))
    written = draw(st.integers(0, cached))
    long = draw(st.just(0) | st.integers(0, written))
    plain, read, output = total - cached, cached - written, draw(TOTALS)
    parts = {
        "audio_input": plain // 3, "image_input": plain // 4, "audio_read": read // 3, "image_read": read // 4,
        "audio_output": output // 5, "image_output": output // 6, "reasoning": output // 3, "citations": output // 7,
        "web_searches": draw(st.integers(0, 3)),
    }  # fmt: skip
    chosen = draw(st.sets(st.sampled_from(sorted(parts)), max_size=3))
    mode = draw(st.sampled_from(["standard", "standard", "batch", "flex", "priority", "fast"]))
    return Usage(
        plain,
        read,
        written - long,
        long,
        output,
        details={name: number for name, number in parts.items() if name in chosen},  # type: ignore[misc]
        service_tier=None if mode == "fast" else mode,  # type: ignore[arg-type]
        speed="fast" if mode == "fast" else None,
    )


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
def test_every_model_costs_what_the_peer_says(provider: Provider) -> None:
    """For any usage on any day, each model of a provider costs the same to the last digit, or there is a cause."""

    @settings(max_examples=15, deadline=None)
    @given(usages(), DAYS)
    def compare(usage: Usage, at: datetime) -> None:
        for call in calls(provider, usage, at):
            assert call.ours == call.theirs or any(cause(call) for cause in CAUSES.values()), (
                call.model.id,
                call.ours,
                call.theirs,
            )

    compare()


@settings(max_examples=15, deadline=None)
@given(usages(), DAYS)
def test_plain_calls_of_the_big_providers_need_no_cause(usage: Usage, at: datetime) -> None:
    """What most calls are, tokens in and out and short writes, costs the same everywhere but at DeepSeek."""
    plain = Usage(usage.uncached_input, usage.cache_read, usage.cache_write_short, 0, 0)
    for name in ("openai", "anthropic", "google", "groq", "mistral", "x-ai", "together", "fireworks", "openrouter"):
        for call in calls(PROVIDERS[name], plain, at):
            assert call.ours == call.theirs, call


def test_no_cause_of_a_difference_is_idle() -> None:
    """Each cause is that of some difference; one that nothing needs any more goes."""
    tiers: list[Any] = [None, "batch", "flex", "priority"]
    tries = [Usage(1000, 100, 10, 0, 50, service_tier=tier) for tier in tiers]
    tries += [Usage(1000, 0, 10, 10), Usage(1000, details={"web_searches": 1})]
    weekend = datetime(2026, 11, 21, 2, tzinfo=UTC)
    found = {
        name
        for at in (datetime(2026, 9, 20, tzinfo=UTC), weekend)
        for usage in tries
        for provider in providers
        for call in calls(provider, usage, at)
        if call.ours != call.theirs
        for name, cause in CAUSES.items()
        if cause(call)
    }
    assert found == set(CAUSES)


def test_the_comparison_is_of_all_that_they_know() -> None:
    """It covers nearly every model there is, and the names of snapshots and aliases."""
    both = sum(len(models_of(name)) for name in PROVIDERS)
    assert both > 2200
    assert both > 0.97 * sum(len(provider.models) for provider in providers)
    assert {"gpt-4o-2024-08-06", "gpt-5.6", "gpt-6-astra-2026-10-01", "o3"} <= set(names_of(PROVIDERS["openai"]))
