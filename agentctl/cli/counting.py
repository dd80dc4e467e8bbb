"""Asks providers for the tokens of requests, which they get to see."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

from agentctl.economy.preflight import Told
from agentctl.providers.base import Provider, Request


def ask(questions: Sequence[tuple[Provider, Request]]) -> list[Told | None]:
    """Ask each provider for the tokens of its request; None where it has no answer to that.

    Raises:
        ProviderError: a provider failed.
    """
    return asyncio.run(_ask(questions))


async def _ask(questions: Sequence[tuple[Provider, Request]]) -> list[Told | None]:
    return await asyncio.gather(*(_one(provider, request) for provider, request in questions))


async def _one(provider: Provider, request: Request) -> Told | None:
    async with aclosing(provider):
        told = await provider.count_tokens(request)
    return None if told is None else Told(told)
