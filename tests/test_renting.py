"""A conversation that pauses rents a cache from Gemini: made when it pays, used again, done without when it is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing, closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from support.caches.google import GeminiCache
from support.caches.pieces import Clock
from support.caches.server import CachingGemini
from support.config import Home
from support.vendors.bill import Price

from agentctl.economy import contents, ledger
from agentctl.economy.catalog import Catalog
from agentctl.events import Done, Notice, StreamEvent
from agentctl.messages import Message, Text, user
from agentctl.providers.base import Request
from agentctl.providers.connect import connect as provide
from agentctl.renting import Tenancy, Tenant
from agentctl.store import sessions
from agentctl.store.base import Database
from agentctl.store.open import connect

MODEL = "gemini-2.5-pro"
CARD = Catalog().find(f"google/{MODEL}")
PRICE = Price(Decimal("1.25"), Decimal(10), Decimal("0.125"))
ANSWER = Message("assistant", (Text("It is."),), f"google/{MODEL}")
HISTORY = (user("The bridge is to be rebuilt, says the committee. " * 600), ANSWER, user("Is it?"), ANSWER, user("So?"))


@pytest.fixture
def db() -> Iterator[Database]:
    with closing(connect(":memory:")) as opened:
        yield opened


@dataclass
class Asker:
    """Asks in a kept session whose requests came so many minutes apart."""

    db: Database
    vendor: CachingGemini
    home: Path
    session_id: str

    def ask(self, *messages: Message, minutes: int = 8) -> list[StreamEvent]:
        """What comes back."""
        return asyncio.run(self._ask(Request(MODEL, messages, max_output=100), minutes))

    async def _ask(self, request: Request, minutes: int) -> list[StreamEvent]:
        settings, now = Home(self.home).load(base_url=self.vendor.url), ledger.now()
        asked_at = [now - step * minutes * 60_000_000 for step in range(6, -1, -1)]
        provider = provide("google", settings, {"GEMINI_API_KEY": self.vendor.key, "AGENTCTL_KEYRING": "off"})
        async with aclosing(Tenant(self.db, provider, Tenancy(self.session_id, CARD, asked_at))) as tenant:
            return [event async for event in tenant.stream(request)]


@pytest.fixture
def vendor() -> Iterator[CachingGemini]:
    with CachingGemini(GeminiCache(Clock(), forgets=True), price=PRICE) as running:
        yield running


@pytest.fixture
def asker(db: Database, vendor: CachingGemini, tmp_path: Path) -> Asker:
    return Asker(db, vendor, tmp_path, db.write(sessions.create).id)


def test_a_cache_is_made_once_used_again_and_paid_for(asker: Asker, vendor: CachingGemini) -> None:
    """The second request finds it; what went into it is in the ledger; a request that it does not fit goes without."""
    assert isinstance(asker.ask(*HISTORY)[-1], Done)
    (name,) = vendor.rules.contents
    assert vendor.requests[-1].json["cachedContent"] == name
    done = asker.ask(*HISTORY, ANSWER, user("And?"))[-1]
    assert isinstance(done, Done)
    assert done.usage
    assert done.usage.cache_read > 2048
    assert list(vendor.rules.contents) == [name]
    cost = asker.db.read(lambda tx: ledger.session_cost(tx, asker.session_id))
    assert cost.known > Decimal("0.005")


def test_a_cache_that_is_gone_is_done_without(asker: Asker, vendor: CachingGemini) -> None:
    """Whoever deleted it, the question is answered, without a word of an error."""
    asker.ask(*HISTORY)
    for name in [*vendor.rules.contents]:
        vendor.rules.delete(name)
    told = asker.ask(*HISTORY)
    assert isinstance(told[-1], Done)
    assert not any(isinstance(event, Notice) for event in told)


def test_no_cache_is_made_where_none_pays(asker: Asker, vendor: CachingGemini) -> None:
    """Who asks every few seconds is served from what Gemini keeps unasked."""
    asker.ask(*HISTORY, minutes=0)
    assert vendor.rules.contents == {}
    assert asker.db.read(lambda tx: contents.kept(tx, "google")) == []
