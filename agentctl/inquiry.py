"""Asks a provider what it charged for answers whose cost it did not report, and keeps what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

from agentctl.economy import reconciling
from agentctl.economy.reconciling import Scope, Unreported
from agentctl.providers.base import Provider
from agentctl.store.base import Database

MOST = 1000  # questions at a time; the latest answers come first, for providers forget
_AT_ONCE = 8


@dataclass(slots=True)
class Inquiry:
    """How many answers a provider was asked about, and of how many it said what it charged."""

    asked: int = 0
    learned: int = 0


async def inquire(db: Database, provider: Provider, scope: Scope) -> Inquiry:
    """Ask about the charges in `scope` that can be asked about, and close the provider.

    What it says is durable as it comes: an error or a cancellation loses none of it.

    Raises:
        ProviderError: it can't be reached, or refuses to say.
        StorageError: what it said can't be kept.
    """
    inquiry = Inquiry()
    calls = iter(db.read(lambda tx: reconciling.unreported(tx, provider.name, scope, MOST)))
    async with aclosing(provider):
        questions = [asyncio.ensure_future(_ask(db, provider, calls, inquiry)) for _ in range(_AT_ONCE)]
        try:
            await asyncio.gather(*questions)
        finally:
            for question in questions:
                question.cancel()
            await asyncio.gather(*questions, return_exceptions=True)
    return inquiry


async def _ask(db: Database, provider: Provider, calls: Iterator[Unreported], inquiry: Inquiry) -> None:
    for call in calls:
        inquiry.asked += 1
        usage = await provider.charged(call.response_id)
        if usage is not None:
            report = partial(reconciling.report, charge_id=call.charge_id, usage=usage)
            inquiry.learned += await asyncio.wrap_future(db.submit(report))
