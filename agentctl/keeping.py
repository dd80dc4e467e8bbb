"""What of a request its provider's prompt cache is asked to keep: joins the rules of its API and the planner."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from agentctl.breakpoints import CachePlan, Rules
from agentctl.economy.cards import ModelCard
from agentctl.economy.prices import UNKNOWN, prices_at
from agentctl.economy.tokens import estimate, estimate_tools
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.caching import NOTHING_KNOWN, rules

if TYPE_CHECKING:
    from agentctl.economy.caching import Expectation, Shape

_SECOND = 1_000_000  # µs


def cache_plan(
    request: Request, capabilities: Capabilities, card: ModelCard, asked_at: Sequence[int], expected: Expectation
) -> CachePlan:
    """Return the plan of a request.

    Args:
        request: the one that is about to be sent.
        capabilities: of who is asked.
        card: what is known of the model.
        asked_at: when the requests of the conversation were made, this one last, in epoch µs.
        expected: what is to follow.
    """
    known = rules(capabilities, request.model)
    if known == NOTHING_KNOWN:
        return CachePlan()
    from agentctl.economy.caching import plan  # noqa: PLC0415 - most servers take no plan

    shape = shape_of_request(request)
    size = sum(place.tokens for place in shape.messages)
    prices = prices_at(card.prices, size) if card.prices else UNKNOWN
    gaps = [(later - earlier) / _SECOND for earlier, later in pairwise(asked_at)]
    return plan(shape, known, prices, least=card.cache_min, gaps=gaps, expected=expected)


def readable_tokens(request: Request, capabilities: Capabilities, card: ModelCard, planned: CachePlan) -> int:
    """Return the most tokens of a request that may come from the cache."""
    from agentctl.economy.caching import readable  # noqa: PLC0415

    known: Rules = rules(capabilities, request.model)
    return readable(shape_of_request(request), known, planned, least=card.cache_min)


def shape_of_request(request: Request) -> Shape:
    """Return the shape of a request, by a rough count of its tokens: a plan needs none that is exact."""
    from agentctl.economy.caching import shape_of  # noqa: PLC0415

    sizes = (estimate_tools(request.tools), tuple(estimate([message]) for message in request.messages))
    return shape_of(request.messages, request.tools, sizes)
