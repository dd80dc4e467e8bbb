"""Runs turns in an event loop, and lets Ctrl-C, SIGTERM and a closed pipe end one without losing what it said."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass
from typing import Self

from agentctl.cli.render import forget
from agentctl.cli.views import View
from agentctl.conversation import Conversation
from agentctl.events import AgentEvent, Failed, Finished, Notice
from agentctl.messages import Message


@dataclass(frozen=True, slots=True)
class Ending:
    """How a turn ended, and the number of the signal that ended it, if one did."""

    last: Finished | Failed
    signal: int | None


class Turns:
    """One event loop for all turns of a command, so that connections are kept between them."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
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

        The first SIGINT or SIGTERM ends the turn, whose partial answer is stored; a second one ends the process.
        """
        notify = lambda text: view.show(Notice(text))  # noqa: E731 - one line, used twice
        self.prepare(notify)
        with self._conversation.turn(message, notify) as events:
            view.begin(self._conversation.session_id, self._conversation.model)
            return self._runner.run(_play(events, view.show))


async def _play(events: AsyncGenerator[AgentEvent, None], show: Callable[[AgentEvent], None]) -> Ending:
    task = asyncio.current_task()
    assert task  # noqa: S101  # a coroutine that runs has a task
    caught: list[int] = []
    with _signals(lambda number: _interrupt(task, caught, number)):
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
    return Ending(last, caught[0] if caught else None)


def _interrupt(task: asyncio.Task[Ending], caught: list[int], number: int) -> None:
    if caught:
        os._exit(128 + number)
    caught.append(number)
    task.cancel()


@contextmanager
def _signals(handle: Callable[[int], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, handle, number)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
