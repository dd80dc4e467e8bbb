"""Imports an export of this program: all of a session, or nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agentctl.exchange.checking import blocks, check
from agentctl.exchange.jsonl import OURS
from agentctl.exchange.storing import Stored, store
from agentctl.store.base import Database


def import_export(database: Database, path: Path, *, keep: bool = True) -> Iterator[Stored]:
    """Import the sessions of an export, once all of it has been checked, and tell of each.

    Raises:
        UsageError: a line is not as it was written, or other content is stored under its ids.
    """
    check(path)
    for _, session, messages in blocks(path):
        yield store(database, session, (message for _, message in messages), OURS, keep=keep)
