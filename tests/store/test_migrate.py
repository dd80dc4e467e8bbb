"""Changes of the schema of a database that holds something."""

from __future__ import annotations

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from agentctl.errors import StorageError
from agentctl.store import migrate, sessions
from agentctl.store.sqlite.file import open_sqlite

SECOND = "CREATE TABLE notes (text TEXT NOT NULL) STRICT; INSERT INTO notes SELECT id FROM sessions;"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory of migrations: this program's own, to be added to."""
    return Path(shutil.copytree(Path(migrate.__file__).parent / "migrations", tmp_path / "migrations"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with a session in it, made before any migration was added."""
    path = tmp_path / "data" / "agentctl.db"
    with closing(open_sqlite(path)) as database:
        database.write(sessions.create)
    return path


def add(directory: Path, sql: str, name: str = "0099_notes.sql") -> tuple[migrate.Migration, ...]:
    (directory / name).write_text(sql)
    return migrate.load(directory)


def query(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as raw:
        return raw.execute(sql).fetchall()


def backups(path: Path) -> list[Path]:
    return sorted(path.parent.glob("*.bak"))


def test_what_is_there_is_migrated(path: Path, directory: Path) -> None:
    """A migration changes a database that holds something, and keeps what it holds."""
    with closing(open_sqlite(path, migrations=add(directory, SECOND))) as database:
        (session,) = database.read(lambda tx: sessions.listing(tx, 10))
    assert query(path, "SELECT text FROM notes") == [(session.id,)]


def test_a_backup_is_made_first(path: Path, directory: Path) -> None:
    """Beside a migrated database stands a private copy of it as it was, which the older program opens."""
    open_sqlite(path, migrations=add(directory, SECOND)).close()
    (backup,) = backups(path)
    assert backup.stat().st_mode & 0o777 == 0o600
    assert query(backup, "SELECT name FROM sqlite_master WHERE name = 'notes'") == []
    with closing(open_sqlite(backup)) as database:
        assert len(database.read(lambda tx: sessions.listing(tx, 10))) == 1


def test_a_new_database_needs_no_backup(tmp_path: Path, directory: Path) -> None:
    """A database that is made with all migrations, and one that has them all, are not copied."""
    path, migrations = tmp_path / "new.db", add(directory, SECOND)
    open_sqlite(path, migrations=migrations).close()
    open_sqlite(path, migrations=migrations).close()
    assert query(path, "SELECT text FROM notes") == []
    assert backups(path) == []


def test_many_migrate_at_once(path: Path, directory: Path) -> None:
    """Of many that find an old database at once, one migrates it and all can use it."""
    migrations = add(directory, SECOND)
    with ThreadPoolExecutor(8) as pool:
        for database in pool.map(lambda _: open_sqlite(path, migrations=migrations), range(8)):
            database.write(sessions.create)
            database.close()
    assert len(query(path, "SELECT id FROM sessions")) == 9
    assert len(query(path, "SELECT text FROM notes")) == 1
    assert len(backups(path)) == 1


def test_a_failed_migration_changes_nothing(path: Path, directory: Path) -> None:
    """A migration that fails in the middle is undone, and the older program still opens the database."""
    with pytest.raises(StorageError, match="no such table: nowhere"):
        open_sqlite(path, migrations=add(directory, f"{SECOND} INSERT INTO nowhere VALUES (1);"))
    with closing(open_sqlite(path)) as database:
        assert len(database.read(lambda tx: sessions.listing(tx, 10))) == 1
    assert query(path, "SELECT name FROM sqlite_master WHERE name = 'notes'") == []
    assert len(backups(path)) == 1


def test_a_newer_database_is_refused(path: Path, directory: Path) -> None:
    """A database of a newer program is refused with the advice to upgrade, and stays as it is."""
    open_sqlite(path, migrations=add(directory, SECOND)).close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match=r"newer agentctl \(schema 99") as caught:
        open_sqlite(path)
    assert "upgrade" in str(caught.value.hint)
    assert path.read_bytes() == before


def test_an_edited_migration_is_refused(path: Path, directory: Path) -> None:
    """A database whose migrations differ from the program's is refused, and stays as it is."""
    open_sqlite(path, migrations=add(directory, SECOND)).close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match="schema change 99 differs") as caught:
        open_sqlite(path, migrations=add(directory, SECOND + " -- edited"))
    assert caught.value.hint
    assert path.read_bytes() == before


def test_migrations_are_numbered() -> None:
    """This program's migrations have ascending numbers, and each says in its name what it does."""
    migrations = migrate.load()
    assert [migration.version for migration in migrations] == list(range(1, len(migrations) + 1))
    assert all(migration.name for migration in migrations)


def test_migrations_stay_as_they_are() -> None:
    """A released migration is never edited: databases that have applied it would be refused."""
    assert {one.version: one.checksum for one in migrate.load()} == {
        1: "crc32:8fb6fbfb",
        2: "crc32:029177ab",
        3: "crc32:46e7f181",
    }
