"""What the ledger says, attempt by attempt, to be laid beside a vendor's bill."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from support.program import PATIENCE

_DATABASE = ".local/share/agentctl/agentctl.db"
_TICK = 0.01  # seconds between two looks
_PICO = Decimal(10) ** -12
_QUERY = """
SELECT u.attempt, u.kind, u.status,
    u.uncached_input + u.cache_read + u.cache_write_short + u.cache_write_long, u.output,
    COALESCE(u.reported_pusd, u.computed_pusd), u.response_id
FROM usage_ledger u WHERE u.kind != 'reserve' ORDER BY u.created_at, u.id
"""


class Entry(NamedTuple):
    """How one attempt was settled; `usd` is what it was charged with, None if that is unknown."""

    attempt: int
    kind: str
    status: str
    input: int
    output: int
    usd: Decimal | None
    response_id: str | None


def entries(home: Path) -> list[Entry]:
    """The settled attempts of all calls in a home, oldest first; each had been reserved, and none is open."""
    with closing(sqlite3.connect(home / _DATABASE)) as database:
        rows = database.execute(_QUERY).fetchall()
        (reserved,) = database.execute("SELECT COUNT(*) FROM usage_ledger WHERE kind = 'reserve'").fetchone()
        (open_,) = database.execute("SELECT COUNT(*) FROM open_calls").fetchone()
    assert (reserved, open_) == (len(rows), 0)
    return [Entry(*row)._replace(usd=None if row[5] is None else row[5] * _PICO) for row in rows]


def wait_named(home: Path) -> None:
    """Wait until the database knows the name that the provider gave to the answer under way."""
    for _ in range(int(PATIENCE / _TICK)):
        with closing(sqlite3.connect(home / _DATABASE)) as database:
            if database.execute("SELECT 1 FROM open_calls WHERE response_id IS NOT NULL").fetchone():
                return
        threading.Event().wait(_TICK)
    raise AssertionError("the answer has no name")


def charged(home: Path) -> Decimal:
    """The sum of all that was charged in a home, all of it known."""
    return sum((entry.usd for entry in entries(home) if entry.usd is not None), Decimal(0))
