"""Records the tool calls of an answer in the database: `loop.Record` over a journal's round."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agentctl import log
from agentctl.journal import DatabaseJournal
from agentctl.messages import Message, ToolResult
from agentctl.store import toolcalls
from agentctl.store.base import Database, Transaction
from agentctl.store.toolcalls import Allowed, Ended
from agentctl.tools.base import Decision, Plan
from agentctl.tools.dispatch import State


class ToolBook:
    """The audit trail of one answer's tool calls, and the way of their results into the conversation.

    Args:
        db: where they are recorded.
        journal: what recorded the answer.
        remember: takes the results where the conversation is not stored.
    """

    def __init__(self, db: Database, journal: DatabaseJournal, remember: Callable[[Message], None]) -> None:
        self._db = db
        self._journal = journal
        self._remember = remember

    def handle(self, position: int) -> str:
        """The name of a result: it is found again by that in the session."""
        return toolcalls.handle(self._journal.round.run_id, position)

    async def start(self, position: int, plan: Plan, decision: Decision) -> None:
        """Record that a call was allowed, and is about to run."""
        run_id, allowed = self._journal.round.run_id, _allowed(plan, decision)
        await self._write(lambda tx: toolcalls.start(tx, run_id, position, allowed))
        log.info("tool call started", run_id=run_id, position=position, effect=plan.effect, decided_by=decision.by)

    async def refuse(self, position: int, plan: Plan, decision: Decision) -> None:
        """Record that a call was not allowed."""
        run_id, refused = self._journal.round.run_id, _allowed(plan, decision)
        await self._write(lambda tx: toolcalls.refuse(tx, run_id, position, refused))
        log.info("tool call refused", run_id=run_id, position=position, effect=plan.effect, decided_by=decision.by)

    async def end(self, position: int, state: State, told: str, output: str | None, details: Mapping[str, Any]) -> None:
        """Record what became of a call."""
        around, ended = self._journal.round, Ended(state, told, output, details)
        kept = around.place is not None
        await self._write(lambda tx: toolcalls.end(tx, around.run_id, position, ended, kept=kept))

    async def conclude(self, results: Sequence[ToolResult]) -> None:
        """Add the results to the conversation."""
        around = self._journal.round
        await self._write(lambda tx: toolcalls.conclude(tx, around, results))
        if around.place is None:
            self._remember(Message("tool", tuple(results)))

    async def _write(self, work: Callable[[Transaction], None]) -> None:
        await asyncio.wrap_future(self._db.submit(work))


def _allowed(plan: Plan, decision: Decision) -> Allowed:
    return Allowed(plan.effect, plan.summary, plan.subject, decision.by)
