"""Storage URLs."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from agentctl.errors import ConfigError, ExitCode
from agentctl.store import sessions
from agentctl.store.open import connect


@pytest.mark.parametrize("slashes", ["sqlite://", "sqlite:///"])
def test_an_absolute_path(tmp_path: Path, slashes: str) -> None:
    """A path is absolute, written with its own slash or without."""
    with closing(connect(f"{slashes}{tmp_path}/a b%20c?.db")) as database:
        assert database.url == f"sqlite:///{tmp_path}/a b%20c?.db"
    assert (tmp_path / "a b%20c?.db").exists()


def test_a_path_below_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` is the user's home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    connect("sqlite:///~/chats/agentctl.db").close()
    assert (tmp_path / "chats" / "agentctl.db").exists()


def test_a_path_below_a_home_that_nobody_has() -> None:
    """The home of a user who does not exist is an error of configuration."""
    with pytest.raises(ConfigError, match="no such home"):
        connect("sqlite:///~no-such-user/agentctl.db")


def test_its_own_url_opens_it_again(tmp_path: Path) -> None:
    """A database's URL leads back to the same file."""
    with closing(connect(f"sqlite:///{tmp_path}/agentctl.db")) as database:
        session = database.write(sessions.create)
    with closing(connect(database.url)) as again:
        assert again.read(lambda tx: sessions.get(tx, session.id)) == session


def test_memory() -> None:
    """Two databases in memory share nothing."""
    with closing(connect(":memory:")) as one, closing(connect(":memory:")) as other:
        one.write(sessions.create)
        assert other.read(sessions.latest) is None


@pytest.mark.parametrize("url", ["", "agentctl.db", "/abs.db", "sqlite://", "sqlite:///", "sqlite:////", "mysql://h/d"])
def test_what_is_no_database(url: str) -> None:
    """Anything else is a configuration error that shows how it should look."""
    with pytest.raises(ConfigError) as caught:
        connect(url)
    assert caught.value.code is ExitCode.config
    assert "is no database URL: sqlite:///… or postgresql://…" in caught.value.message
    assert "must be written as a URL" in caught.value.message
    assert "sqlite:////" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("host=h user=u password=correct-horse", "is no database URL"),
        ("postgresql:/u:correct-horse@h/d", "is no database URL"),
        ("u:correct-horse@h/d", "is no database URL"),
        ("postgresql://u@h/d?passwd=correct-horse", "a parameter 'passwd'"),
        ("postgresql://u@h/d?dbname=password%3Dcorrect-horse", "`dbname`"),
        ("postgresql://u:correct-horse@horse@h/d", "is no URL that"),
        ("postgresql://u:12/3?correct-horse=b@h/d", "is no URL that"),
    ],
)
def test_what_may_hold_a_password_is_never_quoted(url: str, told: str) -> None:
    """A URL that makes no sense is an error that says what is wrong, and nothing of what it says after its scheme."""
    with pytest.raises(ConfigError) as caught:
        connect(url)
    assert told in caught.value.message
    assert "horse" not in f"{caught.value.message} {caught.value.hint}"
