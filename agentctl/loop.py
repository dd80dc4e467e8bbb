"""The loop of an agent: ask the model, run the tools that it calls, and ask again with what they brought.

Names no provider, database or terminal: it is given what asks, the tools, and what records.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol

from agentctl.economy.money import EXACT
from agentctl.errors import AgentctlError, TurnLimitError
from agentctl.events import AgentEvent, Failed, Finished, Receipt
from agentctl.messages import ToolCall, ToolResult
from agentctl.tools.dispatch import Audit, Round, Toolbox
from agentctl.uninterrupted import uninterrupted

_UNDONE = frozenset({"cancelled", "refusal"})


class Record(Audit, Protocol):
    """Where the tool calls of one answer are recorded."""

    async def conclude(self, results: Sequence[ToolResult]) -> None:
        """Add the results to the conversation, durably: no call is left without one."""
        ...


@dataclass(frozen=True, slots=True)
class Asking:
    """One call of the model: its events, the last of them `Finished` or `Failed`, and where its tool calls go."""

    events: AsyncGenerator[AgentEvent, None]
    record: Record


Ask = Callable[[], Awaitable[Asking]]


async def run(ask: Ask, toolbox: Toolbox, most: int) -> AsyncGenerator[AgentEvent, None]:
    """Run one turn and yield its events; the last is `Finished` or `Failed`, with the receipt of all its calls.

    Cancelling the task that iterates ends the turn and not the iteration: tools are stopped, and what they and the
    model had brought is recorded.

    Args:
        ask: asks the model about all that was said so far.
        toolbox: the tools it may call.
        most: how often the model is asked at most.
    """
    total: Receipt | None = None
    for number in range(1, most + 1):
        try:
            asking = await uninterrupted(asyncio.ensure_future(ask()))
        except AgentctlError as error:
            yield Failed(error, None, total)
            return
        async with aclosing(asking.events) as events:
            async for event in events:
                if isinstance(event, Finished | Failed):
                    last = event
                else:
                    yield event
        total = _sum(total, last.receipt)
        calls = _calls(last)
        if not calls:
            yield Failed(last.error, last.message, total) if isinstance(last, Failed) else _finished(last, total)
            return
        if number == most:
            yield Failed(await _limited(asking.record, calls, most), last.message, total)
            return
        ran = Round(toolbox, calls, asking.record)
        try:
            async with aclosing(ran.run()) as happenings:
                async for happening in happenings:
                    yield happening
            await uninterrupted(asking.record.conclude(ran.results))
        except AgentctlError as error:
            yield Failed(error, last.message, total)
            return
        if _cancelled() and total and last.message:
            yield Finished(replace(last.message, stop_reason="cancelled"), total)
            return


async def _limited(record: Record, calls: Sequence[ToolCall], most: int) -> AgentctlError:
    """Tell the model that its calls were not run, and return what the user is told."""
    told = f"This was not run: the turn had reached its limit of {most} calls of the model."
    try:
        for position in range(len(calls)):
            await uninterrupted(record.end(position, "skipped", told, None, {}))
        await uninterrupted(record.conclude([ToolResult(call.id, told, is_error=True) for call in calls]))
    except AgentctlError as error:
        return error
    return TurnLimitError(
        f"the model still wanted to call tools after {most} turns",
        hint='go on with: agentctl chat -c "go on"; --max-turns allows more',
    )


def _calls(last: Finished | Failed) -> tuple[ToolCall, ...]:
    """The tool calls that are to be run."""
    if isinstance(last, Failed) or last.message is None or last.message.stop_reason in _UNDONE:
        return ()
    return last.message.calls


def _finished(last: Finished, total: Receipt | None) -> Finished:
    return Finished(last.message, total or last.receipt)


def _cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _sum(earlier: Receipt | None, later: Receipt | None) -> Receipt | None:
    """The receipt of all calls so far; what the session has cost is what the last one says."""
    if earlier is None or later is None:
        return earlier or later
    return replace(
        later,
        usage=earlier.usage + later.usage,
        status=earlier.status if later.status == "final" else later.status,
        cost=_dollars(earlier.cost, later.cost),
        computed_cost=_dollars(earlier.computed_cost, later.computed_cost),
        reported_cost=_dollars(earlier.reported_cost, later.reported_cost),
        attempts=earlier.attempts + later.attempts,
    )


def _dollars(earlier: Decimal | None, later: Decimal | None) -> Decimal | None:
    return None if earlier is None or later is None else EXACT.add(earlier, later)
