"""Putting deltas together."""

from hypothesis import given
from hypothesis import strategies as st
from support.parts import DELTAS

from agentctl.assembly import assemble, coalesce, dump_deltas, load_deltas
from agentctl.events import Delta, TextDelta, ThinkingDelta, ToolCallDelta
from agentctl.messages import Text, Thinking, ToolCall

STREAMS = st.lists(DELTAS, max_size=12)


@given(STREAMS)
def test_coalescing_changes_nothing_but_the_number_of_deltas(deltas: list[Delta]) -> None:
    """The parts are the same however often neighbours were joined on the way."""
    joined = coalesce(deltas)
    assert assemble(joined) == assemble(deltas)
    assert coalesce(joined) == joined
    assert len(joined) <= len(deltas)


@given(STREAMS, st.integers(0, 12))
def test_a_stream_cut_in_two_makes_the_same_parts(deltas: list[Delta], cut: int) -> None:
    """Drafts are written in batches: joining each batch alone loses nothing."""
    assert assemble([*coalesce(deltas[:cut]), *coalesce(deltas[cut:])]) == assemble(deltas)


@given(STREAMS)
def test_text_form_of_deltas_is_lossless(deltas: list[Delta]) -> None:
    """What a draft stores loads as the same deltas."""
    text = dump_deltas(deltas)
    assert load_deltas(text) == deltas
    assert text.isascii()


def test_parts_stand_in_the_order_in_which_they_began() -> None:
    """Interleaved tool calls are gathered by their index; a signature closes its block of thinking."""
    deltas: list[Delta] = [
        ThinkingDelta("a"),
        ThinkingDelta("b", "signed"),
        ThinkingDelta("c"),
        TextDelta("x"),
        ToolCallDelta(0, "id0", "f", "{"),
        ToolCallDelta(1, "id1", "g", ""),
        ToolCallDelta(0, arguments="}"),
        TextDelta("y"),
        TextDelta("z"),
    ]
    assert assemble(deltas, "p") == (
        Thinking("ab", "signed", "p"),
        Thinking("c", None, "p"),
        Text("x"),
        ToolCall("id0", "f", "{}"),
        ToolCall("id1", "g", ""),
        Text("yz"),
    )
