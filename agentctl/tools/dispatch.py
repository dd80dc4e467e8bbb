"""Runs the tool calls of an answer: each is planned, decided on, run within its time, and recorded around that.

Calls that change nothing run side by side. One that may change something runs alone and in its place, for the next may
build on it; and people are asked about one at a time.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from time import monotonic
from typing import Any, Literal, Protocol

from agentctl.errors import AgentctlError, ToolError
from agentctl.events import ToolFinished, ToolStarted
from agentctl.messages import ToolCall, ToolResult, ToolSpec
from agentctl.tools.base import Approver, Asked, Decision, Outcome, Plan, Tool
from agentctl.tools.paging import NAME, Find, ReadResult, page
from agentctl.uninterrupted import uninterrupted

_ALONE = frozenset({"write", "execute"})
_STOPPED = "The user stopped this before it ended. Part of it may have been done."
_NOT_BEGUN = "The user stopped the turn before this was run."

State = Literal["finished", "failed", "cancelled", "skipped"]


class Audit(Protocol):
    """Where the calls are recorded, by their position in the answer. Each returns once that is durable."""

    def handle(self, position: int) -> str:
        """The name by which all that a call brought is found again; models repeat their own ids."""
        ...

    async def start(self, position: int, plan: Plan, decision: Decision) -> None:
        """Record that a call was allowed, and is about to run."""
        ...

    async def refuse(self, position: int, plan: Plan, decision: Decision) -> None:
        """Record that a call was not allowed."""
        ...

    async def end(self, position: int, state: State, told: str, output: str | None, details: Mapping[str, Any]) -> None:
        """Record what became of a call: what the model is told, and all of it where that is cut."""
        ...


class Toolbox:
    """The tools that a model may call, and one more to read on in what they brought.

    Args:
        tools: of distinct names.
        approver: decides on each call.
        timeout: seconds that a call may take where its tool says nothing else.
        limit: characters of a result that the model is told at once.
        find: returns all that an earlier call brought, None if nothing is known of it.
    """

    def __init__(self, tools: Sequence[Tool], approver: Approver, *, timeout: float, limit: int, find: Find) -> None:
        self.approver = approver
        self.timeout = timeout
        self.limit = limit
        self._find = find
        self._cut: dict[str, str] = {}
        reading: Sequence[Tool] = [ReadResult(self._whole, limit)] if tools else []
        self.tools: Mapping[str, Tool] = {tool.spec.name: tool for tool in (*tools, *reading)}

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """What the model is told of them."""
        return tuple(tool.spec for tool in self.tools.values())

    def cut(self, handle: str, whole: str) -> str:
        """Return what the model is told of a result at once; by the handle it can read on."""
        told = page(handle, whole, 0, self.limit)
        if told != whole:
            self._cut[handle] = whole
        return told

    async def _whole(self, handle: str) -> str | None:
        return self._cut.get(handle) or await self._find(handle)


class Round:
    """The tool calls of one answer, run once; `results` are those of all calls, in their order, once `run` is over."""

    def __init__(self, toolbox: Toolbox, calls: Sequence[ToolCall], audit: Audit) -> None:
        self._toolbox = toolbox
        self._calls = calls
        self._audit = audit
        self._results: dict[int, ToolResult] = {}
        self._events: asyncio.Queue[ToolStarted | ToolFinished | None] = asyncio.Queue()
        self._running: set[asyncio.Task[None]] = set()

    @property
    def results(self) -> tuple[ToolResult, ...]:
        """What the model is told."""
        return tuple(self._results[position] for position in range(len(self._calls)))

    async def run(self) -> AsyncGenerator[ToolStarted | ToolFinished, None]:
        """Run the calls, and tell of each when it starts and ends.

        Cancelling the task that iterates stops the calls and not the iteration: what was started is stopped first,
        and the rest is not run.

        Raises:
            StorageError: a call could not be recorded; what ran is stopped.
        """
        work = asyncio.create_task(self._work())
        work.add_done_callback(lambda _: self._events.put_nowait(None))
        try:
            while event := await self._next(work):
                yield event
        finally:
            work.cancel()
            await uninterrupted(asyncio.wait([work]))
        if not work.cancelled():
            work.result()
        await self._give_up()
        while event := self._events.get_nowait() if not self._events.empty() else None:
            yield event

    async def _next(self, work: asyncio.Task[None]) -> ToolStarted | ToolFinished | None:
        try:
            return await self._events.get()
        except asyncio.CancelledError:
            work.cancel()
            await uninterrupted(asyncio.wait([work]))
            return self._events.get_nowait()

    async def _work(self) -> None:
        try:
            for position, call in enumerate(self._calls):
                await self._begin(position, call)
            await self._settled()
        finally:
            for task in self._running:
                task.cancel()
            if self._running:
                await uninterrupted(asyncio.wait(self._running))

    async def _begin(self, position: int, call: ToolCall) -> None:
        """Plan a call and decide on it; start it, and wait for its end where it has to run alone."""
        try:
            plan, tool = await self._plan(call)
        except AgentctlError as error:
            await self._end(position, "failed", _told(error), {}, began=monotonic())
            return
        alone = plan.effect in _ALONE
        if alone:
            await self._settled()
        decision = await self._toolbox.approver.decide(Asked(call.name, plan))
        if not decision.allowed:
            await uninterrupted(self._audit.refuse(position, plan, decision))
            await self._end(position, "failed", f"Not allowed: {decision.reason}", {}, began=monotonic())
            return
        await uninterrupted(self._audit.start(position, plan, decision))
        self._events.put_nowait(ToolStarted(call, plan.summary, plan.preview, decision.by))
        self._running.add(asyncio.create_task(self._perform(position, plan, tool.timeout or self._toolbox.timeout)))
        if alone:
            await self._settled()

    async def _settled(self) -> None:
        running, self._running = self._running, set()
        if running:
            try:
                await asyncio.gather(*running)
            finally:
                self._running |= {task for task in running if not task.done()}

    async def _plan(self, call: ToolCall) -> tuple[Plan, Tool]:
        tool = self._toolbox.tools.get(call.name)
        if tool is None:
            raise ToolError(f"there is no tool {call.name!r}", hint=f"there are {', '.join(self._toolbox.tools)}")
        try:
            arguments = json.loads(call.arguments or "{}")
        except (ValueError, RecursionError) as error:
            raise ToolError(f"the arguments are not JSON: {error}", reason="invalid") from error
        if not isinstance(arguments, dict):
            raise ToolError("the arguments are not a JSON object", reason="invalid")
        if not is_storable(json.dumps(arguments, ensure_ascii=False)):
            raise ToolError("the arguments have half a character: a lone surrogate", reason="invalid")
        return await tool.plan(arguments), tool

    async def _perform(self, position: int, plan: Plan, seconds: float) -> None:
        began = monotonic()
        try:
            async with asyncio.timeout(seconds):
                outcome = await plan.run()
        except TimeoutError:
            outcome = Outcome(f"Stopped: it took longer than {seconds:g} s.", is_error=True)
        except AgentctlError as error:
            outcome = Outcome(_told(error), is_error=True)
        except asyncio.CancelledError as stopped:
            brought = "\n".join([*map(str, stopped.args), _STOPPED])
            await uninterrupted(self._end(position, "cancelled", brought, {}, began=began))
            raise
        except Exception as error:  # noqa: BLE001 - a tool's defect is its call's failure, and not the turn's
            outcome = Outcome(f"The tool broke: {type(error).__name__}: {error}", is_error=True)
        state: State = "failed" if outcome.is_error else "finished"
        await uninterrupted(self._end(position, state, outcome.content, outcome.details, began=began))

    async def _end(
        self, position: int, state: State, content: str, details: Mapping[str, Any], *, began: float
    ) -> None:
        call, whole = self._calls[position], _storable(content)
        told = whole if call.name == NAME else self._toolbox.cut(self._audit.handle(position), whole)
        result = ToolResult(call.id, told, is_error=state != "finished")
        await self._audit.end(position, state, told, whole if told != whole else None, details)
        self._results[position] = result
        self._events.put_nowait(ToolFinished(call, result, state, monotonic() - began, details))

    async def _give_up(self) -> None:
        """Give the calls that were never begun a result too."""
        for position in range(len(self._calls)):
            if position not in self._results:
                await uninterrupted(self._end(position, "skipped", _NOT_BEGUN, {}, began=monotonic()))


def _told(error: AgentctlError) -> str:
    return f"{error.message}\n{error.hint}" if error.hint else error.message


def is_storable(text: str) -> bool:
    """Whether there is no half of a character in it, which no database, pipe or server takes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _storable(text: str) -> str:
    """The text as every database keeps it: no half characters, and no null ones."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
