"""What a call may spend, where another model may answer it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from agentctl.economy.budget import Limits
from agentctl.economy.cards import ModelCard
from agentctl.economy.catalog import Catalog
from agentctl.economy.tokens.counting import bound
from agentctl.economy.tokens.prompt import Prompt
from agentctl.errors import BudgetError
from agentctl.messages import user
from agentctl.providers.base import Request
from agentctl.purse import Purse

CATALOG = Catalog()
CARDS = (CATALOG.find("openrouter/openai/gpt-4o"), CATALOG.find("openrouter/anthropic/claude-opus-4.1"))
LIMITS = Limits(command=Decimal(1))
THAI = user("คณะกรรมการจะประชุมกันอีกครั้งในวันพฤหัสบดี " * 100)


def test_each_model_counts_by_its_own_tokenizer() -> None:
    """A fallback that makes more tokens of a text is bounded by these, and not by those of the model that was asked."""
    opened = Purse(CARDS, LIMITS).opened(Request("openai/gpt-4o", (THAI,)))
    assert opened.others == (bound(Prompt((THAI,)), CARDS[1].name),)
    assert opened.others[0] > bound(Prompt((THAI,)), CARDS[0].name)


def test_a_substitute_of_unknown_price_is_refused_too() -> None:
    """What may answer may bill."""
    with pytest.raises(BudgetError, match="nobody/knows"):
        Purse((CARDS[0], ModelCard("nobody/knows")), LIMITS).opened(Request("openai/gpt-4o", (THAI,)))
