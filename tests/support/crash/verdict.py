"""Whether a database is as it must be, after a writer of which only the promises are left."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from functools import partial
from pathlib import Path

from agentctl.economy import ledger
from agentctl.errors import AgentctlError
from agentctl.store import sessions
from agentctl.store.base import Transaction
from agentctl.store.sqlite.file import SqliteDatabase, open_sqlite
from support.crash.story import LINES, Story, call_of, message_id, session_id

_STRAYS = "SELECT COUNT(*) FROM messages WHERE branch_id NOT IN (SELECT active_branch_id FROM sessions)"


def violations(path: Path, story: Story, said: list[str]) -> list[str]:
    """Open the database with the store, and return what is not as it must be after a writer that had said so much."""
    try:
        with closing(open_sqlite(path)) as database:
            found = database.check() or list(_read(database, story, said))
    except AgentctlError as error:
        return [f"it can't be read: {error.message}"]
    return found or list(_strays(path))


def _read(database: SqliteDatabase, story: Story, said: list[str]) -> Iterator[str]:
    there = database.read(_numbers)
    if there != list(range(len(there))):
        yield f"these messages are there, in this order: {there}"
        return
    yield from database.read(partial(_threads, story=story, there=there))
    yield from database.read(partial(_calls, story=story, count=len(there)))
    promised = [line.split() for line in said]
    least = max((int(number) + 1 for kind, number, *_ in promised if kind == "message"), default=0)
    if len(there) < least:
        yield f"{least - len(there)} messages are lost"
    if promised and promised[-1][0] != "message" and len(there) == int(promised[-1][1]):
        yield from database.read(partial(_promised_call, story=story, last=promised[-1]))


def _numbers(tx: Transaction) -> list[int]:
    found = [stored.id for line in range(LINES) for stored in _thread(tx, line)]
    return sorted(int(one.removesuffix("m")) for one in found)


def _thread(tx: Transaction, line: int) -> list[sessions.Stored]:
    if session_id(line) not in {one.id for one in sessions.listing(tx, 10)}:
        return []
    return sessions.thread(tx, sessions.get(tx, session_id(line)))


def _threads(tx: Transaction, story: Story, there: list[int]) -> Iterator[str]:
    for line in range(LINES):
        expected = [(message_id(one), story.message(one)) for one in there if one % LINES == line]
        if [(stored.id, stored.message) for stored in _thread(tx, line)] != expected:
            yield f"session {line} has other messages than were written"


def _calls(tx: Transaction, story: Story, count: int) -> Iterator[str]:
    answers = [number for number in range(LINES, count) if story.is_answer(number)]
    spent = sum((ledger.session_cost(tx, session_id(line)).known for line in range(LINES)), Decimal(0))
    if spent != sum(map(story.cost, answers), Decimal(0)):
        yield f"the calls cost {spent}, which is not what was charged for {answers}"
    open_ones = {one.call for one in ledger.open_calls(tx)} | {call_of(count)}
    kept = {draft.run_id for draft in sessions.drafts(tx)} | {call_of(count).call_id}
    if open_ones != {call_of(count)} or kept != {call_of(count).call_id}:
        yield f"calls are open that were settled, or that nobody made: {open_ones}, {kept}"


def _promised_call(tx: Transaction, story: Story, last: list[str]) -> Iterator[str]:
    number, pieces = int(last[1]), int(last[2]) if last[0] == "draft" else 0
    if not ledger.is_open(tx, call_of(number)):
        yield f"the reservation of {number} is lost"
    draft = sessions.find_draft(tx, call_of(number).call_id)
    chunks = draft.chunks if draft else []
    if len(chunks) < pieces or chunks != [f"{piece} {story.text(number)}" for piece in range(len(chunks))]:
        yield f"the draft of {number} lacks pieces: {len(chunks)} of {pieces} are there"


def _strays(path: Path) -> Iterator[str]:
    with closing(sqlite3.connect(path)) as raw:
        if raw.execute(_STRAYS).fetchone() != (0,):
            yield "messages are doubled on another branch"
