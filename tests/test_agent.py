"""The agent loop: however a turn ends, it is recorded, told, and over."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from decimal import Decimal
from itertools import repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.loop import REQUEST, MemoryJournal, Player, collect
from support.parts import DELTAS
from support.server import PATIENCE

from agentctl.agent import Agent
from agentctl.assembly import assemble
from agentctl.attempt import Spent
from agentctl.draft import Piece
from agentctl.errors import UNSENT, AgentctlError, AuthError, BudgetError, ProviderError, StorageError
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
from agentctl.messages import Message, Part, Text
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
        (AuthError("refused"), [], ["begin", "send", "release"], None),
        (ProviderError("cut"), ["par", "tial"], ["begin", "send", "settle"], "estimated"),
        (ProviderError("cut", usage=USAGE), ["partial"], ["begin", "send", "settle"], "partial"),
        (ProviderError("silent", billable=True), [], ["begin", "send", "settle"], "estimated"),
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
    assert journal.settled == [(None, Spent(None, "estimated", open_ended=True))]


def test_a_turn_cancelled_while_it_is_let_in_costs_nothing() -> None:
    """Whoever leaves while tokens are counted, or a budget is waited for, is charged nothing, and nothing is sent."""

    class Slow(MemoryJournal):
        async def begin(self, request: Request) -> Request:
            waiting.set()
            await asyncio.Event().wait()
            return request

    waiting = asyncio.Event()
    journal, player = Slow(), Player([_done()])

    async def run() -> AgentEvent:
        turn = asyncio.create_task(collect(Agent(player, journal, "player/m").run(REQUEST)))
        await waiting.wait()
        turn.cancel()
        return (await turn)[-1]

    assert isinstance(asyncio.run(run()), Finished)
    assert (journal.told, journal.settled, player.asked.is_set()) == (["release"], [], False)


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


SEEN = Usage(uncached_input=10, output=1)
ANSWER = Start("m", "answer-1")


def _cancelled(player: Player, journal: MemoryJournal, after: StreamEvent, patience: float = 5) -> list[AgentEvent]:
    """Run a turn that is cancelled when `after` is told."""

    async def run() -> list[AgentEvent]:
        turn = Agent(player, journal, "player/m", patience=patience).run(REQUEST)
        events: list[AgentEvent] = []
        async for event in turn:
            events.append(event)
            if event == after:
                task = asyncio.current_task()
                assert task
                task.cancel()
        return events

    return asyncio.run(run())


def test_a_cancelled_turn_keeps_the_latest_usage() -> None:
    """What the provider had said is kept, and only what came since is to be estimated."""
    journal = MemoryJournal()
    player = Player([Start("m"), TextDelta("a"), SEEN, TextDelta("b"), TextDelta("c"), asyncio.Event()])
    _cancelled(player, journal, TextDelta("c"))
    ((message, spent),) = journal.settled
    assert message
    assert message.text == "abc"
    assert spent == Spent(SEEN, "partial", (Text("bc"),), "m")


@pytest.mark.parametrize(("told", "unreported"), [(SEEN, (Text("b"),)), (USAGE, ()), (None, (Text("b"),))])
def test_a_failure_may_tell_of_more_usage(told: Usage | None, unreported: tuple[Part, ...]) -> None:
    """Usage that comes with the failure covers all that came; the same as before covers what it covered before."""
    journal = MemoryJournal()
    _run(Player([ANSWER, SEEN, TextDelta("b"), ProviderError("cut", usage=told)], bill=ProviderError()), journal)
    assert journal.settled[0][1] == Spent(told or SEEN, "partial", unreported, "m", "answer-1", open_ended=True)


@pytest.mark.parametrize("billed", [None, USAGE])
def test_an_attempt_that_failed_is_recorded_before_the_next_is_sent(billed: Usage | None) -> None:
    """It is charged if it is billed, else released; what it was known by is not the next one's."""
    journal = MemoryJournal()
    seen: list[list[str]] = []

    class Watching(Player):
        async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
            yield ANSWER
            yield Retry(1, 0, "overloaded", billed, "failed-1")
            seen.append(list(journal.told))
            yield _done()

    _run(Watching([]), journal)
    assert seen == [["begin", "fail", "again"]]
    assert journal.retried == [Spent(billed, "partial", (), "m", "failed-1") if billed else None]
    assert journal.settled[0][1] == Spent(USAGE, "final")


@pytest.mark.parametrize("failing", [False, True])
def test_a_turn_that_ends_between_attempts(failing: bool) -> None:
    """A cancellation while the first attempt is recorded releases the second; where it can't be recorded, all ends."""
    journal = MemoryJournal(trouble=StorageError("disk full"), failing=("fail",) if failing else ())

    async def run() -> AgentEvent:
        player = Player([ANSWER, Retry(1, 0, "overloaded", USAGE), _done()])
        task = asyncio.current_task()
        assert task
        journal.retrying = task.cancel
        return (await collect(Agent(player, journal, "player/m", patience=0).run(REQUEST)))[-1]

    last = asyncio.run(run())
    if failing:
        assert isinstance(last, Failed)
        assert [spent.usage for _, spent in journal.settled] == [USAGE]
    else:
        assert isinstance(last, Finished)
        assert journal.told == ["begin", "send", "fail", "again", "release"]


def test_a_turn_abandoned_between_attempts_releases_the_next() -> None:
    """Nobody waits for the second attempt, which was not sent."""
    journal = MemoryJournal()

    async def run() -> None:
        player = Player([ANSWER, Retry(1, 0, "overloaded"), _done()])
        async with aclosing(Agent(player, journal, "player/m").run(REQUEST)) as turn:
            async for _ in turn:
                break

    asyncio.run(run())
    assert journal.told == ["begin", "send", "fail", "again", "release"]


@pytest.mark.parametrize("error", [BudgetError("no more"), StorageError("disk full")])
def test_a_second_attempt_that_is_not_allowed_ends_the_turn(error: AgentctlError) -> None:
    """The first attempt is paid for once, and nothing is sent after it."""
    journal = MemoryJournal(trouble=error, failing=("again",))
    last = _run(Player([ANSWER, Retry(1, 0, "overloaded", USAGE), _done()]), journal)[-1]
    assert isinstance(last, Failed)
    assert last.error is error
    assert journal.told == ["begin", "send", "fail", "again", "release"]
    assert [spent.usage for spent in journal.retried if spent] == [USAGE]


def test_the_provider_is_asked_what_a_broken_answer_cost() -> None:
    """Its word is final; what had arrived is durable before it is asked."""
    journal = MemoryJournal()
    billed = Usage(uncached_input=7, output=5, reported=Decimal("0.25"))

    class Asked(Player):
        async def charged(self, response_id: str) -> Usage | None:
            assert assemble(journal.drafted) == (Text("par"),)
            return await super().charged(response_id)

    player = Asked([ANSWER, TextDelta("par"), asyncio.Event()], bill=billed)
    _cancelled(player, journal, TextDelta("par"))
    assert player.inquiries == ["answer-1"]
    assert journal.settled[0][1] == Spent(billed, "final", (), "m", "answer-1")


@pytest.mark.parametrize(
    ("script", "settled"),
    [
        ([ANSWER, TextDelta("a"), _done()], True),
        ([Start("m"), TextDelta("a"), ProviderError("cut")], True),
        ([ANSWER, ProviderError("refused")], False),
    ],
)
def test_the_provider_is_not_asked_for_what_is_known(script: list[StreamEvent], *, settled: bool) -> None:
    """Not about an answer with its usage, nor one without a name, nor one that is not billed."""
    journal, player = MemoryJournal(), Player(script, bill=USAGE)
    _run(player, journal)
    assert player.inquiries == []
    assert bool(journal.settled) is settled


@pytest.mark.parametrize("bill", [ProviderError("no"), None])
def test_a_turn_is_not_lost_over_what_it_cost(bill: AgentctlError | None) -> None:
    """A provider that fails to say, or takes too long, leaves what was known."""
    journal = MemoryJournal()
    player = Player([ANSWER, SEEN, TextDelta("a"), asyncio.Event()], bill=bill)
    last = _cancelled(player, journal, TextDelta("a"), patience=0.01)[-1]
    assert isinstance(last, Finished)
    assert player.inquiries == ["answer-1"]
    assert journal.settled[0][1] == Spent(SEEN, "partial", (Text("a"),), "m", "answer-1")


def test_a_second_cancellation_ends_the_asking() -> None:
    """Whoever wants to go does not wait for the provider's answer."""
    journal = MemoryJournal()

    async def run() -> AgentEvent:
        player = Player([ANSWER, TextDelta("a"), asyncio.Event()])
        turn = asyncio.create_task(collect(Agent(player, journal, "player/m", patience=1e9).run(REQUEST)))
        await player.asked.wait()
        turn.cancel()
        await player.inquired.wait()
        turn.cancel()
        return (await turn)[-1]

    assert isinstance(asyncio.run(run()), Finished)
    assert [spent.status for _, spent in journal.settled] == ["estimated"]


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
        await asyncio.wait_for(journal.wrote.wait(), PATIENCE)
        assert assemble(journal.drafted) == (Text("ab"),)
        stalled.set()
        await turn

    asyncio.run(run())


def _drafted(*script: StreamEvent, usage: Usage | None = None) -> list[Piece]:
    """What is written of events on which silence follows, by the time that some usage is; None waits for anything."""
    journal = MemoryJournal()

    async def run() -> None:
        turn = asyncio.create_task(collect(Agent(Player([*script, asyncio.Event()]), journal, "player/m").run(REQUEST)))
        while not journal.pieces or (usage and journal.pieces[-1].usage != usage):
            journal.wrote.clear()
            await asyncio.wait_for(journal.wrote.wait(), PATIENCE)
        turn.cancel()
        await turn

    asyncio.run(run())
    return journal.pieces


def test_what_the_provider_tells_is_drafted_soon() -> None:
    """Its name for the answer and what was used, also before a word of the answer."""
    assert _drafted(Start("m", "answer-1"), Usage(5)) == [Piece(Start("m", "answer-1"), (), Usage(5))]


def test_usage_that_comes_with_each_word_is_written_now_and_then() -> None:
    """Many in one piece are one: the last, which counts all words before it. What is told again counts no more."""
    told = [event for number in range(500) for event in (TextDelta("x"), Usage(5, output=number))]
    (piece,) = _drafted(*told, TextDelta("y"), Usage(5, output=499), TextDelta("z"))
    assert piece == Piece(None, (TextDelta("x" * 500),), Usage(5, output=499), (TextDelta("yz"),))


def test_what_a_failed_attempt_told_is_not_drafted_for_the_next() -> None:
    """It is settled by then, with what it used."""
    retry = Retry(1, 0, "overloaded", Usage(5))
    (piece,) = _drafted(Start("m", "failed"), Usage(5), retry, TextDelta("a"))
    assert piece == Piece(deltas=(TextDelta("a"),))
    pieces = _drafted(Usage(5), retry, Usage(5), usage=Usage(5))
    assert pieces == [Piece(None, (), Usage(5))]


def test_what_an_error_tells_is_durable_while_the_provider_is_asked() -> None:
    """The question can take seconds, in which the process may die."""
    journal = MemoryJournal()
    player = Player([TextDelta("a"), ProviderError("cut", usage=USAGE, response_id="answer-1", billable=True)])

    async def run() -> None:
        turn = asyncio.create_task(collect(Agent(player, journal, "player/m").run(REQUEST)))
        await asyncio.wait_for(player.inquired.wait(), PATIENCE)
        assert journal.pieces == [Piece(Start("", "answer-1"), (TextDelta("a"),), USAGE)]
        turn.cancel()
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
