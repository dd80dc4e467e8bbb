"""What of a conversation is sent, with a summary in it and without."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.parts import MESSAGES
from support.rules import broken

from agentctl.asking import asked_times
from agentctl.context import as_sent, cuts, marked, replaceable, shown
from agentctl.messages import Message, Summary, Text, ToolCall, ToolResult, user
from agentctl.repair import repaired
from agentctl.store import sessions
from agentctl.store.open import connect
from agentctl.store.sessions import after

SYSTEM = Message("system", (Text("be brief"),))


def answer(text: str, *calls: str) -> Message:
    """An answer of a model, with calls of these ids."""
    return Message("assistant", (Text(text), *(ToolCall(one, "f", "{}") for one in calls)), "p/m", "end_turn")


def results(*ids: str) -> Message:
    """What tools answered."""
    return Message("tool", tuple(ToolResult(one, f"result of {one}") for one in ids))


TURNS = st.lists(
    st.sampled_from(
        [
            (user("a"), answer("b")),
            (user("c"), answer("d", "x"), results("x"), answer("e")),
            (user("f"), answer("g", "x", "y"), results("y", "x"), answer("h", "x"), results("x"), answer("i")),
            (SYSTEM, user("j"), answer("k")),
        ]
    ),
    min_size=1,
    max_size=6,
)


def summed(cut: int, text: str = "so far") -> Message:
    """The message that stands for what was said before a place."""
    return Message("user", (Summary(text, cut),))


@given(TURNS, TURNS, st.data())
def test_what_is_sent_is_the_summary_and_what_is_kept(
    before: list[tuple[Message, ...]], later: list[tuple[Message, ...]], data: st.DataObject
) -> None:
    """Of a conversation that breaks no rule exactly that, whole; without the summary, all of it."""
    said = [message for turn in before for message in turn]
    more = [message for turn in later for message in turn]
    cut = data.draw(st.sampled_from(cuts(said)))
    whole = [*said, summed(cut), *more]
    kept = [message for message in (*said[cut:], *more) if message.role != "system"]
    assert [one for one in shown(whole) if one.role != "system"] == [marked(Summary("so far", cut)), *kept]
    sent = as_sent(whole)
    assert broken(sent) == []
    assert "so far" in sent[sent[0].role == "system"].text
    assert sum(len(message.calls) for message in sent) == sum(len(message.calls) for message in kept)
    assert (sent[0] == SYSTEM) == (SYSTEM in whole)
    assert as_sent(said) == repaired(said)
    assert {*replaceable(said, cut), *said[cut:]} | {SYSTEM} == {*said, SYSTEM}


@given(st.lists(MESSAGES, max_size=8))
def test_any_conversation_is_sent_by_the_rules(messages: list[Message]) -> None:
    """Whatever summaries stand in it, and wherever they say that they end."""
    assert broken(as_sent(messages)) == []
    for cut in cuts(messages):
        assert broken(as_sent([*messages, summed(cut)])) == []


def test_a_cut_parts_no_call_from_its_result() -> None:
    """It lies where the user begins to speak, and not where a result is still to come."""
    said = [user("a"), answer("b", "x"), user("c"), results("x"), answer("d"), user("e"), user("f"), answer("g")]
    assert cuts(said) == (5, 8)


def test_the_last_summary_counts() -> None:
    """A second one stands for the first and what followed, but for what it keeps of that."""
    said = [user("a"), answer("b"), user("c"), answer("d"), summed(2, "one"), user("e"), answer("f")]
    assert replaceable(said, 5) == (said[4], said[2], said[3])
    twice = [*said, summed(5, "two"), user("g")]
    assert shown(twice) == (marked(Summary("two", 5)), user("e"), answer("f"), user("g"))
    assert cuts(twice) == (8, 9)
    assert shown(twice[:7]) == (marked(Summary("one", 2)), *said[2:4], *said[5:])


def test_a_cache_of_what_was_sent_before_is_taken_for_none() -> None:
    """What was asked before the summary is long ago, by the same gaps; what was asked since is when it was."""
    said = [user("a"), answer("b"), user("c"), answer("d"), summed(2), user("e"), answer("f")]
    first, second, third = asked_times(said, [(1_000, 0), (3_000, 2), (9_000, 5)])
    assert (second - first, third) == (2_000, 9_000)
    assert third - second > 24 * 3600 * 1_000_000
    assert asked_times(said[:4], [(1_000, 0), (3_000, 2)]) == (1_000, 3_000)


def test_a_fork_before_the_summary_has_the_whole_history() -> None:
    """Who goes on from before it sends all that was said, and the other branch keeps its summary."""
    database = connect(":memory:")
    said = [user("a"), answer("b"), user("c"), answer("d"), summed(2)]
    session = database.write(sessions.create)
    stored = []
    for message in said:
        session, one = database.write(lambda tx, at=session, what=message: sessions.append(tx, at, what))  # type: ignore[misc]
        stored.append(one)
    earlier = after(session, stored[3].branch_id, stored[3].id, stored[3].seq)
    forked, _ = database.write(lambda tx: sessions.append(tx, earlier, user("e")))
    threads = database.read(lambda tx: [sessions.thread(tx, place) for place in (session, forked)])
    database.close()
    whole, other = ([kept.message for kept in thread] for thread in threads)
    assert as_sent(other) == (*said[:4], user("e"))
    assert whole == said
