"""What planned conversations cost, over HTTP at vendors whose caches keep their rules, beside the least possible."""

from __future__ import annotations

import json
import random
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support.caches.anthropic import AnthropicCache
from support.caches.google import GeminiCache
from support.caches.openai import MarkedCache, OlderCache
from support.caches.openrouter import RoutedCache
from support.caches.optimum import Costs, optimum
from support.caches.pieces import Clock
from support.caches.server import CachingAnthropic, CachingGemini, CachingOpenRouter, CachingResponses
from support.caches.talk import Gap, Talk, for_input, prose, uncached
from support.config import Home
from support.vendors.bill import Price
from support.vendors.street import VARIABLES
from support.vendors.vendor import Vendor

from agentctl.breakpoints import NO_CACHE
from agentctl.economy.caching import rental, shape_of
from agentctl.economy.prices import Prices
from agentctl.providers.base import Request
from agentctl.providers.caching import GEMINI
from agentctl.providers.connect import connect
from agentctl.providers.driver import HttpProvider
from agentctl.providers.google.request import encode

Calls = Callable[[random.Random], int]
Connected = Callable[[str, Vendor], HttpProvider]

SYSTEM = prose(random.Random(0), 1500)
CLAUDE = Price(Decimal(3), Decimal(15), Decimal("0.3"), Decimal("3.75"), Decimal(6))
GPT = Price(Decimal(4), Decimal(20), Decimal("0.4"), Decimal(5), Decimal(10))
PRO = Price(Decimal("1.25"), Decimal(10), Decimal("0.125"))
TURNS = 30


def seconds(rng: random.Random) -> float:
    """One who has the next question ready."""
    return rng.uniform(5, 60)


def minutes(rng: random.Random) -> float:
    """One who reads the answers."""
    return rng.uniform(60, 280)


def pauses(rng: random.Random) -> float:
    """One who does something else beside."""
    return rng.uniform(600, 3000)


def mixed(rng: random.Random) -> float:
    """One who does now this, now that."""
    return pauses(rng) if rng.random() < 0.5 else seconds(rng)


def hours(rng: random.Random) -> float:
    """One who comes back now and then."""
    return rng.uniform(3700, 10_000)


def once(rng: random.Random) -> int:
    """A call a turn."""
    return 1


def as_needed(rng: random.Random) -> int:
    """None, or up to three."""
    return rng.randint(0, 3)


def prices(price: Price) -> Prices:
    """The same for the planner."""
    write = price.input if price.write is None else price.write
    return Prices(price.input, price.output, price.read, write, price.write_long)


@pytest.fixture
def connected(tmp_path: Path) -> Connected:
    """Makes the real provider of this name, at a fake vendor's address."""
    home = Home(tmp_path, {"AGENTCTL_KEYRING": "off"})

    def connected(name: str, vendor: Vendor) -> HttpProvider:
        settings = home.load(base_url=vendor.url)
        return connect(name, settings, home.environ | {VARIABLES[name]: vendor.key})

    return connected


def above_optimum(vendor: Vendor, price: Price, gaps: list[float], costs: Costs, least: int = 1024) -> float:
    """By how much the input of all requests cost more than it need have, as a share."""
    paid = float(for_input(vendor, price) / price.input * 10**6)
    sizes = [charge.tokens.input for charge in vendor.bill.charges]
    places = vendor.places if isinstance(vendor, CachingAnthropic) else sizes
    return paid / optimum(sizes, places, gaps, costs, least=least, reached=paid) - 1


@pytest.mark.parametrize(
    ("person", "calls", "turns", "bar"),
    [
        (seconds, once, 30, 0.05),
        (minutes, once, 30, 0.05),
        (pauses, once, 30, 0.05),
        (mixed, once, 30, 0.05),
        (seconds, as_needed, 15, 0.05),
        (pauses, as_needed, 15, 0.1),  # whether tools or a person come next is anyone's guess, but not the optimum's
    ],
)
def test_a_conversation_with_claude(person: Gap, calls: Calls, turns: int, bar: float, connected: Connected) -> None:
    """Turns with tools cost at most 0.3 of what they would uncached, and hardly more than with all-knowing plans."""
    clock = Clock()
    with CachingAnthropic(AnthropicCache(clock), price=CLAUDE) as vendor:
        talk = Talk(vendor, connected("anthropic", vendor), "claude-sonnet-4-5", prices(CLAUDE), clock, system=SYSTEM)
        talk.run(turns, person, calls)
        assert vendor.refused == []
        assert vendor.bill.total <= Decimal("0.3") * uncached(vendor, CLAUDE)
        assert 0 <= above_optimum(vendor, CLAUDE, talk.gaps, Costs()) <= bar


@pytest.mark.parametrize(
    ("person", "bar"),
    [
        (seconds, 0.05),
        (minutes, 0.05),
        (hours, 0.05),
        (pauses, 0.1),  # half of these are longer than 30 minutes, and the optimum knows which
        (mixed, 0.1),
    ],
)
def test_a_conversation_with_gpt(person: Gap, bar: float, connected: Connected) -> None:
    """So do those with GPT-5.6, which keeps unasked, for 30 minutes or 12 hours."""
    clock = Clock()
    with CachingResponses(MarkedCache(clock), price=GPT) as vendor:
        talk = Talk(vendor, connected("openai", vendor), "gpt-5.6", prices(GPT), clock, system=SYSTEM)
        talk.run(TURNS, person, once)
        assert vendor.refused == []
        assert vendor.bill.total <= Decimal("0.3") * uncached(vendor, GPT)
        costs = Costs(long=2.5, short_life=1800, long_life=43_200, mixed=False)
        assert 0 <= above_optimum(vendor, GPT, talk.gaps, costs) <= bar


@pytest.mark.parametrize("person", [seconds, minutes, pauses])
def test_a_conversation_with_an_older_gpt(person: Gap, connected: Connected) -> None:
    """GPT-5 writes for nothing: a key and, where pauses are seen, a day are all that there is to plan."""
    clock, price = Clock(), Price(Decimal("1.25"), Decimal(10), Decimal("0.125"))
    with CachingResponses(OlderCache(clock), price=price) as vendor:
        talk = Talk(vendor, connected("openai", vendor), "gpt-5", prices(price), clock, system=SYSTEM)
        talk.run(TURNS, person, once)
        assert vendor.refused == []
        assert {body.get("prompt_cache_retention") for body in vendor.accepted[3:]} == {
            "24h" if person is pauses else None
        }
        assert vendor.bill.total <= Decimal("0.3") * uncached(vendor, price)


@pytest.mark.parametrize("person", [seconds, minutes])
def test_a_conversation_with_claude_through_openrouter(person: Gap, connected: Connected) -> None:
    """The marks pass, and the session's name keeps it at one provider."""
    clock, price = Clock(), Price(Decimal(3), Decimal(15), Decimal("0.3"), Decimal("3.75"))
    with CachingOpenRouter(RoutedCache(clock), price=price) as vendor:
        at = connected("openrouter", vendor)
        talk = Talk(vendor, at, "anthropic/claude-sonnet-4.5", prices(price), clock, system=SYSTEM)
        talk.run(TURNS, person, once)
        assert vendor.refused == []
        assert vendor.bill.total <= Decimal("0.3") * uncached(vendor, price)
        assert 0 <= above_optimum(vendor, price, talk.gaps, Costs(long=float("inf"))) <= 0.05


def test_a_conversation_with_gemini_through_openrouter(connected: Connected) -> None:
    """What comes first is marked, and nothing else: each other mark would be paid anew from the beginning."""
    clock, price = Clock(), Price(Decimal("1.25"), Decimal(10), Decimal("0.3125"), Decimal("1.625"))
    with CachingOpenRouter(RoutedCache(clock), price=price) as vendor:
        at, system = connected("openrouter", vendor), prose(random.Random(0), 20_000)
        talk = Talk(vendor, at, "google/gemini-2.5-pro", prices(price), clock, least=4096, system=system)
        talk.run(12, seconds, once)
        assert vendor.refused == []
        marked = [json.dumps(body).count("cache_control") for body in vendor.accepted]
        assert set(marked) == {1}
        assert vendor.bill.total <= Decimal("0.65") * uncached(vendor, price)


@pytest.mark.parametrize("person", [seconds, minutes])
def test_a_conversation_with_gemini(person: Gap, connected: Connected) -> None:
    """Gemini keeps of itself what is asked every few minutes, so nothing is rented."""
    clock = Clock()
    with CachingGemini(GeminiCache(clock), price=PRO) as vendor:
        talk = Talk(
            vendor, connected("google", vendor), "gemini-2.5-pro", prices(PRO), clock, least=2048, system=SYSTEM
        )
        talk.run(TURNS, person, once)
        assert vendor.refused == []
        assert vendor.bill.total <= Decimal("0.3") * uncached(vendor, PRO)
        assert rented(talk) is None


def test_a_conversation_with_gemini_that_rents(connected: Connected) -> None:
    """One with pauses rents a cache once that pays, and then costs less than it would without."""
    spent = []
    for rents in (False, True):
        clock = Clock()
        with CachingGemini(GeminiCache(clock), price=PRO) as vendor:
            talk = RentingTalk(
                vendor,
                connected("google", vendor),
                "gemini-2.5-pro",
                prices(PRO),
                clock,
                least=2048,
                system=prose(random.Random(0), 30_000),
            )
            talk.rents = rents
            talk.run(TURNS, lambda rng: rng.uniform(320, 500), lambda rng: 0)
            assert vendor.refused == []
            assert any("cachedContent" in body for body in vendor.accepted) == rents
            spent.append(vendor.spent)
    assert spent[1] < Decimal("0.8") * spent[0]


def rented(talk: Talk) -> Any:
    """What there is to rent."""
    sizes = (len(repr(talk.tools)) // 4, tuple(len(message.text) // 4 for message in talk.messages))
    shape = shape_of(talk.messages, talk.tools, sizes)
    return rental(shape, GEMINI, talk.prices, Decimal("4.5"), least=talk.least, gaps=talk.gaps)


class RentingTalk(Talk):
    """One that makes the cache that is worth making, as whoever sends requests would."""

    rents = True
    _resource = ""
    _covered = 0
    _until = 0.0

    def planned(self) -> Any:
        """As ever, with the cache that was made."""
        if self.rents and self.clock.now >= self._until and (found := rented(self)):
            self._make(found)
        if self.clock.now < self._until:
            return replace(super().planned(), resource=self._resource, covered=self._covered)
        return super().planned()

    def _make(self, found: Any) -> None:
        beginning = tuple(self.messages[: found.covered])
        request = Request(self.model, beginning, tools=tuple(self.tools))
        body = {
            name: value
            for name, value in encode(request, self.provider.capabilities).items()
            if name in {"systemInstruction", "tools", "contents"} and value
        }
        body |= {"model": f"models/{self.model}", "ttl": f"{found.seconds}s"}
        asked = urllib.request.Request(f"{self.vendor.url}/v1beta/cachedContents", json.dumps(body).encode())
        asked.add_header("content-type", "application/json")
        asked.add_header("x-goog-api-key", self.vendor.key)
        with urllib.request.urlopen(asked) as answer:
            self._resource = json.load(answer)["name"]
        self._covered, self._until = found.covered, self.clock.now + found.seconds


def test_a_single_question_keeps_nothing(connected: Connected) -> None:
    """What nothing follows is neither marked nor written."""
    clock = Clock()
    with CachingAnthropic(AnthropicCache(clock), price=CLAUDE) as vendor:
        at = connected("anthropic", vendor)
        talk = Talk(vendor, at, "claude-sonnet-4-5", prices(CLAUDE), clock, system=SYSTEM, expected="one-shot")
        talk.run(1, seconds, lambda rng: 0)
        assert talk.plans == [NO_CACHE]
        assert vendor.bill.charges[0].tokens.read == vendor.bill.charges[0].tokens.written == 0
    with CachingResponses(MarkedCache(clock), price=GPT) as other:
        talk = Talk(
            other, connected("openai", other), "gpt-5.6", prices(GPT), clock, system=SYSTEM, expected="one-shot"
        )
        talk.run(1, seconds, lambda rng: 0)
        assert other.accepted[0]["prompt_cache_options"] == {"mode": "explicit"}
        assert other.bill.charges[0].tokens.written == 0
