"""Stores of conversations that are measured beside each other: ours, openai-agents' sessions and LangGraph's savers.

Each appends messages to one conversation, loads it, and is as durable as its database can be.
"""

from __future__ import annotations

import asyncio
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from agents.extensions.memory import SQLAlchemySession
from agents.memory import SQLiteSession
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.sqlite import SqliteSaver
from psycopg.rows import dict_row

from agentctl.ids import new_id
from agentctl.messages import user
from agentctl.store import sessions
from agentctl.store.open import connect

Place = Path | str
"""A file of SQLite's, or the URL of a database of PostgreSQL's."""


class Contender(ABC):
    """A store that stands in one conversation."""

    name: str
    like: Callable[[str], str] | None = None
    """The SQL that comes nearest to a search: what a pattern is looked for with; None if its texts can't be read so."""

    @abstractmethod
    def __init__(self, place: Place) -> None: ...

    @abstractmethod
    def append(self, text: str) -> None:
        """Add a message to the conversation, durably."""

    @abstractmethod
    def load(self) -> Sequence[object]:
        """Read the conversation."""

    @abstractmethod
    def begin(self) -> None:
        """Go on in a new conversation."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the database."""

    def fill(self, texts: Sequence[str]) -> None:
        """Add many messages, as fast as may be."""
        for text in texts:
            self.append(text)


class Ours(Contender):
    """This program's store."""

    name = "agentctl"

    def __init__(self, place: Place) -> None:
        self.database = connect(_url(place))
        self.begin()

    def begin(self) -> None:
        self._session = self.database.write(sessions.create)

    def append(self, text: str) -> None:
        self._session, _ = self.database.write(partial(sessions.append, session=self._session, message=user(text)))

    def fill(self, texts: Sequence[str]) -> None:
        def work(tx: Any) -> sessions.Session:
            session = self._session
            for text in texts:
                session, _ = sessions.append(tx, session, user(text))
            return session

        self._session = self.database.write(work)

    def load(self) -> Sequence[object]:
        return self.database.read(lambda tx: sessions.thread(tx, sessions.get(tx, self._session.id)))

    def close(self) -> None:
        self.database.close()


class _Agents(Contender):
    """A session of openai-agents, in an event loop of its own."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._runner = asyncio.Runner()
        self.begin()

    @abstractmethod
    def open(self) -> Any:
        """Make a session with a new id."""

    def begin(self) -> None:
        self._session = self.open()

    def append(self, text: str) -> None:
        self.fill([text])

    def fill(self, texts: Sequence[str]) -> None:
        self._runner.run(self._session.add_items([{"role": "user", "content": text} for text in texts]))

    def load(self) -> Sequence[object]:
        items: list[object] = self._runner.run(self._session.get_items())
        return items


class AgentsSqlite(_Agents):
    """openai-agents' SQLiteSession."""

    name = "openai-agents SQLiteSession"
    like = staticmethod(lambda marker: f"SELECT id FROM agent_messages WHERE message_data LIKE {marker} LIMIT 20")

    def open(self) -> Any:
        return SQLiteSession(new_id(), self._place)

    def close(self) -> None:
        self._session.close()
        self._runner.close()


class AgentsAlchemy(_Agents):
    """openai-agents' SQLAlchemySession."""

    name = "openai-agents SQLAlchemySession"
    like = staticmethod(lambda marker: f"SELECT id FROM agent_messages WHERE message_data LIKE {marker} LIMIT 20")

    _engine: Any = None

    def open(self) -> Any:
        if self._engine is not None:
            return SQLAlchemySession(new_id(), engine=self._engine, create_tables=True)
        made = SQLAlchemySession.from_url(new_id(), url=_alchemy(self._place), create_tables=True)
        self._engine = made.engine
        return made

    def close(self) -> None:
        self._runner.run(self._engine.dispose())
        self._runner.close()


class _Saver(Contender):
    """A LangGraph checkpoint after each message. The messages are plain dicts, which it is fastest with."""

    saver: Any

    def begin(self) -> None:
        self._thread: dict[str, Any] = {"configurable": {"thread_id": new_id(), "checkpoint_ns": ""}}
        self._config = self._thread
        self._messages: list[object] = []

    def append(self, text: str) -> None:
        self._messages.append({"role": "user", "content": text})
        step = len(self._messages)
        checkpoint = empty_checkpoint()
        checkpoint["channel_values"] = {"messages": list(self._messages)}
        checkpoint["channel_versions"] = {"messages": step}
        metadata = {"source": "loop", "step": step, "parents": {}}
        self._config = self.saver.put(self._config, checkpoint, metadata, {"messages": step})

    def load(self) -> Sequence[object]:
        found = self.saver.get_tuple(self._thread)
        messages: list[object] = found.checkpoint["channel_values"]["messages"]
        return messages

    def close(self) -> None:
        self.saver.conn.close()


class SaverSqlite(_Saver):
    """LangGraph's SqliteSaver."""

    name = "LangGraph SqliteSaver"

    def __init__(self, place: Place) -> None:
        self.saver = SqliteSaver(sqlite3.connect(place, check_same_thread=False))
        self.saver.setup()
        self.begin()


class SaverPostgres(_Saver):
    """LangGraph's PostgresSaver."""

    name = "LangGraph PostgresSaver"

    def __init__(self, place: Place) -> None:
        connection = psycopg.connect(str(place), autocommit=True, prepare_threshold=0, row_factory=dict_row)
        self.saver = PostgresSaver(connection)
        self.saver.setup()
        self.begin()


SQLITE: tuple[type[Contender], ...] = (Ours, AgentsSqlite, AgentsAlchemy, SaverSqlite)
POSTGRES: tuple[type[Contender], ...] = (Ours, AgentsAlchemy, SaverPostgres)


def size(place: Place) -> int:
    """Bytes on the disk: of a closed file and what stands beside it, or of a database."""
    if isinstance(place, Path):
        return sum(one.stat().st_size for one in place.parent.glob(f"{place.name}*") if one.is_file())
    with psycopg.connect(place, autocommit=True) as connection:
        connection.execute("VACUUM")
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(row[0]) if row else 0


def look(place: Place, sql: Callable[[str], str], pattern: str) -> int:
    """Run the SQL that looks for a pattern; return how many rows it finds."""
    if isinstance(place, Path):
        with closing(sqlite3.connect(place)) as raw:
            return len(raw.execute(sql("?"), (pattern,)).fetchall())
    with psycopg.connect(place) as connection:
        return len(connection.execute(sql("%s").encode(), (pattern,)).fetchall())


def _url(place: Place) -> str:
    return f"sqlite:///{place}" if isinstance(place, Path) else place


def _alchemy(place: Place) -> str:
    if isinstance(place, Path):
        return f"sqlite+aiosqlite:///{place}"
    return urlsplit(place)._replace(scheme="postgresql+asyncpg").geturl()
