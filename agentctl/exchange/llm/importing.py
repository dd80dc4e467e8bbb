"""Imports a log of `llm`: all of a conversation, or nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agentctl.errors import UsageError
from agentctl.exchange.llm.responses import conversations
from agentctl.exchange.llm.threads import threads
from agentctl.exchange.llm.values import SOURCE
from agentctl.exchange.storing import Stored, store
from agentctl.store.base import Database
from agentctl.store.sqlite.foreign import Fields, Foreign, foreign


def import_logs(database: Database, path: Path, *, keep: bool = True) -> Iterator[Stored]:
    """Import the conversations of a log, and tell of each. The log is only read.

    Raises:
        UsageError: it is no log of `llm`, or other content is stored under its ids.
    """
    with foreign(path) as log:
        if not log.tables & {"threads", "responses", "logs"} or "sessions" in log.tables:
            raise UsageError(
                f"{path} is no log of conversations",
                hint="give the logs.db of `llm`; `llm logs path` tells where it is",
            )
        for session, messages in _drawn(log, path):
            yield store(database, session, messages, SOURCE, keep=keep)


def _drawn(log: Foreign, path: Path) -> Iterator[tuple[Fields, list[Fields]]]:
    try:
        for conversation in conversations(log):
            yield conversation.session(None), conversation.messages
        for thread, head in threads(log):
            yield thread.session(head), thread.messages
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(
            f"{path} has something that no version of `llm` writes: {error!r}", hint="check it with `llm logs list`"
        ) from error
