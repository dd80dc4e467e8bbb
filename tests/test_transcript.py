"""A conversation as text, in pieces, and the summary that is made of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.parts import MESSAGES

from agentctl.compaction import plan
from agentctl.context import as_sent
from agentctl.economy.cards import ModelCard
from agentctl.economy.preflight import Told
from agentctl.errors import BudgetError, ContextOverflowError, UsageError
from agentctl.messages import Attachment, Message, Summary, Text, Thinking, ToolCall, ToolResult, Unknown, user
from agentctl.summarising import Model, Plan, Wanted, summarise
from agentctl.transcript import pieces, transcript


@given(st.lists(MESSAGES, max_size=4))
def test_every_message_has_its_text(messages: list[Message]) -> None:
    """Whatever is in it."""
    assert len(transcript(messages)) == len(messages)


def test_who_said_what_is_told() -> None:
    """Words, calls by name, results with it, files by name and kind, what is not known by its kind; no reasoning."""
    said = [
        user("look", Attachment("a.png", "image/png", b"1234"), Attachment("b.txt", "text/plain", b"words")),
        Message("assistant", (Thinking("hm"), Text("yes"), ToolCall("c", "f", '{"x":1}'))),
        Message("tool", (ToolResult("c", "1"), ToolResult("d", "2", is_error=True))),
        Message("user", (Summary("so far", 2), Unknown('{"type":"hologram"}'))),
    ]
    file = '[attached: b.txt, text/plain, 5 bytes]\n<file name="b.txt">\nwords\n</file>'
    assert transcript(said) == [
        f"[user]\n[attached: a.png, image/png, 4 bytes]\n{file}\nlook",
        '[assistant]\nyes\n[called f with {"x":1}]',
        "[tool]\n[f answered]\n1\n[a tool failed]\n2",
        "[user]\n[summary of what was said before]\nso far\n[hologram]",
    ]


@given(st.lists(st.text("ab", max_size=30), max_size=8), st.integers(4, 40))
def test_pieces_fit_and_leave_nothing_out(texts: list[str], room: int) -> None:
    """Each fits the room, and all characters are there in their order."""
    found = pieces(texts, room, len)
    assert all(len(piece) <= room for piece in found)
    assert "".join(found).replace("\n", "") == "".join(texts)
    assert pieces(texts, None, len) == ["\n\n".join(texts)]


def model(window: int | None = 4_000) -> Model:
    """A model to which a character is a token."""

    def count(messages: Sequence[Message]) -> Told:
        return Told(sum(len(message.text) for message in messages))

    return Model(ModelCard("p/m", window=window), count, lambda messages: count(as_sent(messages)))


def talk(turns: int, length: int) -> list[Message]:
    """A conversation of so many turns with questions of this length."""
    return [one for _ in range(turns) for one in (user("q" * length), Message("assistant", (Text("a"),), "p/m"))]


def made(found: Plan, wanted: Wanted, length: int) -> tuple[Summary, list[str]]:
    """The summary of a model whose answers are this long, and what it was asked."""
    asked: list[str] = []

    async def ask(text: str) -> Message:
        asked.append(text)
        return Message("assistant", (Text("s" * length),), "p/m", "end_turn")

    return asyncio.run(summarise(found, model(), wanted, ask)), asked


@given(st.integers(1, 12), st.integers(1, 3_000), st.integers(0, 3), st.integers(1, 400))
def test_no_more_calls_are_made_than_were_told(turns: int, length: int, keep: int, answer: int) -> None:
    """Whatever the conversation, each request fits, and the calls are bounded before the first is made."""
    said, wanted = talk(turns, length), Wanted(keep)
    if keep >= turns:
        with pytest.raises(UsageError, match="nothing to summarise"):
            plan(said, wanted, model())
        return
    found = plan(said, wanted, model())
    assert (found.cut, found.replaced) == (2 * (turns - keep), 2 * (turns - keep))
    assert found.calls <= 32
    if answer + 200 < found.tokens:
        summary, asked = made(found, wanted, answer)
        assert (summary.kept, len(asked) <= found.calls) == (found.cut, True)
        assert all(len(text) < 4_000 for text in asked)


def test_what_takes_too_many_calls_is_refused() -> None:
    """Before any of them is made."""
    with pytest.raises(ContextOverflowError, match="more than 32 calls") as caught:
        plan(talk(100, 1_400), Wanted(), model())
    assert caught.value.hint
    with pytest.raises(ContextOverflowError, match="takes too little"):
        plan(talk(3, 100), Wanted(1), model(700))
    with pytest.raises(BudgetError, match="unknown"):
        plan(talk(3, 100), Wanted(1, most=Decimal(1)), model())


@pytest.mark.parametrize(("before", "kept"), [("x", 2), ("x" * 1_900, 1), ("x" * 2_800, 0)])
def test_as_many_turns_are_kept_as_there_is_room_for(before: str, kept: int) -> None:
    """The longer the message that is to come, the fewer of those before it."""
    found = plan(talk(3, 900), Wanted(fit=True, before=user(before)), model())
    assert found.cut == 6 - 2 * kept
    with pytest.raises(ContextOverflowError, match="by itself"):
        plan(talk(3, 900), Wanted(fit=True, before=user("x" * 4_000)), model())
    with pytest.raises(ContextOverflowError, match="alone is too long"):
        plan([], Wanted(fit=True, before=user("x" * 4_000)), model())
