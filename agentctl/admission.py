"""Whether a request fits its model, and how long its answer may be there.

Counting exactly takes a tokenizer, which takes longer to load than most questions take to be sent. So a bound that
needs none is tried first; the tokens are counted where that does not settle it, and the provider itself is asked, where
it can be, when a ceiling lies within the error of the count.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agentctl.economy import preflight
from agentctl.economy.cards import ModelCard
from agentctl.economy.preflight import Counted, Told
from agentctl.errors import ProviderError
from agentctl.messages import Text
from agentctl.providers.base import Provider, Request

if TYPE_CHECKING:
    from agentctl.economy.tokens.counting import Count, Observed
    from agentctl.economy.tokens.prompt import Prompt

_SHORT = 4_096  # bytes of text that fit nearly every model, however it cuts them into tokens
_A_BYTE, _A_MESSAGE = 4, 256  # tokens, by far enough for any vocabulary and chat format
_PATIENCE = 15.0  # seconds for a provider to count in


@dataclass(frozen=True, slots=True)
class Fitted:
    """A request that fits its model.

    Args:
        request: as it may be sent, as far as the model is concerned.
        bound: the most tokens of input that it can have.
        counted: whether that comes from a count.
        notes: what the user should know.
    """

    request: Request
    bound: int
    counted: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gate:
    """What lets requests through.

    Args:
        provider: who would answer.
        card: what is known of the model.
        candidates: gives the models that may be named where a request is too large for this one.
        observed: tells what the model's calls were billed for the tokens that we count.
        strict: whether the bound is to be as low as it can be told without counting, for a budget goes by it.
    """

    provider: Provider
    card: ModelCard
    candidates: Callable[[], Iterable[ModelCard]] = tuple
    observed: Callable[[], Observed | None] = lambda: None
    strict: bool = False

    async def fit(self, request: Request) -> Fitted:
        """Return the request as it fits the model.

        Raises:
            ContextOverflowError: it does not.
        """
        short = None if self.strict else _at_most(request)
        if short is not None and self._settles(short, request):
            return self._fitted(request, Told(short), short, counted=False)
        from agentctl.economy.tokens.counting import bound  # noqa: PLC0415 - most questions are short

        most = bound(prompt_of(request), self.card.name)
        if self._settles(most, request):
            return self._fitted(request, Told(most), most, counted=False)
        return await self.count(request)

    def _settles(self, bound: int, request: Request) -> bool:
        """Whether even so many tokens fit, and cut no answer short."""
        return preflight.judge(Told(bound), self.card) in {"fits", "unknown"} and _has_room(bound, self.card, request)

    async def count(self, request: Request) -> Fitted:
        """`fit`, by a count of the tokens."""
        count = await asyncio.to_thread(self._counted, request)
        size: Counted = count
        if preflight.judge(count, self.card) == "uncertain":
            size = await self._asked(request, count) or count
        return self._fitted(request, size, count.bound, counted=True)

    def _counted(self, request: Request) -> Count:
        from agentctl.economy.tokens.counting import count  # noqa: PLC0415

        return count(prompt_of(request), self.card.name, self.observed())

    async def _asked(self, request: Request, count: Count) -> Counted | None:
        """What the provider itself counts, if that can be true; its questions are free."""
        try:
            async with asyncio.timeout(_PATIENCE):
                told = await self.provider.count_tokens(request)
        except (ProviderError, TimeoutError):
            return None
        return None if told is None or not count.allows(told) else Told(told)

    def _fitted(self, request: Request, size: Counted, bound: int, *, counted: bool) -> Fitted:
        fit = preflight.fit(size, self.card, request.max_output, self.candidates)
        fitted = replace(request, max_output=fit.max_output, output_ceiling=fit.output_ceiling)
        return Fitted(fitted, bound, counted, fit.notes)


def _has_room(bound: int, card: ModelCard, request: Request) -> bool:
    """Whether even so many tokens of input leave room for the longest answer, so that none is cut for a rough bound."""
    longest = request.max_output or card.max_output or 0
    return card.window is None or bound + min(longest, card.max_output or longest) <= card.window


def _at_most(request: Request) -> int | None:
    """More tokens than a short text has for any model; None for what is no short text."""
    parts = [part for message in request.messages for part in message.parts]
    if request.tools or request.schema is not None or not all(isinstance(part, Text) for part in parts):
        return None
    size = sum(len(part.text.encode("utf-8", "surrogatepass")) for part in parts if isinstance(part, Text))
    return _A_BYTE * size + _A_MESSAGE * (len(request.messages) + 1) if size <= _SHORT else None


def prompt_of(request: Request) -> Prompt:
    """What of a request is counted."""
    from agentctl.economy.tokens.prompt import Prompt  # noqa: PLC0415

    return Prompt(request.messages, request.tools, request.schema)
