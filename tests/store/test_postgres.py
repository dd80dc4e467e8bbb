"""What is PostgreSQL's alone: writes that take effect once, locks of a transaction, and databases of others."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.backends import POSTGRES, Backends
from support.pgbouncer import bouncer
from support.pgproxy import Moment, proxy
from support.postgres import OURS, Servers

from agentctl.errors import ConfigError, StorageError
from agentctl.messages import Message, Text, user
from agentctl.store import sessions
from agentctl.store.base import Database, LockBusyError, Transaction
from agentctl.store.migrate import load
from agentctl.store.open import connect
from agentctl.store.postgres.database import open_postgres
from agentctl.store.postgres.queries import translated
from agentctl.store.postgres.waiting import Patience

PATIENCE = 20
HOLDER = """
import sys
from agentctl.store.open import connect
with connect(sys.argv[1]).lock(sys.argv[2], wait=0):
    print("held", flush=True)
    sys.stdin.read()
"""
OPENER = """
import sys
from agentctl.store import sessions
from agentctl.store.open import connect
sys.stdin.read()
database = connect(sys.argv[1])
database.write(sessions.create)
database.close()
"""


@pytest.fixture(params=POSTGRES)
def url(request: pytest.FixtureRequest, backends: Backends, tmp_path: Path) -> Iterator[str]:
    """An empty database of each server."""
    with backends.url(request.param, tmp_path) as place:
        yield place


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    """What a query returns to another program."""
    with psycopg.connect(url, autocommit=True) as raw:
        cursor = raw.execute(query.encode())
        while cursor.nextset():
            pass
        return cursor.fetchall()


def end_all(url: str) -> None:
    """End every connection to the database but this one."""
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    rows(url, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")


def names(database: Database) -> list[str | None]:
    """The names of all sessions."""
    return sorted(str(one.name) for one in database.read(lambda tx: sessions.listing(tx, 999)))


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_commit_whose_answer_is_lost(url: str, moment: Moment) -> None:
    """The write took effect once, whether or not the server had committed when the connection broke."""
    ran: list[int] = []

    def work(tx: Transaction) -> str:
        ran.append(len(ran))
        return sessions.create(tx, "once").id

    with proxy(url) as (network, through), closing(connect(through)) as database:
        network.break_at = moment
        created = database.write(work)
        assert network.broken == 1
    assert rows(url, "SELECT id, name FROM sessions") == [(created, "once")]
    assert ran == ([0] if moment == "after" else [0, 1])


def test_every_connection_is_ended_again_and_again(url: str) -> None:
    """Writes go on over connections that an administrator ends, and each takes effect once."""
    done = threading.Event()

    def harass() -> None:
        while not done.wait(0.05):
            end_all(url)

    with closing(connect(url)) as database, ThreadPoolExecutor(5) as pool:
        pool.submit(harass)
        try:
            calls = [pool.submit(database.write, partial(sessions.create, name=f"{n:03}")) for n in range(60)]
            for call in calls:
                call.result(PATIENCE)
        finally:
            done.set()
        assert names(database) == [f"{n:03}" for n in range(60)]


def test_a_deadlock_is_nobody_s_trouble(url: str) -> None:
    """Two transactions that lock the same in another order both take effect."""
    meet = threading.Barrier(2, timeout=PATIENCE)

    with closing(connect(url)) as database, ThreadPoolExecutor(2) as pool:
        ids = [database.write(partial(sessions.create, name=name)).id for name in "ab"]
        first = [True, True]

        def rename(tx: Transaction, number: int) -> None:
            tx.execute("sessions.rename", id=ids[number], name=f"{number}")
            if first[number]:
                first[number] = False
                meet.wait()
            tx.execute("sessions.touch", id=ids[1 - number], title=f"{number}", now=number)

        for call in [pool.submit(database.write, partial(rename, number=number)) for number in range(2)]:
            call.result(PATIENCE)
        assert names(database) == ["0", "1"]


def test_a_server_that_goes_away_is_told_of_once(url: str) -> None:
    """A write waits for the server, and the user is told when it is away and when it is back."""
    told: list[str] = []
    away = threading.Event()

    def tell(line: str) -> None:
        told.append(line)
        away.set()

    with (
        proxy(url) as (network, through),
        closing(open_postgres(through, tell=tell)) as database,
        ThreadPoolExecutor(3) as pool,
    ):
        network.refuse = True
        end_all(url)
        calls = [pool.submit(database.write, partial(sessions.create, name=str(number))) for number in range(3)]
        assert away.wait(PATIENCE)
        network.refuse = False
        for call in calls:
            call.result(PATIENCE)
        assert names(database) == ["0", "1", "2"]
    where = f"PostgreSQL at 127.0.0.1:{network.port}"
    assert told == [f"{where} does not answer; waiting for it", f"{where} is back"]


def test_patience_ends(url: str) -> None:
    """After its patience, a write fails with what was wrong, and nothing was written."""
    with (
        proxy(url) as (network, through),
        closing(open_postgres(through, patience=Patience(write=0.2, read=0.1))) as database,
    ):
        network.refuse = True
        end_all(url)
        with pytest.raises(StorageError, match="can't reach"):
            database.write(sessions.create)
        with pytest.raises(StorageError, match="can't reach"):
            database.read(sessions.latest)
    assert rows(url, "SELECT * FROM sessions") == []


def test_receipts_stay_few(url: str) -> None:
    """Each transaction drops the receipt of the one before, and a database that is closed leaves none."""
    with closing(connect(url)) as database:
        for _ in range(30):
            database.write(sessions.create)
        assert len(rows(url, "SELECT * FROM receipts")) == 1
    assert rows(url, "SELECT * FROM receipts") == []


def test_receipts_of_the_dead_are_dropped(url: str) -> None:
    """What a killed process left a day ago goes when the next one ends."""
    rows(url, "INSERT INTO receipts VALUES ('old', 1), ('new', 9000000000000000) RETURNING 1")
    with closing(connect(url)) as database:
        database.write(sessions.create)
    assert rows(url, "SELECT id FROM receipts") == [("new",)]


def test_a_killed_holder_frees_its_lock(url: str) -> None:
    """The death of a process frees what it held, with nothing left to wait for."""
    with closing(connect(url)) as database:
        pipe = subprocess.PIPE
        holder = subprocess.Popen([sys.executable, "-c", HOLDER, url, "turn"], stdin=pipe, stdout=pipe)
        with holder:
            assert holder.stdout
            assert holder.stdout.readline() == b"held\n"
            with pytest.raises(LockBusyError), database.lock("turn", wait=0):
                pass
            holder.send_signal(signal.SIGKILL)
        with database.lock("turn", wait=PATIENCE):
            pass


def test_a_lost_lock_is_taken_again_before_the_next_write(url: str) -> None:
    """Whoever loses the connection that holds a lock has the lock again when its next write takes effect."""
    with closing(connect(url)) as database, closing(connect(url)) as other:
        with database.lock("turn", wait=0):
            end_all(url)
            database.write(sessions.create)
            with pytest.raises(LockBusyError), other.lock("turn", wait=0):
                pass
        with other.lock("turn", wait=0):
            pass


def test_a_lost_lock_that_another_took_stops_the_writes(url: str) -> None:
    """Nobody writes on under a lock that is another's by now."""
    with closing(connect(url)) as database, closing(connect(url)) as other, database.lock("turn", wait=0):
        end_all(url)
        with other.lock("turn", wait=PATIENCE), pytest.raises(LockBusyError):
            database.write(sessions.create)
        database.write(sessions.create)


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


def test_through_a_pooler(url: str) -> None:
    """Behind PgBouncer in transaction mode, writes, reads and locks are what they are without."""
    with bouncer(url, connections=4) as through, closing(connect(through)) as database:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda n: database.write(partial(sessions.create, name=f"{n:02}")), range(40)))
        assert names(database) == [f"{n:02}" for n in range(40)]
        with database.lock("turn", wait=0), closing(connect(through)) as other:
            with pytest.raises(LockBusyError), other.lock("turn", wait=0.1):
                pass
            other.write(sessions.create)
        with database.lock("turn", wait=0):
            pass


texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\0\x1a01"))


@given(texts, texts)
@settings(max_examples=25)
def test_any_text_comes_back(
    backends: Backends, tmp_path_factory: pytest.TempPathFactory, one: str, other: str
) -> None:
    """Also with U+0000, which PostgreSQL can't hold; and texts that differ stay different."""
    with backends.url(POSTGRES[0], tmp_path_factory.getbasetemp()) as place, closing(connect(place)) as database:
        database.write(lambda tx: [tx.execute("caching.keep_print", id=text, body=text) for text in {one, other}])
        session = database.write(sessions.create)
        session, _ = database.write(lambda tx: sessions.append(tx, session, Message("user", (Text(one),))))
        assert database.read(lambda tx: sessions.thread(tx, session))[0].message.text == one
        title = database.read(lambda tx: sessions.listing(tx, 1))[0].title
        assert title is None or title.isprintable()
    found = {
        text.replace("\x1a0", "\0").replace("\x1a1", "\x1a") for (text,) in rows(place, "SELECT id FROM cache_prints")
    }
    assert found == {one, other}


def test_very_many_words(url: str) -> None:
    """A message with more different words than a tsvector holds is kept, and found by its first ones."""
    text = " ".join(chr(0x20000 + number) for number in range(90_000))
    with closing(connect(url)) as database:
        session = database.write(sessions.create)
        session, _ = database.write(partial(sessions.append, session=session, message=user(text)))
    found = "SELECT COUNT(*) FROM search_documents WHERE tokens @@ U&'''\\+020000'' <-> ''\\+020001'''::tsquery"
    assert rows(url, found) == [(1,)]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT :a, b::text FROM t WHERE c = :a_1", "SELECT %(a)s, b::text FROM t WHERE c = %(a_1)s"),
        ("SELECT ':a', 'it''s :b' -- :c's\n, :d", "SELECT ':a', 'it''s :b' -- :c's\n, %(d)s"),
        ("SELECT 7 % :m, '50%' /* % :x */, \":y\"", "SELECT 7 %% %(m)s, '50%%' /* %% :x */, \":y\""),
    ],
)
def test_named_values(sql: str, expected: str) -> None:
    """Values are marked as the driver wants it, and nothing else is taken for one."""
    assert translated(sql) == expected


SECRET = "corre:ct-horse%2Fbattery"


@pytest.mark.parametrize(
    "place",
    [
        "postgresql://bob:{}@127.0.0.1:1/db",
        "postgresql://bob@127.0.0.1:1/db?password={}",
        "postgresql://bob:{}@[::1/db",
        "postgresql://bob:{}/x@127.0.0.1:1/db",
        "postgresql://bob:{}@x@127.0.0.1:1/db",
        "postgresql://bob:{}@127.0.0.1:1/db?nonsense={}",
        "mysql://bob:{}@127.0.0.1/db",
    ],
)
def test_a_password_is_never_shown(place: str) -> None:
    """Neither in the error of a server that is not there nor in that of a URL that makes no sense."""
    with pytest.raises((StorageError, ConfigError)) as failure:
        connect(place.replace("{}", SECRET))
    told = f"{failure.value!r} {failure.value.message} {failure.value.hint}"
    assert "horse" not in told.replace(f"nonsense={SECRET}", "")


def test_who_is_let_in(url: str) -> None:
    """A wrong password, an unknown user and an unknown database are told apart, without the password."""
    base = url.rpartition("/")[0]
    user_part = base.partition("://")[2].rpartition("@")
    cases = {
        f"postgresql://agentctl:wrong-horse@{user_part[2]}/postgres": "password authentication failed",
        f"{base}/no_such_database": 'database "no_such_database" does not exist',
    }
    for place, why in cases.items():
        with pytest.raises(StorageError, match=why) as failure:
            connect(place)
        assert "horse" not in str(failure.value)
        assert failure.value.hint


def test_a_password_from_elsewhere(url: str) -> None:
    """One that libpq finds nowhere is asked for, and is not part of what the database says of itself."""
    who, _, place = url.partition("://")[2].rpartition("@")
    name, _, password = who.partition(":")
    bare = f"postgresql://{name}@{place}"
    with pytest.raises(StorageError, match="no password supplied"):
        connect(bare)
    with closing(connect(bare, password=lambda: password)) as database:
        database.write(sessions.create)
        assert database.url == bare
    with closing(connect(url)) as database:
        assert password not in database.url
