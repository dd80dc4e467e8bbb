"""A provider that keeps a conversation in a cache made on purpose, and billed by the hour, as long as that pays."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from itertools import pairwise

from agentctl.breakpoints import CachePlan
from agentctl.caches import make_cache, recover_caches
from agentctl.economy import contents, ledger
from agentctl.economy.caching import Rental, rental
from agentctl.economy.cards import ModelCard
from agentctl.economy.contents import Content, Intent
from agentctl.economy.prices import UNKNOWN, prices_at
from agentctl.economy.pricing import price, storage
from agentctl.errors import ProviderError
from agentctl.events import Notice, Sending, StreamEvent
from agentctl.ids import new_id
from agentctl.keeping import shape_of_request
from agentctl.messages import dump
from agentctl.providers.base import Capabilities, Preview, Request
from agentctl.providers.caching import rules
from agentctl.providers.driver import HttpProvider
from agentctl.providers.google.caches import is_gone
from agentctl.store.base import Database, Transaction
from agentctl.usage import Usage

_SECOND = 1_000_000  # µs
_MARGIN = 60 * _SECOND  # before its end a cache is no longer relied on


@dataclass(frozen=True, slots=True)
class Tenancy:
    """Whose cache it is.

    Args:
        session_id: the conversation, whose lock is held.
        card: what is known of its model.
        asked_at: when its requests were made, the present one last, in epoch µs.
    """

    session_id: str
    card: ModelCard
    asked_at: Sequence[int]


class Tenant:
    """`provider`, asked with the beginning of the conversation in a cache where that costs less.

    Args:
        db: where caches are recorded.
        provider: who keeps them.
        tenancy: whose they are.
    """

    def __init__(self, db: Database, provider: HttpProvider, tenancy: Tenancy) -> None:
        self._db = db
        self._provider = provider
        self._tenancy = tenancy

    @property
    def name(self) -> str:
        """What stands before the first `/` of a model's name."""
        return self._provider.name

    @property
    def capabilities(self) -> Capabilities:
        """What the service accepts and reports."""
        return self._provider.capabilities

    async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        """Answer; see `Provider.stream`. A cache that can't be made, or is gone, is done without."""
        housed, trouble = await self._housed(request)
        if trouble:
            yield Notice(f"no cache is made: {trouble.message}")
        gone = False
        try:
            async with aclosing(self._provider.stream(housed)) as events:
                async for event in events:
                    yield event
        except ProviderError as error:
            gone = housed is not request and is_gone(error)
            if not gone:
                raise
        if gone:  # so the attempt was refused, and counts for nothing
            async with aclosing(self._provider.stream(request)) as events:
                async for event in events:
                    if not isinstance(event, Sending):
                        yield event

    def preview(self, request: Request) -> Preview:
        """What `stream` would send without a cache."""
        return self._provider.preview(request)

    async def count_tokens(self, request: Request) -> int | None:
        """How many tokens of input the request has."""
        return await self._provider.count_tokens(request)

    async def charged(self, response_id: str) -> Usage | None:
        """What an answer that broke off has used."""
        return await self._provider.charged(response_id)

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._provider.aclose()

    async def _housed(self, request: Request) -> tuple[Request, ProviderError | None]:
        """The request with its beginning in a cache that is there, or worth making; and why it could not be made."""
        try:
            await recover_caches(self._db, self._provider, held=self._tenancy.session_id)
            if content := await self._there(request) or await self._made(request):
                plan = replace(request.cache or CachePlan(), resource=content.name, covered=content.intent.covered)
                return replace(request, cache=plan), None
        except ProviderError as error:
            return request, error
        return request, None

    async def _there(self, request: Request) -> Content | None:
        kept = await asyncio.to_thread(self._db.read, partial(contents.kept, provider=self.name))
        found = contents.latest(kept, self._tenancy.session_id, request.model)
        if found is None or found.intent.expires_at < ledger.now() + _MARGIN:
            return None
        return found if found.intent.print == _print(request, found.intent.covered) else None

    async def _made(self, request: Request) -> Content | None:
        wanted = self._wanted(request)
        if wanted is None:
            return None
        session_id = self._tenancy.session_id
        intent = Intent(
            self.name,
            request.model,
            session_id,
            session_id,
            _print(request, wanted.covered),
            wanted.covered,
            wanted.tokens,
            ledger.now() + wanted.seconds * _SECOND,
        )
        content = await make_cache(self._db, self._provider, request, intent)
        await asyncio.wrap_future(self._db.submit(partial(self._book, content=content)))
        return content

    def _wanted(self, request: Request) -> Rental | None:
        card, asked_at = self._tenancy.card, self._tenancy.asked_at
        shape, known = shape_of_request(request), rules(self.capabilities, request.model)
        prices = prices_at(card.prices, sum(place.tokens for place in shape.messages)) if card.prices else UNKNOWN
        gaps = [(later - earlier) / _SECOND for earlier, later in pairwise(asked_at)]
        hourly = storage(1_000_000, Decimal(1), card)
        return rental(shape, known, prices, hourly, least=card.cache_min, gaps=gaps)

    def _book(self, tx: Transaction, content: Content) -> None:
        """Charge the conversation for what the cache was made of, which is billed as input."""
        card, usage = self._tenancy.card, Usage(uncached_input=content.intent.tokens)
        call = ledger.Call(new_id(), self._tenancy.session_id, self.name, content.intent.model)
        cost = price(usage, card)
        ledger.reserve(tx, call, usage, cost, card.version)
        ledger.charge(tx, call, usage, cost, "estimated", card.version, None)


def _print(request: Request, covered: int) -> str:
    """A digest of what a cache of so many messages holds."""
    tools = [[tool.name, tool.description, dict(tool.parameters)] for tool in request.tools]
    text = "\n".join([json.dumps(tools, sort_keys=True), *map(dump, request.messages[:covered])])
    return f"{zlib.crc32(text.encode()):08x}{len(text):x}"
