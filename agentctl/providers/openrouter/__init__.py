"""OpenRouter: one key for the models of all providers, and an account that can be asked.

Source: https://openrouter.ai/docs/api-reference/overview
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from http import HTTPStatus

from agentctl.errors import ProviderError
from agentctl.events import StreamEvent
from agentctl.providers.base import Capabilities
from agentctl.providers.counts import inside
from agentctl.providers.driver import Arrival, Credential, HttpProvider
from agentctl.providers.openrouter import account, generation
from agentctl.providers.openrouter.account import Account
from agentctl.providers.openrouter.answer import Answer
from agentctl.providers.openrouter.codec import RoutedCompletions
from agentctl.providers.retries import Retries
from agentctl.settings import Settings
from agentctl.transport import Response, Transport
from agentctl.usage import Usage

__all__ = ["Account", "OpenRouter"]

_NAME = "x-generation-id"  # the header that names an answer before it begins
_LATER = (0.25, 0.5, 1.0, 1.0)  # seconds after which a generation is asked for again: it is known only after its end
_NOT_FOR_THIS_KEY = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


class OpenRouter(HttpProvider):
    """The service, and the account of its key; see `HttpProvider`.

    Args:
        capabilities: what it accepts and reports, and where it is.
        settings: how requests are to be routed.
        transport: carries the requests; closed with the provider.
        credential: the key.
        retries: when a failed request is sent again.
    """

    def __init__(
        self,
        capabilities: Capabilities,
        settings: Settings,
        transport: Transport,
        credential: Credential | None = None,
        retries: Retries | None = None,
    ) -> None:
        super().__init__(RoutedCompletions(capabilities, settings.openrouter), transport, credential, retries)

    async def charged(self, response_id: str) -> Usage | None:
        """Ask what an answer has used and cost; None if that is not known within 3 s.

        Raises:
            ProviderError: the key was refused, or the question was.
        """
        for delay in _LATER:
            try:
                return generation.read(await self.ask(generation.ask(response_id)))
            except ProviderError as error:
                if error.status != HTTPStatus.NOT_FOUND and not error.transient:
                    raise
            await asyncio.sleep(delay)
        return None

    async def account(self) -> Account:
        """Ask what the key has used and may still use.

        Raises:
            ProviderError: the key was refused, the service failed, or it tells nothing of a key.
        """
        key, credit = await self.ask(account.KEY), None
        if "usage" not in inside(key.get("data")):
            hint = f"check the base URL: {self.capabilities.base_url}"
            raise ProviderError(f"{self.name} tells nothing of the key, so it is no OpenRouter", hint=hint)
        try:
            credit = await self.ask(account.CREDITS)
        except ProviderError as error:
            if error.status not in _NOT_FOR_THIS_KEY:
                raise
        return account.read(key, credit)

    async def _read(self, response: Response, answer: Arrival) -> AsyncGenerator[StreamEvent, None]:
        """Tell the answer's name at once: who leaves before it begins can then still ask what it cost."""
        if (name := response.headers.get(_NAME)) and isinstance(answer.decoder, Answer):
            yield answer.decoder.announce(name)
        async with aclosing(super()._read(response, answer)) as events:
            async for event in events:
                yield event
