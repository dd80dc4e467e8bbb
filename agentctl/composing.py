"""Makes the requests of a conversation, and finds who takes them and what lets them through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from agentctl.admission import Gate
from agentctl.asking import History, Options, compose
from agentctl.breakpoints import NO_CACHE
from agentctl.economy import ledger, tokens
from agentctl.economy.catalog import Catalog
from agentctl.messages import Message
from agentctl.providers.base import Caching, Capabilities, Provider, Request
from agentctl.store.base import Database
from agentctl.target import Target

if TYPE_CHECKING:
    from agentctl.economy.caching import Expectation
    from agentctl.economy.tokens.counting import Observed


class Composer:
    """What each call of the model in one conversation has in common.

    Args:
        db: where the conversation lies.
        catalog: what models cost, and may be asked.
        target: who answers.
        session_id: the conversation; None if it is not kept.
        caching: what is expected to follow a turn, for the provider's cache to keep what is worth it; None asks it to
            keep nothing.
    """

    def __init__(
        self, db: Database, catalog: Catalog, target: Target, session_id: str | None, caching: Expectation | None
    ) -> None:
        self._db = db
        self._catalog = catalog
        self._target = target
        self._session_id = session_id
        self._caching = caching

    def request(self, said: Sequence[Message], options: Options, asked_at: Sequence[int]) -> Request:
        """What is sent: all that was said, with what of it the provider is to keep.

        `asked_at` is when the requests of the conversation were made, this one last, in epoch µs.
        """
        ceiling = self._target.card.max_output
        request = compose(self._target.model, said, options, ceiling=ceiling, session_id=self._session_id)
        if not isinstance(self._target.provider, Caching):
            return request
        if self._caching is None:
            return replace(request, cache=NO_CACHE)
        return self._planned(request, self._target.provider.capabilities, asked_at, self._caching)

    def _planned(
        self, request: Request, capabilities: Capabilities, asked_at: Sequence[int], expected: Expectation
    ) -> Request:
        """The request, with what of it the provider is to keep, and the answer that it may compare it with."""
        from agentctl.keeping import cache_plan  # noqa: PLC0415 - what runs here and what is scripted caches nothing

        plan, before = cache_plan(request, capabilities, self._target.card, asked_at, expected), None
        if capabilities.cache_diagnosis and (session_id := self._session_id) and len(asked_at) > 1:
            from agentctl.economy.cachebook import last_response  # noqa: PLC0415

            before = self._db.read(lambda tx: last_response(tx, session_id, capabilities.provider))
        return replace(request, cache=plan, previous_response_id=before)

    def housed(self, history: History) -> Provider:
        """The provider for a kept session without a budget: one that rents caches does so to those who come back."""
        provider = self._target.provider
        if not self._caching or not isinstance(provider, Caching):
            return provider
        from agentctl.providers.caching import rules  # noqa: PLC0415
        from agentctl.providers.driver import HttpProvider  # noqa: PLC0415

        if not rules(provider.capabilities, self._target.model).rents or not isinstance(provider, HttpProvider):
            return provider
        from agentctl.renting import Tenancy, Tenant  # noqa: PLC0415 - hardly anybody rents

        asked_at = (*history.asked_at, ledger.now())
        return Tenant(self._db, provider, Tenancy(history.session.id, self._target.card, asked_at))

    def gate(self, *, strict: bool) -> Gate:
        """What lets a request through if it fits the model; `strict` where a budget has to hold."""
        provider, card = self._target.provider, self._target.card
        return Gate(provider, card, lambda: self._catalog.listing([provider.name]), self.observed, strict=strict)

    def observed(self) -> Observed | None:
        """What calls of the model were billed for the tokens that we count."""
        from agentctl.economy.calibration import observed  # noqa: PLC0415 - few requests are counted

        return self._db.read(lambda tx: observed(tx, self._target.card.name))


def size_of(request: Request) -> int:
    """About how many tokens it has."""
    return tokens.estimate(request.messages) + (tokens.estimate_tools(request.tools) if request.tools else 0)
