"""Whose database it is, and how its schema is made."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing

import pytest
from support.conversations import say, texts
from support.databases import rows
from support.decided import judge
from support.postgres import OURS, Servers

from agentctl.errors import StorageError
from agentctl.store import decisions, sessions
from agentctl.store.migrate import load
from agentctl.store.open import connect
from agentctl.store.postgres.database import open_postgres

PATIENCE = 20
OPENER = """
import sys
from agentctl.store import sessions
from agentctl.store.open import connect
sys.stdin.read()
database = connect(sys.argv[1])
database.write(sessions.create)
database.close()
"""


def test_eight_processes_open_an_empty_database(postgres_servers: Servers) -> None:
    """All of them succeed, and the schema is made once."""
    with postgres_servers.get(OURS[0]).database() as place:
        pipe = subprocess.PIPE
        crowd = [
            subprocess.Popen([sys.executable, "-c", OPENER, place], stdin=pipe, stderr=pipe, text=True)
            for _ in range(8)
        ]
        for one in crowd:
            assert one.stdin
            one.stdin.close()
            one.stdin = None
        assert [one.communicate(timeout=PATIENCE * 3)[1] for one in crowd] == [""] * 8
        assert rows(place, "SELECT COUNT(*) FROM sessions") == [(8,)]
        assert rows(place, "SELECT version FROM schema_migrations") == [(one.version,) for one in load("postgres")]


@pytest.mark.parametrize(
    "foreign", ["CREATE TABLE sessions (id INT)", "CREATE TABLE schema_migrations (version VARCHAR PRIMARY KEY)"]
)
def test_a_database_of_another_program_is_left_alone(postgres_servers: Servers, foreign: str) -> None:
    """It is refused, and nothing is made in it."""
    with postgres_servers.get(OURS[0]).database() as place:
        rows(place, f"{foreign}; SELECT 1")
        with pytest.raises(StorageError, match="another program"):
            connect(place)
        assert len(rows(place, "SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace")) <= 2


def test_a_newer_schema_is_refused(postgres_servers: Servers) -> None:
    """In the words in which a file is."""
    with postgres_servers.get(OURS[0]).database() as place:
        connect(place).close()
        rows(place, "INSERT INTO schema_migrations VALUES (999, 'later', 'crc32:0', 0) RETURNING 1")
        with pytest.raises(StorageError, match="was written by a newer agentctl"):
            connect(place)


def test_a_database_that_holds_something_is_migrated(postgres_servers: Servers) -> None:
    """What the first schema holds is there after the changes since, and turns of its sessions are decided on."""
    with postgres_servers.get(OURS[0]).database() as place:
        with closing(open_postgres(place, migrations=load("postgres")[:1])) as database:
            session = database.write(lambda tx: say(tx, sessions.create(tx, "old"), "question", "answer"))
        assert rows(place, "SELECT to_regclass('decisions')") == [(None,)]
        with closing(connect(place)) as database:
            assert database.read(lambda tx: texts(tx, sessions.find(tx, "old"))) == ["question", "answer"]
            database.write(lambda tx: judge(tx, session))
            (row,) = database.read(decisions.rows)
            assert (row.state, [one.value for one in row.outcomes]) == ("completed", [1.0])
            assert database.check() == []


def test_what_is_wrong_is_told(postgres_servers: Servers) -> None:
    """`check` finds a trigger that is off, a constraint that was not looked at, and rows that belong to nothing."""
    with postgres_servers.get(OURS[0]).database() as place, closing(connect(place)) as database:
        assert database.check() == []
        rows(
            place,
            """
            ALTER TABLE messages DISABLE TRIGGER messages_are_not_updated;
            ALTER TABLE session_tags DROP CONSTRAINT session_tags_session_id_fkey;
            INSERT INTO session_tags VALUES ('t', 'nobody');
            ALTER TABLE session_tags ADD CONSTRAINT lax FOREIGN KEY (session_id) REFERENCES sessions (id) NOT VALID;
            SELECT 1
            """,
        )
        assert database.check() == [
            "the constraint lax of session_tags was never validated",
            "the trigger messages_are_not_updated of messages is disabled",
            "a row of session_tags belongs to nothing",
        ]
