"""A history from anywhere, as every API takes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.parts import MESSAGES
from support.rules import broken

from agentctl.messages import (
    Message,
    Part,
    Summary,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Unknown,
    user,
)
from agentctl.repair import NOBODY, repaired

# Ids that meet, so that calls find results, wrong ones too.
IDS = st.sampled_from(["a", "b", ""])
PIECES: st.SearchStrategy[Part] = st.one_of(
    st.builds(ToolCall, IDS, st.just("f"), st.just("{}")),
    st.builds(ToolResult, IDS, st.just("r")),
    st.builds(Text, st.sampled_from(["", "x"]), st.sampled_from([None, "s"])),
    st.builds(Thinking, st.just("hm"), st.none(), st.none()),
)
TALK = st.builds(
    Message,
    st.sampled_from(["system", "user", "assistant", "tool"]),
    st.lists(PIECES, max_size=4).map(tuple),
    st.sampled_from([None, "p/m", "q/m"]),
)


@given(st.lists(TALK | MESSAGES, max_size=8))
def test_any_history_follows_the_rules_then(messages: list[Message]) -> None:
    """Whatever messages there are, what is made of them breaks no rule."""
    assert broken(repaired(messages)) == []


@given(st.lists(TALK | MESSAGES, max_size=8))
def test_a_history_that_follows_them_stays_as_it_is(messages: list[Message]) -> None:
    """Where no rule is broken nothing is changed, so once is enough."""
    fine = repaired(messages)
    assert repaired(fine) == fine
    if not broken(messages):
        assert repaired(messages) == tuple(messages)


@given(st.lists(TALK, max_size=8))
def test_words_are_not_lost(messages: list[Message]) -> None:
    """What a user or a model said is there afterwards, in its order."""
    said = "".join(message.text for message in messages if message.role in {"user", "assistant"})
    kept = "".join(message.text for message in repaired(messages) if message.role in {"user", "assistant"})
    assert kept.count("x") == said.count("x")


def answer(*parts: Part) -> Message:
    """An answer of a model."""
    return Message("assistant", parts, "p/m", "end_turn")


def test_each_defect_has_its_cure() -> None:
    """A call gets the result that came late, else one that says it was not run; others are left out."""
    late = answer(ToolCall("c", "f", "{}"), ToolCall("d", "g", "{}"))
    found = repaired(
        [
            user("go"),
            late,
            user("wait"),
            Message("tool", (ToolResult("c", "1"), ToolResult("c", "2"), ToolResult("e", "3"))),
            answer(Text("done")),
            Message("tool", (ToolResult("d", "4"),)),
            user("more"),
        ]
    )
    assert found == (
        user("go"),
        late,
        Message("tool", (ToolResult("c", "1"), ToolResult("d", NOBODY, is_error=True))),
        user("wait"),
        answer(Text("done")),
        user("more"),
    )


def test_calls_of_one_id_become_two() -> None:
    """Of two calls that a server gave one id each keeps its own result."""
    calls = answer(ToolCall("c", "f", "1"), ToolCall("c", "g", "2"))
    results = Message("tool", (ToolResult("c", "of f"), ToolResult("c", "of g")))
    _, one, two = repaired([user("go"), calls, results])
    assert [call.id for call in one.calls] == ["c", "c_2"]
    assert [(result.call_id, result.content) for result in two.results] == [("c", "of f"), ("c_2", "of g")]


@pytest.mark.parametrize("part", [Unknown('{"type":"hologram"}'), Summary("s", 0), Thinking("hm", "s", "p")])
def test_what_says_nothing_to_a_model_is_left_out(part: Part) -> None:
    """What a newer version wrote, a summary that does not count, and a thought without a word after it."""
    assert repaired([user("a"), answer(part), user("b")]) == (Message("user", (Text("a"), Text("b"))),)
