"""The tokens of requests: as they are counted here, or by the providers, who see what they are asked about."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from agentctl.economy import tokens
from agentctl.messages import dump
from agentctl.providers.base import Provider, Request


@dataclass(frozen=True, slots=True)
class Count:
    """The tokens of a request; see `economy.quoting.Bounded`."""

    tokens: int
    error_bar: int
    bound: int
    exact: bool
    how: str


def count(request: Request) -> Count:
    """Count a request's tokens without asking anybody."""
    likely = tokens.estimate(request.messages)
    most = max(likely, sum(len(dump(message)) for message in request.messages))
    return Count(likely, likely, most, exact=False, how="4 bytes a token")


def ask(questions: Sequence[tuple[Provider, Request]]) -> list[Count | None]:
    """Ask each provider for the tokens of its request; None where it has no answer to that.

    Raises:
        ProviderError: a provider failed.
    """
    import asyncio  # noqa: PLC0415 - who asks nobody needs no event loop

    return asyncio.run(_ask(questions))


async def _ask(questions: Sequence[tuple[Provider, Request]]) -> list[Count | None]:
    import asyncio  # noqa: PLC0415

    told = await asyncio.gather(*(_one(provider, request) for provider, request in questions))
    return [None if one is None else Count(one, 0, one, exact=True, how="as the provider counts") for one in told]


async def _one(provider: Provider, request: Request) -> int | None:
    async with aclosing(provider):
        return await provider.count_tokens(request)
