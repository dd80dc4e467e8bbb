"""Exports and imports, and changes exports as a stranger could."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from agentctl.economy import ledger
from agentctl.economy.ledger import Call
from agentctl.exchange import jsonl, reading
from agentctl.exchange.importing import import_export
from agentctl.exchange.lines import seal
from agentctl.exchange.storing import Stored
from agentctl.messages import Message, Text
from agentctl.store.base import Database, Transaction
from agentctl.usage import Usage
from support.memory import memory
from support.talks import converse, go_on


def exported(database: Database) -> bytes:
    """The export of all sessions."""
    return database.read(lambda tx: b"".join(jsonl.export(tx, reading.all_sessions(tx))))


def imported(database: Database, data: bytes, *, keep: bool = True) -> list[Stored]:
    """Import such an export."""
    with tempfile.TemporaryDirectory(dir=memory()) as directory:
        path = Path(directory) / "export.jsonl"
        path.write_bytes(data)
        return list(import_export(database, path, keep=keep))


def whole(database: Database) -> bytes:
    """The export of a session with all that a session can have."""

    def work(tx: Transaction) -> None:
        session = converse(tx, "question", Message("assistant", (Text("answer"),), "openai/gpt", "end_turn"), name="n")
        go_on(tx, session, "one way")
        go_on(tx, session, "another way")
        tx.execute("exchange.add_tag", tag="t", session_id=session.id)
        for number, cost in enumerate([Decimal("0.25"), None]):
            call = Call(str(number), session.id, "openai", "gpt")
            ledger.charge(tx, call, Usage(1, output=2), cost, "final", None, None)

    database.write(work)
    return exported(database)


def resealed(data: bytes, number: int, change: Callable[[dict[str, Any]], object]) -> bytes:
    """The export with a line that was changed and sealed again."""
    lines = data.splitlines(keepends=True)
    fields = json.loads(lines[number])
    del fields["sha256"]
    change(fields)
    lines[number] = seal(fields)
    return b"".join(lines)
