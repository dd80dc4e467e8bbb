"""Who is let in, and that no password is shown."""

from __future__ import annotations

from contextlib import closing

import pytest

from agentctl.errors import ConfigError, StorageError
from agentctl.store import sessions
from agentctl.store.open import connect

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
