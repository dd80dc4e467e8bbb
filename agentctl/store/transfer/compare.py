"""Whether two stores hold the same: a checksum of every table on both sides."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from agentctl.store.base import Row, Transaction
from agentctl.store.transfer.tables import COMPARED, Table


@dataclass(frozen=True)
class Content:
    """What a table holds: how many rows, and the SHA-256 of all of them in the order of their key."""

    rows: int
    sha256: str


@dataclass(frozen=True)
class Difference:
    """A table that differs, and how many rows it has in the source and in the target."""

    table: str
    source: int
    target: int


def contents(tx: Transaction) -> Mapping[str, Content]:
    """Read everything that is compared, by table."""
    return {table.name: _content(table, tx) for table in COMPARED}


def differences(source: Mapping[str, Content], target: Mapping[str, Content]) -> list[Difference]:
    """Return the tables that are not alike."""
    return [
        Difference(name, content.rows, target[name].rows) for name, content in source.items() if content != target[name]
    ]


def _content(table: Table, tx: Transaction) -> Content:
    digest, count = hashlib.sha256(), 0
    for row in table.rows(partial(table.page, tx)):
        digest.update(_canonical(row).encode())
        count += 1
    return Content(count, digest.hexdigest())


def _canonical(row: Row) -> str:
    """A row as JSON in a line, its columns in order of their names; what a database calls true is 1."""
    plain = {name: int(value) if isinstance(value, bool) else value for name, value in row.items()}
    return json.dumps(plain, sort_keys=True) + "\n"
