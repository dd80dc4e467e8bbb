"""What does not fit a model never reaches its server, and what just fits does: for every model of known ceilings.

By default one model of each vocabulary and ceiling; AGENTCTL_TEST_FULL=1 makes it all of them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from support.loop import Player, collect

from agentctl.conversation import Conversation, Options
from agentctl.economy.cards import ModelCard
from agentctl.economy.catalog import Catalog
from agentctl.economy.preflight import most_input
from agentctl.economy.tokens.counting import count
from agentctl.economy.tokens.families import family_of
from agentctl.economy.tokens.prompt import Prompt
from agentctl.errors import ContextOverflowError
from agentctl.events import AgentEvent, Done, Failed, Finished, Notice, StreamEvent
from agentctl.messages import Message, Text, user
from agentctl.providers.base import Request
from agentctl.store.base import Database
from agentctl.store.open import connect
from agentctl.target import Target
from agentctl.usage import Usage

CATALOG = Catalog()
DONE = Done(Message("assistant", (Text("ok"),)), Usage(1, output=1), "end_turn")


@pytest.fixture(scope="module")
def db() -> Iterator[Database]:
    with closing(connect(":memory:")) as opened:
        yield opened


class Server(Player):
    """Remembers what reached it."""

    def __init__(self, counts: int | None = None) -> None:
        super().__init__([DONE], name="peer")
        self.requests: list[Request] = []
        self.counts = counts

    async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        """Answer."""
        self.requests.append(request)
        async for event in super().stream(request):
            yield event

    async def count_tokens(self, request: Request) -> int | None:
        """What it would say."""
        return self.counts


def _cards() -> list[ModelCard]:
    """The models whose ceilings are known."""
    known = [card for card in CATALOG.listing() if most_input(card) is not None]
    if os.environ.get("AGENTCTL_TEST_FULL"):
        return known
    return list({(id(family_of(card.name)), most_input(card)): card for card in known}.values())


def _upper(card: ModelCard, words: int) -> int:
    counted = count(Prompt((_words(words),)), card.name)
    return counted.tokens + counted.error_bar


def _words(number: int) -> Message:
    return user(" a" * number)


def _longest(card: ModelCard) -> int:
    """How many words just fit, with the error bar of their count."""
    most = most_input(card) or 0
    low, high = 0, 2 * most
    guess = most // 2
    while high - low > 1:
        upper = _upper(card, guess)
        low, high = (guess, high) if upper <= most else (low, guess)
        step = max(1, abs(most - upper) * guess // max(upper, 1))  # it grows in proportion, nearly
        guess = min(max(guess + (step if upper <= most else -step), low + 1), high - 1)
    return low


def _turn(
    db: Database, card: ModelCard, server: Server, words: int, options: Options | None = None
) -> list[AgentEvent]:
    target = Target(server, card.name.partition("/")[2], card)
    conversation = Conversation(db, CATALOG, target, options or Options(), keep=False)
    notes: list[str] = []
    with conversation.turn(_words(words), notes.append) as events:
        told = asyncio.run(collect(events))
    return [*map(Notice, notes), *told]


@pytest.mark.timeout(1800)
def test_no_overflow_reaches_a_server(db: Database) -> None:
    """At its ceiling a model is asked; with a word more its server hears nothing, and the error says what would fit."""
    for card in _cards():
        words = _longest(card)
        server = Server()
        assert isinstance(_turn(db, card, server, words)[-1], Finished), card.name
        assert len(server.requests) == 1, card.name
        last = _turn(db, card, server, words + 1)[-1]
        assert isinstance(last, Failed), card.name
        assert isinstance(last.error, ContextOverflowError), card.name
        assert f"{most_input(card):,}" in last.error.message
        assert "leave out" in (last.error.hint or "")
        assert len(server.requests) == 1, card.name


SMALL = ModelCard("peer/small", window=1000, max_output=400, max_input=900)


def test_a_wish_for_more_than_fits_is_clamped_and_said(db: Database) -> None:
    """The server is asked for no longer an answer than the model can give, and than the window has room for."""
    server = Server()
    told = _turn(db, SMALL, server, 10, Options(max_output=500))
    assert server.requests[-1].max_output == 400
    assert any(isinstance(event, Notice) and "not 500" in event.text for event in told)
    words = _longest(replace(SMALL, max_input=800))
    _turn(db, SMALL, server, words, Options(max_output=400))
    clamped = server.requests[-1].max_output or 0
    assert clamped == 1000 - _upper(SMALL, words) < 400


def test_the_providers_own_count_decides_where_ours_can_not(db: Database) -> None:
    """Within the error bar of the ceiling the provider is asked for its count, and goes by that."""
    words = _longest(SMALL) + 5
    assert count(Prompt((_words(words),)), SMALL.name).tokens < 900
    fits, fails, silent = Server(counts=900), Server(counts=901), Server()
    assert isinstance(_turn(db, SMALL, fits, words)[-1], Finished)
    assert isinstance(_turn(db, SMALL, fails, words)[-1], Failed)
    assert isinstance(_turn(db, SMALL, silent, words)[-1], Failed)
    assert [len(one.requests) for one in (fits, fails, silent)] == [1, 0, 0]


def test_what_has_no_known_ceiling_is_sent_with_a_word(db: Database) -> None:
    """Nobody can say that it fits, so it is sent; where it is long, that is said."""
    server = Server()
    told = _turn(db, ModelCard("peer/unknown"), server, 20_000)
    assert isinstance(told[-1], Finished)
    assert any(isinstance(event, Notice) and "it is not known whether" in event.text for event in told)
    assert not any(isinstance(event, Notice) for event in _turn(db, ModelCard("peer/unknown"), server, 10))


def test_what_was_refused_was_never_said(db: Database) -> None:
    """A conversation that is not kept goes on after a message that did not fit, without it."""
    server = Server()
    target = Target(server, "small", SMALL)
    conversation = Conversation(db, CATALOG, target, Options(), keep=False)

    def say(words: int) -> AgentEvent:
        with conversation.turn(_words(words), lambda _: None) as events:
            return asyncio.run(collect(events))[-1]

    assert isinstance(say(10), Finished)
    assert isinstance(say(5000), Failed)
    assert isinstance(say(20), Finished)
    assert [len(message.text) for message in server.requests[-1].messages] == [20, 2, 40]


def test_a_count_that_can_not_be_true_is_not_believed(db: Database) -> None:
    """A provider that says 0 does not get sent what may not fit."""
    words = _longest(SMALL) + 5
    liar = Server(counts=0)
    assert isinstance(_turn(db, SMALL, liar, words)[-1], Failed)
    assert liar.requests == []
