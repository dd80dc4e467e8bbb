"""Conversations to try commands of `agentctl sessions` with."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from agentctl.messages import Message, Text, user
from agentctl.store import sessions
from agentctl.store.base import Database, Transaction
from agentctl.store.open import connect
from agentctl.store.sessions import Session
from support.program import Program
from support.schemas import validate

LETS_CHANGE = ("messages_are_not_updated", "messages_are_not_deleted", "usage_is_not_deleted")


def database_file(program: Program) -> Path:
    """Where the program keeps its database."""
    return program.home / ".local/share/agentctl/agentctl.db"


@contextmanager
def opened(program: Program) -> Iterator[Database]:
    """The program's database, made where it is missing."""
    with closing(connect(f"sqlite:///{database_file(program)}")) as database:
        yield database


def say(tx: Transaction, session: Session, *texts: str) -> Session:
    """Append questions and answers in turn."""
    for text in texts:
        is_answer = session.next_seq % 2
        message = Message("assistant", (Text(text),), "openai/gpt", "end_turn") if is_answer else user(text)
        session, _ = sessions.append(tx, session, message)
    return session


def talk(program: Program, *texts: str, name: str | None = None) -> Session:
    """Store a session of these questions and answers."""
    with opened(program) as database:
        return database.write(lambda tx: say(tx, sessions.create(tx, name), *texts))


def texts(tx: Transaction, session: Session) -> list[str]:
    """What is said up to where the session stands."""
    return [stored.message.text for stored in sessions.thread(tx, session)]


def document(program: Program, *args: str) -> Any:
    """The JSON document of a command of `sessions` that succeeds, which its schema describes."""
    done = program.run("sessions", *args, "--json")
    assert (done.code, done.err) == (0, "")
    validate(f"sessions-{args[0]}" + ("-tree" if "--tree" in args else ""), done.json)
    return done.json


def spoil(path: Path, *changes: str) -> None:
    """Change what nobody may, with SQL."""
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("PRAGMA foreign_keys = OFF")
        for trigger in LETS_CHANGE:
            raw.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        for change in changes:
            raw.execute(change)
