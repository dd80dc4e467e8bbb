"""Whole stores copied into others: nothing is lost, doubled or changed, whatever comes in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.backends import POSTGRES, Backends
from support.decided import judge
from support.filled import Filler

from agentctl.errors import StorageError
from agentctl.messages import user
from agentctl.store import sessions
from agentctl.store.base import Database, LockBusyError, Transaction
from agentctl.store.open import connect
from agentctl.store.statements import statement
from agentctl.store.transfer import Contents, counts, transfer
from agentctl.store.transfer.tables import COMPARED, COPIED

KEPT_BY_EACH = {"schema_migrations", "outbox", "purges"}
MADE_ANEW = {"search_documents", "search_backlog", "search_index"}
WAYS = (("file", "file"), ("file", POSTGRES[0]), (POSTGRES[-1], "file"), (POSTGRES[0], POSTGRES[-1]))


class Crash(BaseException):
    """The end of a copy, at some moment."""


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Database]:
    """An empty store to copy from."""
    with closing(connect(f"sqlite:///{tmp_path}/source.db")) as opened:
        yield opened


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Database]:
    """An empty store to copy into."""
    with closing(connect(f"sqlite:///{tmp_path}/target.db")) as opened:
        yield opened


@pytest.fixture(params=WAYS, ids=" to ".join)
def pair(request: pytest.FixtureRequest, backends: Backends, tmp_path: Path) -> Iterator[tuple[Database, Database]]:
    """A store to copy from and one to copy into, of different backends."""
    one, other = request.param
    with (
        backends.url(one, tmp_path / "one") as place,
        backends.url(other, tmp_path / "other") as elsewhere,
        closing(connect(place)) as source,
        closing(connect(elsewhere)) as target,
    ):
        yield source, target


def quietly(*_: object) -> None:
    """Take progress, and tell nobody."""


def crash_at(step: int) -> partial[None]:
    """Progress that ends the copy when it is told something for the n-th time."""
    told = iter(range(step))

    def tell(*_: object) -> None:
        if next(told, None) is None:
            raise Crash

    return partial(tell)


def rows(contents: Contents) -> dict[str, int]:
    return {name: content.rows for name, content in contents.items()}


def test_everything_arrives_in_every_database(pair: tuple[Database, Database]) -> None:
    """Each table is the same on both sides, U+0000 and 64-bit money included, and so are the sums."""
    source, target = pair
    Filler(1).fill(source, 8)
    copied = transfer(source, target, quietly)
    assert all(rows(copied).values())
    assert target.check() == []
    assert transfer(source, target, quietly) == copied  # again: it finds that all is there


def test_what_came_along_can_be_used(source: Database, target: Database) -> None:
    """A conversation goes on in the target where it was, nothing is told of as if it had happened there."""
    session = source.write(partial(sessions.create, name="n"))
    for text in ("one", "two\x00"):
        session, _ = source.write(partial(sessions.append, session=session, message=user(text)))
    transfer(source, target, quietly)
    there = target.read(partial(sessions.get, session_id=session.id))
    assert there == source.read(partial(sessions.get, session_id=session.id))
    assert target.read(lambda tx: sessions.thread(tx, there)) == source.read(lambda tx: sessions.thread(tx, session))
    assert "outbox" not in [row["place"] for row in target.read(lambda tx: tx.all("transfer.content"))]
    _, stored = target.write(partial(sessions.append, session=there, message=user("three")))
    assert stored.seq == 2


@given(st.lists(st.integers(0, 40), max_size=4), st.integers(0, 2**32))
@settings(max_examples=8)
def test_a_copy_that_ends_anywhere_goes_on(
    tmp_path_factory: pytest.TempPathFactory, ends: list[int], seed: int
) -> None:
    """However often it ends, and whatever the source has got since, the last one brings all, and nothing twice."""
    home = tmp_path_factory.mktemp("home")
    filler = Filler(seed)
    with closing(connect(f"sqlite:///{home}/a.db")) as source, closing(connect(f"sqlite:///{home}/b.db")) as target:
        filler.fill(source, 3)
        for end in ends:
            try:
                transfer(source, target, crash_at(end))
            except Crash:
                filler.fill(source, 1)
        if target.read(counts) != source.read(counts) or not ends:
            transfer(source, target, quietly)
        assert target.read(counts) == source.read(counts)
        assert target.check() == []


def test_what_changed_or_went_since_is_brought_on(pair: tuple[Database, Database]) -> None:
    """Between two parts of a copy sessions are renamed, go on, fork and are purged, and calls end: so they do there."""
    source, target = pair
    kept, purged = source.write(sessions.create), source.write(sessions.create)
    Filler(3).fill(source, 3)
    source.write(lambda tx: judge(tx, purged))
    for session in (kept, purged):
        source.write(partial(sessions.append, session=session, message=user("first")))
    with pytest.raises(Crash):
        transfer(source, target, crash_at(len(COPIED)))  # when each table is there
    source.write(partial(sessions.rename, session=kept, name="new"))
    source.write(partial(sessions.append, session=kept, message=user("forks")))
    source.write(lambda tx: _purge(tx, purged.id))
    source.write(lambda tx: [tx.execute("copying.open_calls_delete", **row) for row in _open_calls(tx)])
    transfer(source, target, quietly)
    assert target.read(counts) == source.read(counts)
    assert target.read(partial(sessions.get, session_id=kept.id)).name == "new"
    assert target.check() == []


def _open_calls(tx: Transaction) -> list[dict[str, str]]:
    return [dict(row) for row in tx.all("transfer.open_calls", reservation_id="", limit=2)]


def _purge(tx: Transaction, session_id: str) -> None:
    sessions.delete(tx, session_id)
    sessions.purge(tx, session_id)


def test_what_the_source_gets_meanwhile_comes_along(source: Database, target: Database) -> None:
    """A session that begins during the copy is copied in another round; one that begins each time ends it, with why."""
    source.write(sessions.create)
    pending = ["once"]

    def once(name: str, *_: object) -> None:
        if name == "verify" and pending:
            source.write(partial(sessions.create, name=pending.pop()))

    assert rows(transfer(source, target, once))["sessions"] == 2


def test_a_source_that_is_always_written_to_is_told(source: Database, target: Database) -> None:
    """The copy ends with why and goes on the next time."""

    def write(*_: object) -> None:
        source.write(sessions.create)

    with pytest.raises(StorageError, match="was written to while") as caught:
        transfer(source, target, write)
    assert "run this again" in (caught.value.hint or "")
    assert rows(transfer(source, target, quietly)) == rows(transfer(source, target, quietly))


def test_a_target_with_content_is_refused(source: Database, target: Database) -> None:
    """Nothing is written where something is already, also something that came between two parts of a copy."""
    target.write(sessions.create)
    with pytest.raises(StorageError, match="is not empty: it has rows in outbox, sessions") as caught:
        transfer(source, target, quietly)
    assert "nothing was written" in (caught.value.hint or "")


def test_a_target_that_was_used_meanwhile_is_refused(source: Database, target: Database) -> None:
    """What somebody made in an unfinished copy is not deleted as something that the source has no more."""
    Filler(1).fill(source, 1)
    with pytest.raises(Crash):
        transfer(source, target, crash_at(5))
    mine = target.write(sessions.create)
    with pytest.raises(StorageError, match="was used before"):
        transfer(source, target, quietly)
    assert target.read(partial(sessions.get, session_id=mine.id)) == mine


def test_a_copy_of_another_store_is_refused(source: Database, target: Database, tmp_path: Path) -> None:
    """A copy that one store began is not finished by another."""
    Filler(1).fill(source, 1)
    with pytest.raises(Crash):
        transfer(source, target, crash_at(5))
    with (
        closing(connect(f"sqlite:///{tmp_path}/other.db")) as other,
        pytest.raises(StorageError, match="another store was begun"),
    ):
        transfer(other, target, quietly)


def test_what_differs_at_the_end_is_named(source: Database, target: Database) -> None:
    """A row that another hand changed in the target and that never changes is found by the checksums."""
    Filler(1).fill(source, 1)
    with pytest.raises(Crash):
        transfer(source, target, crash_at(16))
    target.write(lambda tx: tx.execute("copying.cache_prints_insert", id="x", body="another hand's"))
    with pytest.raises(StorageError, match=r"differs from its source: cache_prints \(2 rows, 3 copied\)"):
        transfer(source, target, quietly)


def test_two_copies_at_once_are_one(source: Database, target: Database) -> None:
    """The second is refused while the first goes on."""
    Filler(1).fill(source, 1)

    def another(*_: object) -> None:
        with pytest.raises(LockBusyError):
            transfer(source, target, quietly)

    transfer(source, target, another)


def test_no_table_and_no_column_is_forgotten(source: Database) -> None:
    """Each table of the schema is copied, or known to be each store's own; each column of it is written."""
    import sqlite3  # noqa: PLC0415

    with closing(sqlite3.connect(source.url.removeprefix("sqlite:///"))) as raw:
        found = {name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        tables = {name for name in found if not name.startswith(("sqlite_", "search_index_"))}
        assert tables - KEPT_BY_EACH - MADE_ANEW == {table.name for table in COMPARED}
        for table in COMPARED:
            if not table.name.endswith("_sums"):
                columns = {name for _, name, *_ in raw.execute(f"PRAGMA table_info({table.name})")}
                written = statement(f"copying.{table.name}_insert", "sqlite")
                assert all(f":{column}" in written for column in columns), table.name
