"""Runs turns in an event loop, and lets Ctrl-C, SIGTERM and a closed pipe end one without losing what it said."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import ExitStack, aclosing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar

from agentctl.cli.render import forget, print_note
from agentctl.cli.stopping import NOT_STORED, Stop, patient, signals
from agentctl.cli.views import View
from agentctl.conversation import Conversation
from agentctl.errors import ContextOverflowError, InterruptError
from agentctl.events import AgentEvent, Failed, Finished, Notice
from agentctl.messages import Message

if TYPE_CHECKING:
    from agentctl.cli.compacting import Leave
    from agentctl.summarising import Compacted, Wanted

T = TypeVar("T")

_LOST_END = "the end of the answer is not stored"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a turn ended, and the number of the signal that ended it, if one did."""

    last: Finished | Failed
    signal: int | None


class Turns:
    """One event loop for all turns of a command, so that connections are kept between them.

    `allows` says whether a conversation that no longer fits is made shorter, at most once for a turn; None never is.
    `explains` is whether it is shown why a model was chosen.
    """

    def __init__(self, conversation: Conversation, allows: Leave | None = None, *, explains: bool = False) -> None:
        self._conversation = conversation
        self._allows = allows
        self._explains = explains
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._runner:
            self._runner.run(self._conversation.aclose())

    def prepare(self, notify: Callable[[str], None]) -> None:
        """Get the conversation's tools ready."""
        self._runner.run(self._conversation.prepare(notify))

    def run(self, message: Message, view: View) -> Ending:
        """Run one turn and show it.

        The first SIGINT or SIGTERM ends the turn, whose partial answer is stored; a second one ends the process, which
        says what is not stored then.

        Raises:
            InterruptError: a second SIGINT came before the turn could begin, which was told: nothing of it is stored.
        """
        notify = _noting(view)
        self.prepare(notify)
        held: list[Failed] = []

        def show(event: AgentEvent) -> None:
            if self._allows and isinstance(event, Failed) and isinstance(event.error, ContextOverflowError):
                held.append(event)  # it is told if there is no way out
            else:
                view.show(event)

        ending = self._turn(message, view, show)
        if not (held and self._allows):
            return ending
        from agentctl.cli.compacting import Room  # noqa: PLC0415 - hardly any turn needs it

        failed = held[0]
        begun = failed.receipt is not None and failed.receipt.attempts > 0
        waiting = None if begun else message
        room = Room(self, self._conversation, self._allows, notify)
        if error := failed.error if ending.signal else room.make(failed, waiting):
            view.show(last := Failed(error, failed.message, failed.receipt))
            return Ending(last, ending.signal)
        return self._turn(waiting, view, view.show)

    def _turn(self, message: Message | None, view: View, show: Callable[[AgentEvent], None]) -> Ending:
        with ExitStack() as held:
            with patient() as caught:
                events = held.enter_context(self._conversation.turn(message, _noting(view)))
            view.begin(self._conversation.session_id, self._conversation.model)
            if self._explains and self._conversation.decided:
                view.show(self._conversation.decided)
            ending = self._runner.run(_play(events, show, self._stop(caught)))
        if ending.signal and not self._recorded():
            print_note(NOT_STORED)
        return ending

    def _stop(self, caught: list[int]) -> Stop:
        return Stop(caught, lambda: _LOST_END if self._recorded() else NOT_STORED)

    def _recorded(self) -> bool:
        """Whether the question is in the database."""
        return self._conversation.journal is not None and self._conversation.journal.begun

    def compact(self, wanted: Wanted, notify: Callable[[str], None]) -> Compacted:
        """Make the conversation shorter. The first SIGINT or SIGTERM leaves it as it was.

        Raises:
            AgentctlError: it stays as it was, for this reason.
            SystemExit: that is SIGTERM.
        """
        with self._conversation.compaction(wanted, notify) as work:
            return self._runner.run(_finished(work))


def _noting(view: View) -> Callable[[str], None]:
    return lambda text: view.show(Notice(text))


async def _play(events: AsyncGenerator[AgentEvent, None], show: Callable[[AgentEvent], None], stop: Stop) -> Ending:
    task = asyncio.current_task()
    assert task  # noqa: S101  # a coroutine that runs has a task
    with stop.ending(task):
        async with aclosing(events):
            async for event in events:
                last = event
                try:
                    show(event)
                except BrokenPipeError:
                    forget(sys.stdout)
                    task.cancel()  # nobody reads: pay for no more of it
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0)  # takes a cancellation that came too late for the turn
    assert isinstance(last, Finished | Failed)  # noqa: S101  # the last of a turn's events
    return Ending(last, stop.caught[0] if stop.caught else None)


async def _finished(work: Coroutine[Any, Any, T]) -> T:
    task = asyncio.current_task()
    assert task  # noqa: S101  # a coroutine that runs has a task
    caught: list[int] = []
    with signals(lambda number: _interrupt(task, caught, number)):
        try:
            return await work
        except (asyncio.CancelledError, InterruptError):
            if signal.SIGTERM in caught:
                raise SystemExit(128 + signal.SIGTERM) from None
            raise InterruptError from None


def _interrupt(task: asyncio.Task[Any], caught: list[int], number: int) -> None:
    if caught:
        os._exit(128 + number)
    caught.append(number)
    task.cancel()
