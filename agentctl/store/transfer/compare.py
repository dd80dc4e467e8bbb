"""Whether two stores hold the same: a checksum of every table on both sides."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from agentctl.store.base import Row, Transaction
from agentctl.store.transfer.tables import COMPARED, Table

_MODULUS = 2**256


@dataclass(frozen=True)
class Content:
    """What a table holds: how many rows, and the sum of their SHA-256 in 64 digits, which their order is nothing to."""

    rows: int
    checksum: str


Contents = Mapping[str, Content]
"""By table."""


@dataclass(frozen=True)
class Difference:
    """A table that differs, and how many rows it has in the source and in the target."""

    table: str
    source: int
    target: int


def contents(tx: Transaction) -> Contents:
    """Read everything that is compared, by table."""
    return {table.name: _content(table, tx) for table in COMPARED}


def differences(source: Contents, target: Contents) -> list[Difference]:
    """Return the tables that are not alike."""
    return [
        Difference(name, content.rows, target[name].rows) for name, content in source.items() if content != target[name]
    ]


def _content(table: Table, tx: Transaction) -> Content:
    total, count = 0, 0
    for row in table.rows(partial(table.page, tx)):
        total += int.from_bytes(hashlib.sha256(_canonical(row)).digest())
        count += 1
    return Content(count, f"{total % _MODULUS:064x}")


def _canonical(row: Row) -> bytes:
    """A row as JSON, its columns in order of their names."""
    return json.dumps(row, sort_keys=True).encode()
