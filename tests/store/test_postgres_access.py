"""Who is let in, and that no password is shown."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from urllib.parse import urlsplit, urlunsplit

import pytest
from support.databases import end_all, names, rows
from support.pgbouncer import bouncer

from agentctl.errors import ConfigError, StorageError
from agentctl.ids import new_id
from agentctl.store import sessions
from agentctl.store.open import connect
from agentctl.store.postgres.database import open_postgres
from agentctl.store.postgres.waiting import Patience

PATIENCE = 20


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


@pytest.mark.parametrize("port", ["abc", "0", "65536", "5432,x"])
def test_a_port_that_is_none(port: str) -> None:
    """It is a mistake in the configuration, not a server that is away."""
    with pytest.raises(ConfigError, match="is no port"):
        connect(f"postgresql://bob@127.0.0.1/db?port={port}")


def test_a_database_that_is_meant_to_be_read(server_url: str) -> None:
    """Nothing is written where transactions are read-only unless they say otherwise."""
    with closing(connect(f"{server_url}?options=-cdefault_transaction_read_only%3Don")) as database:
        assert names(database) == []
        with pytest.raises(StorageError, match="is read-only") as failure:
            database.write(sessions.create)
        assert "default_transaction_read_only" in str(failure.value.hint)


def test_old_strings(server_url: str) -> None:
    """Lists are what they are elsewhere on a server that reads backslashes in strings in the old way."""
    with closing(connect(f"{server_url}?options=-cstandard_conforming_strings%3Doff")) as database:
        for name in ("a!b%c", "aXbYc", "a\\b"):
            database.write(partial(sessions.create, name=name))
        for wanted, found in (("a!b%", ["a!b%c"]), ("a\\b", ["a\\b"]), ("a*c", ["aXbYc", "a!b%c"])):
            listed = database.read(partial(sessions.listing, limit=9, wanted=sessions.Filter(name=wanted)))
            assert [one.name for one in listed] == found


def test_a_user_who_may_do_little(server_url: str) -> None:
    """One without rights on the tables, and one with a single connection, are told what to ask their owner for."""
    role, told = f"r_{new_id()}".lower(), list[str]()
    parts = urlsplit(server_url)
    place = urlunsplit(parts._replace(netloc=f"{role}:x@{parts.hostname}:{parts.port}"))
    rows(server_url, f"CREATE ROLE {role} LOGIN PASSWORD 'x' CONNECTION LIMIT 1; SELECT 1")
    try:
        with pytest.raises(StorageError, match="permission denied for table") as failure:
            connect(place)
        assert "ON ALL TABLES" in str(failure.value.hint)
        rows(server_url, f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}; SELECT 1")
        with closing(open_postgres(place, patience=Patience(write=0.2), tell=told.append)) as database:
            with pytest.raises(StorageError, match="too many connections for role") as failure:
                database.lock("turn", wait=0).__enter__()
            assert "connection limit" in str(failure.value.hint)
        assert [line.partition(" to ")[0] for line in told] == ["waiting for a connection"]
    finally:
        end_all(server_url)
        rows(server_url, f"DROP OWNED BY {role}; DROP ROLE {role}; SELECT 1")


def test_a_pooler_of_statements(server_url: str) -> None:
    """Behind PgBouncer in statement mode nothing works, and it is said which mode does."""
    with bouncer(server_url, mode="statement") as through, pytest.raises(StorageError) as failure:
        connect(through)
    assert "pool_mode = transaction" in str(failure.value.hint)


def test_who_is_let_in(server_url: str) -> None:
    """A wrong password, an unknown user and an unknown database are told apart, without the password."""
    base = server_url.rpartition("/")[0]
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


def test_a_password_from_elsewhere(server_url: str) -> None:
    """One that libpq finds nowhere is asked for, and is not part of what the database says of itself."""
    who, _, place = server_url.partition("://")[2].rpartition("@")
    name, _, password = who.partition(":")
    bare = f"postgresql://{name}@{place}"
    with pytest.raises(StorageError, match="no password supplied"):
        connect(bare)
    with closing(connect(bare, password=lambda: password)) as database:
        database.write(sessions.create)
        assert database.url == bare
    with closing(connect(server_url)) as database:
        assert password not in database.url
