"""The agent loop: sends a request, yields what happens, and keeps the journal close behind.

It names no provider, database or terminal: it is given a `Provider` and a `Journal`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager, suppress
from typing import Protocol

from agentctl.attempt import Attempt, Spent
from agentctl.draft import Draft, Piece
from agentctl.errors import UNSENT, AgentctlError, ProviderError
from agentctl.events import (
    AgentEvent,
    Delta,
    Done,
    Failed,
    Finished,
    Notice,
    Receipt,
    Retry,
    Sending,
    Start,
    StreamEvent,
)
from agentctl.messages import Message, Part, StopReason
from agentctl.providers.base import Provider, Request
from agentctl.uninterrupted import uninterrupted
from agentctl.usage import Usage

_PATIENCE = 3.0
_UNWINDING = 1.0  # seconds for that question to let go of its connection


class Journal(Protocol):
    """Where a turn is recorded, attempt by attempt, and what decides whether it may be sent.

    Each method returns once what it was given is durable, and raises `StorageError` when it can't be.
    """

    async def begin(self, request: Request) -> Request:
        """Record what the user said, and reserve what the call may cost; that may take waiting for others.

        Returns:
            The request as it may be sent.

        Raises:
            ContextOverflowError: the request does not fit the model.
            BudgetError: a budget does not allow it.
            CancelledError: the task was cancelled while it waited.
        """
        ...

    async def send(self) -> None:
        """Record that the request is on its way, and may be billed."""
        ...

    async def draft(self, piece: Piece) -> None:
        """Record more of the answer, and of what its provider tells of it, should this process die."""
        ...

    async def fail(self, spent: Spent | None) -> None:
        """Record what an attempt that failed cost, None if nothing; another may follow."""
        ...

    async def again(self) -> None:
        """Reserve what another attempt may cost; that may take waiting for others.

        Raises:
            BudgetError: a budget does not allow it.
            CancelledError: the task was cancelled while it waited.
        """
        ...

    async def settle(self, message: Message | None, spent: Spent) -> Receipt:
        """Record the answer, as far as there is one, and what the last attempt cost."""
        ...

    async def release(self) -> Receipt:
        """Record that the last attempt cost nothing: it was refused, or never sent."""
        ...


class Agent:
    """Runs turns of one conversation against one model.

    Args:
        provider: who answers.
        journal: where the turn is recorded.
        model: `provider/model`, as messages record it.
        patience: seconds that the provider is given to say what an answer cost that broke off.
    """

    def __init__(self, provider: Provider, journal: Journal, model: str, *, patience: float = _PATIENCE) -> None:
        self._provider = provider
        self._journal = journal
        self._model = model
        self._patience = patience
        self._begin_attempt()

    async def run(self, request: Request) -> AsyncGenerator[AgentEvent, None]:
        """Run one turn and yield its events; the last is `Finished` or `Failed`.

        Cancelling the task that iterates ends the turn and not the iteration: what had arrived is recorded with the
        stop reason `cancelled`, and `Finished` is still yielded.
        """
        self._begin_attempt()
        ending: Done | AgentctlError | None = None
        abandoned = unsent = False
        try:
            with _unsent():
                admitted = await self._journal.begin(request)
            _raise_if_cancelled()
            async with aclosing(self._provider.stream(admitted)) as events:
                async for event in events:
                    self._attempt.follow(event)
                    if isinstance(event, Delta):
                        if self._draft.add(event):
                            await self._draft.catch_up()
                        yield event
                    elif isinstance(event, Done):
                        ending = event
                    elif notice := await self._between(event):
                        yield notice
        except AgentctlError as error:
            ending = error
        except (asyncio.CancelledError, GeneratorExit) as left:
            abandoned = isinstance(left, GeneratorExit)  # then nobody waits for another event
            unsent = left.args == (UNSENT,) or (abandoned and not self._attempt.begun)
        last = await self._end(ending, unsent=unsent)
        if abandoned:
            return
        if last.receipt:
            yield last.receipt
        yield last

    def _begin_attempt(self) -> None:
        self._attempt, self._draft = Attempt(), Draft(self._journal.draft)

    async def _between(self, event: StreamEvent) -> Notice | None:
        """Record what is not part of the answer; return what the user should know of it."""
        match event:
            case Start() | Usage():
                if self._draft.hear(event):
                    await self._draft.catch_up()
            case Sending():
                await uninterrupted(self._journal.send())
                _raise_if_cancelled()
            case Notice():
                return event
            case Retry():
                return await self._retry(event)
        return None

    async def _retry(self, retry: Retry) -> Notice:
        """Record both attempts, for the provider sends again once this returns; return what the user should know."""
        failed = None if retry.usage is None else self._attempt.spent(self._provider.name)
        await uninterrupted(self._draft.stop())  # what is told of the failed attempt says nothing of the next
        await uninterrupted(self._journal.fail(failed))
        self._begin_attempt()  # what failed is paid for, whatever becomes of the next
        with _unsent():
            await self._journal.again()
        _raise_if_cancelled()
        return Notice(f"{retry.reason}; attempt {retry.attempt + 1} in {retry.delay:.1f} s")

    async def _end(self, ending: Done | AgentctlError | None, *, unsent: bool) -> Finished | Failed:
        """Record how the turn ended: complete, failed, or (None) cancelled."""
        error = ending if isinstance(ending, AgentctlError) else None
        if isinstance(error, ProviderError):
            self._attempt.fail(error)
        elif not isinstance(ending, Done):
            self._attempt.leave()
        parts = ending.message.parts if isinstance(ending, Done) else self._draft.parts(self._provider.name)
        message = self._message(parts, ending) if parts or isinstance(ending, Done) else None
        free = unsent or (error is not None and not (message or self._attempt.usage or _billable(error)))
        if not free:
            await self._inquire()
        return await uninterrupted(self._record(message, error, free=free))

    async def _record(self, message: Message | None, error: AgentctlError | None, *, free: bool) -> Finished | Failed:
        await self._draft.stop()
        try:
            if free:
                receipt = await self._journal.release()
            else:
                receipt = await self._journal.settle(message, self._attempt.spent(self._provider.name))
        except AgentctlError as trouble:
            return Failed(error or trouble, message, None)
        return Failed(error, message, receipt) if error else Finished(message, receipt)

    async def _inquire(self) -> None:
        """Ask the provider what an answer cost that ended without its word on that; a cancellation ends the asking."""
        response_id = self._attempt.response_id
        if response_id is None or self._attempt.spent(self._provider.name).status == "final":
            return
        self._draft.hear(Start(self._attempt.model or "", response_id))
        if self._attempt.usage:
            self._draft.hear(self._attempt.usage)  # maybe the error that ended the answer told it
        await uninterrupted(self._draft.save())
        asking = asyncio.ensure_future(self._provider.charged(response_id))
        with suppress(asyncio.CancelledError):
            await asyncio.wait([asking], timeout=self._patience)
        asking.cancel()
        await uninterrupted(asyncio.wait([asking], timeout=_UNWINDING))
        # Whatever went wrong with the question, the turn goes on without an answer to it.
        if asking.done() and not asking.cancelled() and asking.exception() is None and (usage := asking.result()):
            self._attempt.settle(usage)

    def _message(self, parts: tuple[Part, ...], ending: Done | AgentctlError | None) -> Message:
        reason: StopReason = "error" if isinstance(ending, AgentctlError) else "cancelled"
        return Message("assistant", parts, self._model, ending.stop_reason if isinstance(ending, Done) else reason)


def _billable(error: AgentctlError) -> bool:
    return isinstance(error, ProviderError) and error.billable


@contextmanager
def _unsent() -> Iterator[None]:
    """Let a cancellation tell that there is nothing to bill."""
    try:
        yield
    except asyncio.CancelledError:
        raise asyncio.CancelledError(UNSENT) from None


def _raise_if_cancelled() -> None:
    task = asyncio.current_task()
    if task and task.cancelling():
        raise asyncio.CancelledError(UNSENT)
