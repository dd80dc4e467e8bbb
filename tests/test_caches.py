"""Caches that are kept on demand: none goes on billing once nobody needs it, whatever happens to who asked for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, closing
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TypeVar

import pytest
from support.server import Drop, Recorded, Script, Server, answer
from support.vendors.gemini import Gemini

from agentctl.caches import make_cache, recover_caches
from agentctl.economy import contents, ledger
from agentctl.economy.catalog import Catalog
from agentctl.economy.contents import Content, Intent
from agentctl.economy.periods import Period
from agentctl.errors import ProviderError
from agentctl.messages import Message, Text, ToolSpec, user
from agentctl.providers.base import Request
from agentctl.providers.driver import Credential, HttpProvider
from agentctl.providers.google import GenerateContent, caches
from agentctl.providers.known import KNOWN
from agentctl.providers.retries import Retries
from agentctl.store import sessions
from agentctl.store.base import Database
from agentctl.store.open import connect
from agentctl.transport import Transport

T = TypeVar("T")
MODEL = "gemini-2.5-pro"
ASK = Request(
    MODEL,
    (Message("system", (Text("be kind"),)), user("a long book " * 500), user("and a question")),
    tools=(ToolSpec("clock", "tells it", {"type": "object"}),),
)
HOUR = 3_600_000_000  # µs


@pytest.fixture
def db() -> Iterator[Database]:
    with closing(connect(":memory:")) as opened:
        yield opened


def run(url: str, work: Callable[[HttpProvider], Awaitable[T]]) -> T:
    """Do something with Gemini at this address."""
    codec = GenerateContent(replace(KNOWN["google"], base_url=url))
    key = Credential(lambda: Gemini.default_key, expected=True)

    async def main() -> T:
        async with aclosing(HttpProvider(codec, Transport(), key, Retries(first=0.01))) as provider:
            return await work(provider)

    return asyncio.run(main())


def session(db: Database) -> str:
    return db.write(sessions.create).id


def intent(session_id: str | None, holder: str | None = None) -> Intent:
    """A cache of all but the question, for an hour."""
    return Intent("google", MODEL, session_id, holder or session_id or "", "p", 2, 1500, ledger.now() + HOUR)


def make(db: Database, vendor: Gemini, wanted: Intent, request: Request = ASK) -> Content:
    return run(vendor.url, lambda provider: make_cache(db, provider, request, wanted))


def recover(db: Database, vendor: Gemini, held: str | None = None) -> int:
    return run(vendor.url, lambda provider: recover_caches(db, provider, held=held))


def kept(db: Database) -> list[Content]:
    return db.read(lambda tx: contents.kept(tx, "google"))


def test_a_cache_holds_the_beginning_of_a_request(db: Database) -> None:
    """The system's instruction, the tools and the messages that are covered, for one model, under our own name."""
    session_id = session(db)
    with Gemini() as vendor:
        content = make(db, vendor, intent(session_id))
        (there,) = vendor.caches.alive().values()
    assert content.name == there.name
    assert there.body["model"] == f"models/{MODEL}"
    assert there.body["displayName"] == content.id
    assert there.body["systemInstruction"] == {"parts": [{"text": "be kind"}]}
    assert [one["name"] for one in there.body["tools"][0]["functionDeclarations"]] == ["clock"]
    assert [one["parts"][0]["text"][:6] for one in there.body["contents"]] == ["a long"]
    assert (content.intent.tokens, content.intent.session_id) == (there.tokens, session_id)
    assert content.intent.expires_at == pytest.approx(there.expires.timestamp() * 10**6, abs=2)
    assert db.read(lambda tx: contents.latest(contents.kept(tx, "google"), session_id, MODEL)) == content
    assert db.read(lambda tx: contents.latest(contents.kept(tx, "google"), session_id, "other")) is None


def test_it_is_recorded_before_the_provider_hears_of_it(db: Database) -> None:
    """Should the process die meanwhile the database knows its name."""
    seen: list[Content] = []

    def respond(request: Recorded) -> Script:
        seen.extend(kept(db))
        assert [one.id for one in seen] == [request.json["displayName"]]
        return answer(400, {"error": {"code": 400, "message": "too small", "status": "INVALID_ARGUMENT"}})

    with Server(respond) as server, pytest.raises(ProviderError, match="too small"):
        run(server.url, lambda provider: make_cache(db, provider, ASK, intent(session(db))))
    assert (len(seen), seen[0].name) == (1, None)
    assert kept(db) == []  # for it was refused


@pytest.mark.parametrize("script", [[Drop(reset=True)], answer(500, {"error": {"code": 500, "message": "no"}})])
def test_what_nobody_knows_to_be_there_is_asked_for_once(db: Database, script: Script) -> None:
    """Another attempt could make another cache; the first may be there, and so stays recorded."""
    with Server(script) as server, pytest.raises(ProviderError):
        run(server.url, lambda provider: make_cache(db, provider, ASK, intent(session(db))))
    assert len(server.requests) == 1
    assert [one.name for one in kept(db)] == [None]


def test_a_cache_whose_name_never_came_is_found_and_deleted(db: Database) -> None:
    """By our name for it, among caches of others; what it cost is known from then on."""
    session_id = session(db)
    lost = db.write(partial(contents.intend, intent=intent(session_id)))
    with Gemini() as vendor:
        for name in ("of another program", lost.id):
            run(vendor.url, partial(caches.create, request=ASK, covered=2, ttl=3600, display_name=name))
        with db.lock(session_id, wait=0):
            assert recover(db, vendor) == 0  # somebody is at work with it
            assert recover(db, vendor, held=session_id) == 1
        assert [one.body["displayName"] for one in vendor.caches.alive().values()] == ["of another program"]
        assert recover(db, vendor) == 0
    assert kept(db) == []
    assert db.read(lambda tx: contents.storage_costs(tx, Catalog(), Period()))["google", MODEL].caches == 1


def test_one_that_was_never_made_is_forgotten(db: Database) -> None:
    """The provider is asked once, and never again."""
    for _ in range(2):
        db.write(partial(contents.intend, intent=intent(session(db))))
    with Gemini() as vendor:
        assert recover(db, vendor) == 2
        assert recover(db, vendor) == 0
        assert len(vendor.requests) == 1


def test_the_latest_of_a_session_is_left_to_it(db: Database) -> None:
    """What it took the place of is deleted, and so is what belongs to no session."""
    session_id = session(db)
    with Gemini() as vendor:
        old = make(db, vendor, intent(session_id))
        new = make(db, vendor, intent(session_id))
        other = make(db, vendor, intent(session(db)))
        stray = make(db, vendor, intent(None, "call"))
        assert recover(db, vendor) == 2
        assert sorted(vendor.caches.deleted) == sorted([str(old.name), str(stray.name)])
        assert [*vendor.caches.alive()] == [new.name, other.name]


def test_a_refused_key_is_told(db: Database) -> None:
    """It is no cache that is gone: the record stays."""
    refusal = answer(403, {"error": {"code": 403, "message": "key revoked", "status": "PERMISSION_DENIED"}})
    with Gemini() as vendor:
        content = make(db, vendor, intent(None, "call"))
    with Server(refusal) as server, pytest.raises(ProviderError, match="revoked"):
        run(server.url, lambda provider: recover_caches(db, provider))
    assert kept(db) == [content]


def test_all_pages_of_the_list_are_read() -> None:
    """A cache is found wherever it stands."""
    pages = [{"cachedContents": [{"name": f"cachedContents/{page}", "displayName": "d"}]} for page in range(3)]
    for number, page in enumerate(pages[:2]):
        page["nextPageToken"] = f"to/{number + 1}"  # type: ignore[assignment]
    with Server(*(answer(200, page) for page in pages)) as server:
        found = run(server.url, caches.find)
    assert [(one.name, one.tokens, one.expires_at) for one in found] == [
        (f"cachedContents/{page}", 0, None) for page in range(3)
    ]
    assert server.requests[2].path == "/v1beta/cachedContents?pageSize=1000&pageToken=to%2F2"


def test_an_answer_that_is_no_cache_is_an_error(db: Database) -> None:
    """What came of the question nobody knows."""
    with Server(answer(200, {"hello": "world"})) as server, pytest.raises(ProviderError, match="no cache"):
        run(server.url, lambda provider: make_cache(db, provider, ASK, intent(session(db))))


def test_storage_costs_by_the_hour(db: Database) -> None:
    """From when a cache was made until it was deleted or expired, within the period; unknown prices stay unknown."""
    made = db.write(partial(contents.intend, intent=intent(session(db))))
    start = made.created_at
    db.write(lambda tx: contents.made(tx, made.id, "cachedContents/1", 1_000_000, start + HOUR))
    strange = db.write(partial(contents.intend, intent=replace(intent(None, "call"), model="m")))
    db.write(lambda tx: contents.made(tx, strange.id, "cachedContents/2", 5, start + HOUR))
    db.write(lambda tx: contents.deleted(tx, made.id))
    end = db.read(lambda tx: tx.all("caching.kept_contents", since=0, until=2**62, session_id=None))[0]["ended_at"]
    found = db.read(lambda tx: contents.storage_costs(tx, Catalog(), Period()))
    rate = Decimal("4.5")  # a million tokens of gemini-2.5-pro for an hour
    assert found["google", MODEL].known == rate * (end - start) / HOUR
    assert found["google", "m"].unknown == 1
    assert db.read(lambda tx: contents.storage_costs(tx, Catalog(), Period(end + 1))).keys() == {("google", "m")}
