"""Brings a database file to this program's schema, with a backup first."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from agentctl.errors import StorageError
from agentctl.ids import new_id
from agentctl.locks import FileLock
from agentctl.store.migrate import Migration, pending
from agentctl.store.sqlite.connection import Connection, DiskFullError

_APPLICATION_ID = 1634169955  # the first migration sets it
_PART = ".part"


def prepare(connection: Connection, known: Sequence[Migration], path: Path, guard: FileLock) -> None:
    """Create or migrate the database where needed, under `guard`.

    Raises:
        StorageError: it is damaged, foreign, newer or read-only; nothing was changed.
    """
    if _is_ready(connection, known, str(path)):
        return
    with file_errors(path), guard:
        connection.script("PRAGMA journal_mode = WAL")
        missing = lacking(connection, known, str(path))
        if 0 < len(missing) < len(known):
            _remove_parts(path)
            back_up(connection, Path(f"{path}.v{missing[0].version - 1}-{new_id()}.bak"))
        migrate(connection, missing)


def migrate(connection: Connection, lacking: Sequence[Migration]) -> None:
    """Apply migrations, each in a transaction of its own."""
    for migration in lacking:
        with connection.transaction(migration.sql):
            connection.execute(
                "schema.record",
                version=migration.version,
                name=migration.name,
                checksum=migration.checksum,
                applied_at=time.time_ns() // 1000,
            )


def back_up(connection: Connection, target: Path) -> None:
    """Copy the database to the new file `target`, durably; a file of that name is never half a copy."""
    part = target.with_name(f"{target.name}{_PART}")
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        connection.backup(str(part))
    except StorageError:
        part.unlink()
        raise
    sync(part)
    part.rename(target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Make the contents of a file, or the entries of a directory, durable."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Turn an OSError into a StorageError about the database at `path`."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFullError(
                f"the disk is full: no room for the database {path} ({error.filename or path})",
                hint="free some space and run the command again; what was saved before is safe",
            ) from error
        raise StorageError(
            f"can't use the database {path}: {error.strerror or error} ({error.filename or path})",
            hint="check the directory's permissions and free space, or choose another `database` in the configuration",
        ) from error


def _remove_parts(path: Path) -> None:
    """Remove what is left of a backup whose process died while it made it."""
    for file in path.parent.iterdir():
        if file.name.startswith(f"{path.name}.v") and f".bak{_PART}" in file.name:
            file.unlink()


def _is_ready(connection: Connection, known: Sequence[Migration], where: str) -> bool:
    return not lacking(connection, known, where) and connection.pragma("journal_mode") == "wal"


def lacking(connection: Connection, known: Sequence[Migration], where: str) -> Sequence[Migration]:
    """Return the migrations that the database lacks.

    Raises:
        StorageError: it is another program's, or was written by a newer version.
    """
    with connection.snapshot():  # another process may be creating it right now
        owner = connection.pragma("application_id")
        if owner == _APPLICATION_ID:
            applied = [(row["version"], row["checksum"]) for row in connection.all("schema.applied")]
            return pending(applied, known, where=where)
        if owner == 0 and connection.one("schema.anything") is None:
            return known
    raise StorageError(
        f"{where} is the database of another program",
        hint="choose another `database` in the configuration; `agentctl config show --origin` says where it is set",
    )
