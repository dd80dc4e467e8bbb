"""The agent loop: however a turn ends, it is recorded, told, and over."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.loop import REQUEST, MemoryJournal, Player, collect
from support.parts import DELTAS

from agentctl.agent import Agent
from agentctl.assembly import assemble
from agentctl.attempt import Spent
from agentctl.errors import UNSENT, AgentctlError, AuthError, ProviderError, StorageError
from agentctl.events import (
    AgentEvent,
    Delta,
    Done,
    Failed,
    Finished,
    Notice,
    Receipt,
    Retry,
    Start,
    StreamEvent,
    TextDelta,
)
from agentctl.messages import Message, Text
from agentctl.providers.base import Request
from agentctl.usage import Usage

USAGE = Usage(uncached_input=3, output=2)


def _run(player: Player, journal: MemoryJournal) -> list[AgentEvent]:
    return asyncio.run(collect(Agent(player, journal, "player/m").run(REQUEST)))


def _done(text: str = "hi", usage: Usage | None = USAGE) -> Done:
    return Done(Message("assistant", (Text(text),)), usage, "end_turn")


@given(st.lists(DELTAS, max_size=8))
def test_deltas_pass_in_order_and_one_ending_comes_last(deltas: list[Delta]) -> None:
    """A reader sees each delta once, then what it cost, then the end."""
    journal = MemoryJournal()
    events = _run(Player([Start("m"), *deltas, _done()]), journal)
    assert events[:-2] == deltas
    message = Message("assistant", (Text("hi"),), "player/m", "end_turn")
    assert journal.settled == [(message, Spent(USAGE, "final", model="m"))]
    assert isinstance(events[-2], Receipt)
    assert events[-1] == Finished(message, events[-2])


def test_a_call_without_usage_is_settled_as_estimated() -> None:
    """A provider that reports no tokens still leaves a usage record, and it says that it is a guess."""
    journal = MemoryJournal()
    _run(Player([TextDelta("hi"), _done(usage=None)]), journal)
    assert journal.settled[0][1] == Spent(None, "estimated", (Text("hi"),))


def test_retries_are_told() -> None:
    """A notice says why and when the next attempt starts."""
    events = _run(Player([Retry(1, 2.0, "429 from the server"), _done()]), MemoryJournal())
    assert events[0] == Notice("429 from the server; attempt 2 in 2.0 s")


@pytest.mark.parametrize(
    ("error", "said", "ending", "status"),
    [
        (AuthError("refused"), [], ["begin", "release"], None),
        (ProviderError("cut"), ["par", "tial"], ["begin", "settle"], "estimated"),
        (ProviderError("cut", usage=USAGE), ["partial"], ["begin", "settle"], "partial"),
        (ProviderError("silent", billable=True), [], ["begin", "settle"], "estimated"),
    ],
)
def test_a_failed_turn_is_paid_for_as_far_as_it_was_served(
    error: ProviderError, said: list[str], ending: list[str], status: str | None
) -> None:
    """A refused call is released; one that said something, used tokens or may be billed is charged, its text kept."""
    journal = MemoryJournal()
    player = Player([*map(TextDelta, said), error])
    last = _run(player, journal)[-1]
    assert isinstance(last, Failed)
    assert last.error is error
    assert [word for word in journal.told if word != "draft"] == ending
    assert (last.message.text if last.message else "") == "".join(said)
    assert [spent.status for _, spent in journal.settled] == ([status] if status else [])
    assert player.closed


@pytest.mark.parametrize("failing", ["begin", "settle", "release"])
def test_a_database_that_fails_ends_the_turn_with_its_error(failing: str) -> None:
    """Whichever record can't be made, the turn ends in `Failed` and nothing escapes."""
    trouble = StorageError("disk full")
    journal = MemoryJournal(trouble=trouble, failing=(failing,))
    player = Player([AuthError("no")] if failing == "release" else [TextDelta("x"), _done()])
    last = _run(player, journal)[-1]
    assert isinstance(last, Failed)
    assert isinstance(last.error, AgentctlError)
    assert failing == "release" or last.error is trouble


def test_nothing_is_sent_before_the_record_of_it_is_durable() -> None:
    """When the journal can't begin, the provider is never asked."""
    player = Player([_done()])
    _run(player, MemoryJournal(trouble=StorageError(), failing=("begin",)))
    assert not player.closed


def test_a_draft_that_cannot_be_written_stops_the_answer() -> None:
    """Text that can't be kept is not shown on and on: the turn fails with the storage error."""
    journal = MemoryJournal(trouble=StorageError("disk full"), failing=("draft",))

    async def script() -> list[AgentEvent]:
        player = Player(repeat(TextDelta("x"), 20_000_000))
        return await collect(Agent(player, journal, "player/m").run(REQUEST))

    last = asyncio.run(script())[-1]
    assert isinstance(last, Failed)
    assert last.error is journal.trouble


def test_cancelling_keeps_what_had_arrived() -> None:
    """The iterating task is cancelled in mid-answer: the partial answer is stored as such, and `Finished` tells."""
    journal = MemoryJournal()

    async def run() -> list[AgentEvent]:
        events: list[AgentEvent] = []
        player = Player([TextDelta("par"), TextDelta("tial"), asyncio.Event()])
        async with aclosing(Agent(player, journal, "player/m").run(REQUEST)) as turn:
            async for event in turn:
                events.append(event)
                if event == TextDelta("tial"):
                    task = asyncio.current_task()
                    assert task
                    task.cancel()
        assert player.closed
        return events

    events = asyncio.run(run())
    partial = Message("assistant", (Text("partial"),), "player/m", "cancelled")
    assert journal.settled == [(partial, Spent(None, "estimated", partial.parts))]
    assert isinstance(events[-1], Finished)
    assert events[-1].message == partial


def test_a_turn_cancelled_before_anything_came_has_no_message() -> None:
    """There is nothing to store but the usage."""
    journal = MemoryJournal()

    async def run() -> AgentEvent:
        player = Player([asyncio.Event()])
        turn = asyncio.create_task(collect(Agent(player, journal, "player/m").run(REQUEST)))
        await player.asked.wait()
        turn.cancel()
        return (await turn)[-1]

    last = asyncio.run(run())
    assert isinstance(last, Finished)
    assert last.message is None
    assert journal.settled == [(None, Spent(None, "estimated"))]


def test_a_turn_cancelled_before_it_was_sent_costs_nothing() -> None:
    """A provider that says so when it is cancelled has its call released."""
    journal = MemoryJournal()

    class Slow(Player):
        async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
            self.asked.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise asyncio.CancelledError(UNSENT) from None
            yield _done()

    async def run() -> AgentEvent:
        player = Slow([])
        turn = asyncio.create_task(collect(Agent(player, journal, "player/m").run(REQUEST)))
        await player.asked.wait()
        turn.cancel()
        return (await turn)[-1]

    last = asyncio.run(run())
    assert isinstance(last, Finished)
    assert (last.message, last.receipt.usage) == (None, Usage())
    assert journal.told == ["begin", "release"]


def test_an_abandoned_turn_is_settled_too() -> None:
    """A consumer that stops iterating leaves a record behind."""
    journal = MemoryJournal()

    async def run() -> None:
        async with aclosing(Agent(Player([TextDelta("a"), TextDelta("b")]), journal, "player/m").run(REQUEST)) as turn:
            async for _ in turn:
                break

    asyncio.run(run())
    assert [message.text for message, *_ in journal.settled if message] == ["a"]


def test_what_was_yielded_is_drafted_soon_without_more_to_come() -> None:
    """A stalled stream's last words are written by the clock, not by the next delta."""
    journal = MemoryJournal()

    async def run() -> None:
        player = Player([TextDelta("a"), TextDelta("b"), stalled := asyncio.Event(), _done("ab")])
        turn = asyncio.create_task(collect(Agent(player, journal, "player/m").run(REQUEST)))
        await asyncio.wait_for(journal.wrote.wait(), 5)
        assert assemble(journal.drafted) == (Text("ab"),)
        stalled.set()
        await turn

    asyncio.run(run())


def test_the_loop_waits_for_a_writer_that_falls_behind() -> None:
    """While a draft can't be written, at most a quarter second of deltas is yielded; then the loop holds."""
    journal = MemoryJournal()
    seen: list[AgentEvent] = []

    async def run() -> None:
        journal.gate = asyncio.Event()
        player = Player(repeat(TextDelta("x"), 20_000_000))
        turn = Agent(player, journal, "player/m").run(REQUEST)

        async def read() -> None:
            async for event in turn:
                seen.append(event)  # noqa: PERF401  # seen as it comes

        reader = asyncio.create_task(read())
        await journal.drafting.wait()
        held = -1
        while held != len(seen):
            held = len(seen)
            await asyncio.sleep(0.3)
        assert held < 20_000_000
        reader.cancel()
        journal.gate.set()
        await reader

    asyncio.run(run())
    kept = journal.settled[0][0]
    assert kept
    # The one delta on which the loop held was kept and not yet yielded.
    assert len(kept.text) == sum(isinstance(event, TextDelta) for event in seen) + 1
