"""The records of caches that are kept on demand and billed by the hour, which Gemini's cachedContents are.

A cache is recorded before its provider is asked to make it: it is found again, and deleted, even if whoever asked dies
before the answer. Times are epoch µs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from agentctl.economy import ledger
from agentctl.economy.catalog import Catalog
from agentctl.economy.money import EXACT
from agentctl.economy.periods import Period
from agentctl.economy.pricing import storage
from agentctl.ids import new_id
from agentctl.store.base import Row, Transaction

_HOUR = 3_600_000_000  # µs


@dataclass(frozen=True, slots=True)
class Intent:
    """A cache that is about to be made.

    Args:
        provider: who keeps it.
        model: whose cache it is.
        session_id: the conversation that it is for, None where that is not kept.
        holder: the lock that is held meanwhile: of the session, or of the call where the conversation is not kept.
        print: a digest of what it holds.
        covered: how many messages of the request it holds.
        tokens: how many those are, as estimated.
        expires_at: its end, as planned.
    """

    provider: str
    model: str
    session_id: str | None
    holder: str
    print: str
    covered: int
    tokens: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Content:
    """A cache that is recorded and not known to be gone; `name` is the provider's, None if it never told one."""

    id: str
    intent: Intent
    name: str | None
    created_at: int


@dataclass(slots=True)
class Storage:
    """What keeping caches cost in dollars, as far as known; `unknown` are those whose price is not."""

    caches: int = 0
    known: Decimal = field(default_factory=Decimal)
    unknown: int = 0


def intend(tx: Transaction, intent: Intent) -> Content:
    """Record that a cache is about to be made; its id is our name for it."""
    content_id, now = new_id(), ledger.now()
    tx.execute(
        "caching.intend",
        id=content_id,
        session_id=intent.session_id,
        holder=intent.holder,
        provider=intent.provider,
        model=intent.model,
        print=intent.print,
        covered=intent.covered,
        tokens=intent.tokens,
        now=now,
        expires_at=intent.expires_at,
    )
    return Content(content_id, intent, None, now)


def made(tx: Transaction, content_id: str, name: str, tokens: int, expires_at: int) -> None:
    """Record the provider's name for a cache, its size and its end."""
    tx.execute("caching.made", id=content_id, name=name, tokens=tokens, expires_at=expires_at)


def deleted(tx: Transaction, content_id: str) -> None:
    """Record that a cache is gone, or never was; what it cost until now stays."""
    tx.execute("caching.deleted", id=content_id, now=ledger.now())


def kept(tx: Transaction, provider: str) -> list[Content]:
    """Return the caches of a provider that are not known to be gone and have not expired, the latest first."""
    return [_content(row) for row in tx.all("caching.open_contents", provider=provider, now=ledger.now())]


def latest(found: Iterable[Content], session_id: str, model: str) -> Content | None:
    """Return the cache that a session goes on with, of those that `kept` returned; None if it has none."""
    mine = (one for one in found if (one.intent.session_id, one.intent.model) == (session_id, model))
    return next((one for one in mine if one.name is not None), None)


def storage_costs(
    tx: Transaction, catalog: Catalog, period: Period, session_id: str | None = None
) -> dict[tuple[str, str], Storage]:
    """Return what the caches kept on demand cost in a period until now, by provider and model."""
    found: dict[tuple[str, str], Storage] = {}
    for name, tokens, start, end in _spans(tx, period, session_id):
        sums = found.setdefault(name, Storage())
        sums.caches += 1
        card = catalog.find("/".join(name))
        if (rate := storage(tokens, Decimal(1), card, start)) is None:
            sums.unknown += 1
        else:
            sums.known += EXACT.multiply(rate, Decimal(end - start)) / _HOUR
    return found


def _spans(tx: Transaction, period: Period, session_id: str | None) -> Iterator[tuple[tuple[str, str], int, int, int]]:
    """Yield whose cache it is, its tokens, and the part of the period in which it was there."""
    until = min(period.until, ledger.now())
    for row in tx.all("caching.kept_contents", since=period.since, until=until, session_id=session_id):
        start, end = max(row["created_at"], period.since), min(row["ended_at"], until)
        yield (row["provider"], row["model"]), row["tokens"], start, end


def _content(row: Row) -> Content:
    intent = Intent(**{name: row[name] for name in Intent.__slots__})
    return Content(row["id"], intent, row["name"], row["created_at"])
