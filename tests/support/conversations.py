"""Fills databases with conversations of any shape."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from agentctl.messages import Message, user
from agentctl.store import sessions
from agentctl.store.base import Database, Transaction
from agentctl.store.open import connect
from agentctl.store.sessions import Session
from support.program import Program


def database_of(program: Program) -> Database:
    """The database of a program's home; it is to be closed."""
    return connect(f"sqlite:///{path_of(program)}")


def path_of(program: Program) -> Path:
    """The file of that database."""
    return program.home / ".local/share/agentctl/agentctl.db"


def converse(tx: Transaction, *said: Message | str, name: str | None = None) -> Session:
    """Store a session in which this was said."""
    return go_on(tx, sessions.create(tx, name), *said)


def go_on(tx: Transaction, session: Session, *said: Message | str) -> Session:
    """Add to a session what was said."""
    for one in said:
        session, _ = sessions.append(tx, session, user(one) if isinstance(one, str) else one)
    return session


def fill(program: Program, *conversations: Sequence[Message | str], name: str | None = None) -> list[str]:
    """Store sessions in a program's database, and return their ids."""
    with closing(database_of(program)) as database:
        return [database.write(lambda tx, said=said: converse(tx, *said, name=name)).id for said in conversations]  # type: ignore[misc]
