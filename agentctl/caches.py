"""The life of caches that a provider keeps on demand and bills by the hour: made, kept for longer, deleted in any case.

Each is in the database before the provider hears of it, so that none goes on billing because a process died. One that a
session goes on with is left to the next process, until it expires.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import partial
from http import HTTPStatus

from agentctl import log
from agentctl.economy import contents, ledger
from agentctl.economy.contents import Content, Intent
from agentctl.errors import ProviderError
from agentctl.providers.base import Request
from agentctl.providers.driver import HttpProvider
from agentctl.providers.google import caches
from agentctl.store.base import Database, LockBusyError, T, Transaction

_SECOND = 1_000_000  # µs
Listed = Sequence[caches.CachedContent]


async def make_cache(db: Database, provider: HttpProvider, request: Request, intent: Intent) -> Content:
    """Have a cache made for the first `intent.covered` messages of a request, and its tools.

    Raises:
        ProviderError: it was not made, or nobody knows whether it was; `recover_caches` looks after that.
        StorageError: the database can't be written.
    """
    ttl = max((intent.expires_at - ledger.now()) // _SECOND, 1)
    content = await _write(db, partial(contents.intend, intent=intent))
    try:
        made = await caches.create(provider, request, intent.covered, ttl, content.id)
    except ProviderError as error:
        if error.status is not None and error.status < HTTPStatus.INTERNAL_SERVER_ERROR:  # it was refused
            await _write(db, partial(contents.deleted, content_id=content.id))
        raise
    return await _write(db, partial(_made, content=content, made=made))


async def recover_caches(db: Database, provider: HttpProvider, *, held: str | None = None) -> int:
    """Delete what nobody needs any more; return how many caches that were.

    Those are: caches whose name never came, which a process left that died as it asked for them; caches of
    conversations that are not kept or were deleted; and of each session all but the latest of a model. What somebody is
    at work with just now, who holds the lock for it, is left alone.

    Args:
        db: where they are recorded.
        provider: who keeps them; it is asked nothing if nothing is to be deleted.
        held: a lock that the caller holds itself.

    Raises:
        ProviderError: it can't be reached, or refuses.
    """
    dropped = 0
    listed: Listed | None = None
    for content in _needless(await _kept(db, provider)):
        holder = content.intent.holder
        with suppress(LockBusyError), nullcontext() if holder == held else db.lock(holder, wait=0):
            if content.name is None and listed is None:
                listed = await caches.find(provider)
            await _drop(db, provider, content, listed or ())
            dropped += 1
    if dropped:
        log.info("caches deleted", provider=provider.name, caches=dropped)
    return dropped


def _needless(found: Sequence[Content]) -> list[Content]:
    """Those that no session goes on with, given the latest first."""
    used: set[tuple[str, str]] = set()
    needless = []
    for content in found:
        session_id = content.intent.session_id
        place = (session_id or "", content.intent.model)
        if content.name is None or session_id is None or place in used:
            needless.append(content)
        else:
            used.add(place)
    return needless


async def _drop(db: Database, provider: HttpProvider, content: Content, listed: Listed = ()) -> None:
    """Delete a cache; one whose name never came is looked for in a list of what there is."""
    found = [one for one in listed if one.display_name == content.id]
    for one in found:
        await caches.delete(provider, one.name)
    if content.name is not None:
        await caches.delete(provider, content.name)
    await _write(db, partial(_dropped, content=content, found=found))


def _dropped(tx: Transaction, content: Content, found: Listed) -> None:
    for one in found[:1]:
        _made(tx, content, one)
    contents.deleted(tx, content.id)


def _made(tx: Transaction, content: Content, made: caches.CachedContent) -> Content:
    intent = content.intent
    told = replace(intent, tokens=made.tokens or intent.tokens, expires_at=made.expires_at or intent.expires_at)
    contents.made(tx, content.id, made.name, told.tokens, told.expires_at)
    return replace(content, intent=told, name=made.name)


async def _kept(db: Database, provider: HttpProvider) -> list[Content]:
    return await asyncio.to_thread(db.read, partial(contents.kept, provider=provider.name))


async def _write(db: Database, work: Callable[[Transaction], T]) -> T:
    return await asyncio.wrap_future(db.submit(work))
