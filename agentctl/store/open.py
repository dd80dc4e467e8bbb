"""From a storage URL to a database."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from agentctl.errors import ConfigError
from agentctl.redact import LIBPQ, redact_url
from agentctl.store.base import Database

POSTGRES = ("postgresql://", "postgres://")
_SCHEME = "sqlite:///"


def _silent(_: str) -> None:
    pass


def _unknown() -> None:
    return None


def connect(
    url: str, *, tell: Callable[[str], None] = _silent, password: Callable[[], str | None] = _unknown
) -> Database:
    """Open the database at `url`, and create it where it is missing.

    Args:
        url: `:memory:`, `postgresql://` and what libpq knows, or `sqlite:///` and an absolute path. The path's own
            slash may be left out, so `sqlite:////home/me/chats.db` and `sqlite:///home/me/chats.db` are the same file;
            `~` is the user's home.
        tell: takes a line when a server is away, one when it is back, and one when the reserve of a full disk is used.
        password: asked for a password when none is in the URL or where libpq looks, and a server wants one.

    Returns:
        The database; a file in a directory that can't be written is one that can only be read.

    Raises:
        ConfigError: the URL names no database that we know, or what it needs is not installed.
        StorageError: the database can't be opened.
    """
    if url.startswith(POSTGRES):
        _check_parameters(url)
        return _postgres(url, tell, password)
    if url == ":memory:":
        from agentctl.store.sqlite.memory import MemoryDatabase  # noqa: PLC0415 - only one backend is needed

        return MemoryDatabase()
    path = _path(url)
    if os.access(path, os.R_OK) and not os.access(path.parent, os.W_OK):
        from agentctl.store.sqlite.readonly import open_read_only  # noqa: PLC0415

        return open_read_only(path)
    from agentctl.store.sqlite.file import open_sqlite  # noqa: PLC0415

    return open_sqlite(path, tell=tell)


def exists(url: str) -> bool:
    """Whether there is a database at `url` that `connect` would not have to create; one of a server is always there.

    Raises:
        ConfigError: the URL names no database that we know.
    """
    return url.startswith(POSTGRES) or (url != ":memory:" and _path(url).exists())


def is_made(url: str, *, password: Callable[[], str | None] = _unknown) -> bool:
    """Whether there is a store at `url`: unlike `exists` this asks a server. Nothing is written.

    Raises:
        ConfigError: the URL names no database that we know, or what it needs is not installed.
        StorageError: the server can't be reached.
    """
    if not url.startswith(POSTGRES):
        return exists(url)
    _check_parameters(url)
    with _driver(url):
        from agentctl.store.postgres.looking import is_empty  # noqa: PLC0415
    return not is_empty(url, password)


def is_same_file(one: str, other: str) -> bool:
    """Whether two URLs lead to the same file, also by links to it; False where one is of a server or is missing."""
    if one.startswith(POSTGRES) or other.startswith(POSTGRES):
        return False
    try:
        return _path(one).samefile(_path(other))
    except OSError:
        return False


def _postgres(url: str, tell: Callable[[str], None], password: Callable[[], str | None]) -> Database:
    with _driver(url):
        from agentctl.store.postgres.database import open_postgres  # noqa: PLC0415
    return open_postgres(url, tell=tell, password=password)


@contextmanager
def _driver(url: str) -> Iterator[None]:
    """Say how to get PostgreSQL's driver where an import in the block does not find it."""
    try:
        yield
    except ImportError as error:
        if (error.name or "psycopg").partition(".")[0] != "psycopg":  # nameless where it finds no libpq
            raise
        raise ConfigError(
            f"{redact_url(url)} needs PostgreSQL's driver, which is not installed: {error}",
            hint="pip install 'agentctl[postgres]'",
        ) from error


def _check_parameters(url: str) -> None:
    """Refuse what libpq does not know, or would read as more than a name; its own errors quote values.

    Raises:
        ConfigError: there is such a parameter.
    """
    rest = re.sub("^[^@/]*@", "", url.partition("://")[2])
    for pair in filter(None, rest.partition("?")[2].split("&")):
        name, equals, value = pair.partition("=")
        # Beyond an @ it may be the end of a password that is not escaped.
        if equals and "@" not in rest and re.fullmatch("[A-Za-z_]{1,40}", name) and name not in LIBPQ:
            raise ConfigError(
                f"the database URL has a parameter {name!r}, which PostgreSQL's library does not know",
                hint="check its spelling; a password is best left to ~/.pgpass or `agentctl keys set database`",
            )
        if name == "dbname" and re.search("=|%3d", value, re.IGNORECASE):
            raise ConfigError(
                "the `dbname` of the database URL is no name", hint="give each parameter by itself: ?dbname=…&user=…"
            )


def _path(url: str) -> Path:
    name = url.removeprefix(_SCHEME)
    if name == url or not name.strip("/"):
        raise ConfigError(
            f"{redact_url(url)} is no database URL: sqlite:///… or postgresql://…; "
            "a libpq string like host=… must be written as a URL",
            hint='set `database` to "sqlite:////absolute/path.db", "postgresql://USER@HOST/NAME" or ":memory:"',
        )
    return _at_home(name) if name.startswith("~") else Path("/", name.lstrip("/"))


def _at_home(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError as error:
        raise ConfigError(
            f"there is no such home as that of the database {name}", hint="set `database` to an absolute path"
        ) from error
