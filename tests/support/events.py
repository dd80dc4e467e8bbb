"""What a provider yields and raises, gathered."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TypeVar

import pytest

from agentctl.errors import AgentctlError
from agentctl.events import Sending, StreamEvent
from agentctl.providers.base import Provider, Request

E = TypeVar("E", bound=AgentctlError)


async def drain(provider: Provider, request: Request, into: list[StreamEvent]) -> None:
    """Put every event of the answer into the list, but for those that only say that it is asked for; then close."""
    try:
        async with aclosing(provider.stream(request)) as events:
            async for event in events:
                if not isinstance(event, Sending):
                    into.append(event)  # noqa: PERF401 - what came before an error is to be seen
    finally:
        await provider.aclose()


def collect(provider: Provider, request: Request) -> list[StreamEvent]:
    """Every event of the answer."""
    events: list[StreamEvent] = []
    asyncio.run(drain(provider, request, events))
    return events


def failure(provider: Provider, request: Request, kind: type[E]) -> E:
    """The error with which the answer fails, which is of just this class."""
    with pytest.raises(kind) as caught:
        collect(provider, request)
    assert type(caught.value) is kind
    return caught.value
