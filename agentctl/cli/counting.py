"""Asks providers for the tokens of requests, which they get to see."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from agentctl.providers.base import Provider, Request


@dataclass(frozen=True, slots=True)
class Told:
    """The tokens of a request as its provider counts them; see `economy.quoting.Bounded`."""

    tokens: int
    error_bar: int = 0
    exact: bool = True
    how: str = "the provider"

    @property
    def bound(self) -> int:
        """The most that it can be."""
        return self.tokens


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
