"""Changes of the schema of a database that holds something."""

from __future__ import annotations

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from support.conversations import say, texts
from support.decided import judge

from agentctl.economy import ledger
from agentctl.economy.catalog import Catalog
from agentctl.economy.ledger import Call, Cost, Told
from agentctl.errors import StorageError
from agentctl.recovery import recover
from agentctl.store import decisions, migrate, sessions
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
    (directory / "sqlite" / name).write_text(sql)
    return migrate.load("sqlite", directory)


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


FIRST = r"""
    INSERT INTO sessions VALUES ('s', 'work', 'b', 1, 2);
    INSERT INTO branches VALUES ('b', 's', NULL, 0, 1);
    INSERT INTO messages VALUES ('m', 's', 'b', 0, NULL, 'user', 'final', '[]', 'x', NULL, 1);
    INSERT INTO drafts VALUES ('call 3', 's', 'b', 'm', 1, 3);
    INSERT INTO draft_chunks VALUES ('call 3', 0, '"[[\"text\",\"par\"]]"');
    INSERT INTO usage_ledger VALUES
        ('1', 's', NULL, 'call 1', 1, 'reserve', 'estimated', 'p', 'm', 9, 0, 0, 0, 0, NULL, 9, NULL, NULL, 't', 1),
        ('2', 's', 'm', 'call 1', 1, 'charge', 'final', 'p', 'm', 1, 2, 3, 4, 5, '{"a": 1}', 7, NULL, 'v1', 't', 2),
        ('3', NULL, NULL, 'call 2', 1, 'charge', 'partial', 'p', 'm', 1, 0, 0, 0, 1, NULL, NULL, NULL, NULL, NULL, 3),
        ('4', 's', NULL, 'call 3', 1, 'reserve', 'estimated', 'p', 'm', 9, 0, 0, 0, 0, NULL, 9, NULL, NULL, NULL, 4);
    INSERT INTO open_calls VALUES ('4');
"""


def test_a_database_of_the_first_release_keeps_all_its_rows(tmp_path: Path) -> None:
    """Whatever version 1 wrote is there after the migration, in its old columns, and can be gone on with."""
    path = tmp_path / "agentctl.db"
    open_sqlite(path, migrations=migrate.load("sqlite")[:1]).close()
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript(f"BEGIN; {FIRST} COMMIT")
        tables = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = {table: [row[1] for row in raw.execute(f"PRAGMA table_info({table})")] for table in tables}
    old = {
        table: f"SELECT {', '.join(columns[table])} FROM {table}" for table in tables if table != "schema_migrations"
    }
    before = {table: query(path, sql) for table, sql in old.items()}
    assert sum(map(len, before.values())) == 10
    with closing(open_sqlite(path)) as database:
        assert {table: query(path, sql) for table, sql in old.items()} == before
        (left,) = database.read(ledger.open_calls)
        assert (left.call, left.told) == (Call("call 3", "s", "p", "m"), Told())
        assert database.read(lambda tx: ledger.session_cost(tx, "s")) == Cost(Decimal(7).scaleb(-12), 0)
        recover(database, Catalog())
        assert database.read(ledger.open_calls) == []
        assert database.check() == []
    assert len(backups(path)) == 1


def test_a_session_from_before_decisions_goes_on_with_them(tmp_path: Path) -> None:
    """What version 7 holds is there after the migration, as its backup; and turns of its sessions are decided on."""
    path = tmp_path / "agentctl.db"
    with closing(open_sqlite(path, migrations=migrate.load("sqlite")[:7])) as database:
        session = database.write(lambda tx: say(tx, sessions.create(tx, "old"), "question", "answer"))
    assert query(path, "SELECT name FROM sqlite_master WHERE name = 'decisions'") == []
    with closing(open_sqlite(path)) as database:
        assert database.read(lambda tx: texts(tx, sessions.find(tx, "old"))) == ["question", "answer"]
        database.write(lambda tx: judge(tx, session))
        (row,) = database.read(decisions.rows)
        assert (row.state, [one.value for one in row.outcomes]) == ("completed", [1.0])
        assert database.check() == []
    (backup,) = backups(path)
    assert query(backup, "SELECT MAX(version), (SELECT COUNT(*) FROM messages) FROM schema_migrations") == [(7, 2)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE usage_ledger SET response_id = 'x'",
        "UPDATE usage_ledger SET service_tier = 'batch'",
        "UPDATE usage_ledger SET answered_by = 'x'",
        "UPDATE usage_ledger SET reported_pusd = 1",
        "UPDATE charge_reports SET reported_pusd = 1",
        "DELETE FROM charge_reports",
        "INSERT INTO charge_reports VALUES ('1', 1, NULL, 1)",
        "INSERT INTO charge_reports VALUES ('2', 1, NULL, 1)",
        "INSERT INTO charge_reports VALUES ('3', -1, NULL, 1)",
        "INSERT INTO charge_reports VALUES ('none', 1, NULL, 1)",
    ],
)
def test_what_was_charged_and_reported_is_not_changed(tmp_path: Path, change: str) -> None:
    """Not even with SQL: the ledger takes no change, and one report for a charge that had none."""
    path = tmp_path / "agentctl.db"
    open_sqlite(path).close()
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript("""
            INSERT INTO usage_ledger (id, call_id, attempt, kind, status, provider, model, uncached_input, cache_read,
                cache_write_short, cache_write_long, output, created_at)
            VALUES ('1', 'c', 1, 'reserve', 'estimated', 'p', 'm', 0, 0, 0, 0, 0, 1),
                ('2', 'c', 1, 'charge', 'final', 'p', 'm', 0, 0, 0, 0, 0, 1),
                ('3', 'd', 1, 'charge', 'final', 'p', 'm', 0, 0, 0, 0, 0, 1);
            INSERT INTO charge_reports VALUES ('2', 5, NULL, 1);
        """)
        with pytest.raises(sqlite3.IntegrityError):
            raw.execute(change)


def test_migrations_are_numbered() -> None:
    """This program's migrations have ascending numbers, and each says in its name what it does."""
    migrations = migrate.load("sqlite")
    assert [migration.version for migration in migrations] == list(range(1, len(migrations) + 1))
    assert all(migration.name for migration in migrations)


def test_migrations_stay_as_they_are() -> None:
    """A released migration is never edited: databases that have applied it would be refused."""
    assert {one.version: one.checksum for one in migrate.load("sqlite")} == {
        1: "crc32:8fb6fbfb",
        2: "crc32:dc20608b",
        3: "crc32:46e7f181",
        4: "crc32:ea07b1cc",
        5: "crc32:b49a16c6",
        6: "crc32:f3f67a7d",
        7: "crc32:d9f119a2",
        8: "crc32:cee4ccca",
    }
    assert {one.version: one.checksum for one in migrate.load("postgres")} == {
        1: "crc32:2c01d0a2",
        2: "crc32:ae197829",
    }
