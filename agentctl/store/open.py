"""From a storage URL to a database."""

from __future__ import annotations

from pathlib import Path

from agentctl.errors import ConfigError
from agentctl.store.base import Database

_SCHEME = "sqlite:///"


def connect(url: str) -> Database:
    """Open the database at `url`, and create it where it is missing.

    Args:
        url: `:memory:`, or `sqlite:///` and an absolute path. The path's own slash may be left out, so
            `sqlite:////home/me/chats.db` and `sqlite:///home/me/chats.db` are the same file; `~` is the user's home.

    Raises:
        ConfigError: the URL names no database that we know.
        StorageError: the database can't be opened.
    """
    if url == ":memory:":
        from agentctl.store.sqlite.memory import MemoryDatabase  # noqa: PLC0415 - only one backend is needed

        return MemoryDatabase()
    from agentctl.store.sqlite.file import open_sqlite  # noqa: PLC0415

    return open_sqlite(_path(url))


def exists(url: str) -> bool:
    """Whether there is a database at `url` that `connect` would not have to create.

    Raises:
        ConfigError: the URL names no database that we know.
    """
    return url != ":memory:" and _path(url).exists()


def _path(url: str) -> Path:
    name = url.removeprefix(_SCHEME)
    if name == url or not name.strip("/"):
        raise ConfigError(
            f"{url!r} is no database URL",
            hint='set `database = "sqlite:////absolute/path.db"` in the configuration, or ":memory:" to keep nothing',
        )
    return _at_home(name) if name.startswith("~") else Path("/", name.lstrip("/"))


def _at_home(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError as error:
        raise ConfigError(
            f"there is no such home as that of the database {name}", hint="set `database` to an absolute path"
        ) from error
