"""The agent loop: sends a request, yields what happens, and keeps the journal close behind.

It names no provider, database or terminal: it is given a `Provider` and a `Journal`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import aclosing, suppress
from typing import Any, Protocol, TypeVar

from agentctl.draft import Draft
from agentctl.errors import UNSENT, AgentctlError, ProviderError
from agentctl.events import AgentEvent, Delta, Done, Failed, Finished, Notice, Receipt, Retry
from agentctl.messages import Message, StopReason
from agentctl.providers.base import Provider, Request
from agentctl.usage import Usage, UsageStatus

T = TypeVar("T")


class Journal(Protocol):
    """Where a turn is recorded. Each method returns once what it was given is durable.

    Each raises `StorageError` when it can't be.
    """

    async def begin(self) -> None:
        """Record what the user said, and that a call is about to be sent."""
        ...

    async def draft(self, deltas: Sequence[Delta]) -> None:
        """Record more of the answer."""
        ...

    async def settle(self, message: Message | None, usage: Usage | None, status: UsageStatus) -> Receipt:
        """Record the answer, as far as there is one, and what it cost; without a usage, an estimate."""
        ...

    async def release(self) -> Receipt:
        """Record that the call cost nothing: it was refused, or never sent."""
        ...


class Agent:
    """Runs turns of one conversation against one model.

    Args:
        provider: who answers.
        journal: where the turn is recorded.
        model: `provider/model`, as messages record it.
    """

    def __init__(self, provider: Provider, journal: Journal, model: str) -> None:
        self._provider = provider
        self._journal = journal
        self._model = model

    async def run(self, request: Request) -> AsyncGenerator[AgentEvent, None]:
        """Run one turn and yield its events; the last is `Finished` or `Failed`.

        Cancelling the task that iterates ends the turn and not the iteration: what had arrived is recorded with the
        stop reason `cancelled`, and `Finished` is still yielded.
        """
        draft = Draft(self._journal.draft)
        ending: Done | AgentctlError | None = None
        abandoned = unsent = False
        try:
            await _uninterrupted(self._journal.begin())
            _raise_if_cancelled()
            async with aclosing(self._provider.stream(request)) as events:
                async for event in events:
                    if isinstance(event, Delta):
                        if draft.add(event):
                            await draft.catch_up()
                        yield event
                    elif isinstance(event, Done):
                        ending = event
                    elif isinstance(event, Retry):
                        yield Notice(f"{event.reason}; attempt {event.attempt + 1} in {event.delay:.1f} s")
        except AgentctlError as error:
            ending = error
        except (asyncio.CancelledError, GeneratorExit) as left:
            abandoned = isinstance(left, GeneratorExit)  # then nobody waits for another event
            unsent = left.args == (UNSENT,)
        last = await _uninterrupted(self._end(draft, ending, unsent=unsent))
        if abandoned:
            return
        if last.receipt:
            yield last.receipt
        yield last

    async def _end(self, draft: Draft, ending: Done | AgentctlError | None, *, unsent: bool) -> Finished | Failed:
        """Record how the turn ended: complete, failed, or (None) cancelled."""
        await draft.stop()
        error = ending if isinstance(ending, AgentctlError) else None
        message: Message | None
        if isinstance(ending, Done):
            message, usage = self._message(ending.message.parts, ending.stop_reason), ending.usage
        else:
            parts = draft.parts(self._provider.name)
            message = self._message(parts, "error" if error else "cancelled") if parts else None
            usage = error.usage if isinstance(error, ProviderError) else None
        try:
            if unsent or (error and not (message or usage or _billable(error))):
                receipt = await self._journal.release()
            else:
                status: UsageStatus = "estimated" if usage is None else _known(ending)
                receipt = await self._journal.settle(message, usage, status)
        except AgentctlError as trouble:
            return Failed(error or trouble, message, None)
        return Failed(error, message, receipt) if error else Finished(message, receipt)

    def _message(self, parts: tuple[Any, ...], stop_reason: StopReason) -> Message:
        return Message("assistant", parts, self._model, stop_reason)


def _known(ending: Done | AgentctlError | None) -> UsageStatus:
    return "final" if isinstance(ending, Done) else "partial"


def _billable(error: AgentctlError) -> bool:
    return isinstance(error, ProviderError) and error.billable


def _raise_if_cancelled() -> None:
    task = asyncio.current_task()
    if task and task.cancelling():
        raise asyncio.CancelledError(UNSENT)


async def _uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end even if this task is cancelled meanwhile; the task's `cancelling()` still tells of it."""
    task = asyncio.ensure_future(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([task])
    return task.result()
