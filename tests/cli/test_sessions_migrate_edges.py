"""`agentctl sessions migrate` where FROM and TO are one store, or one is empty, and what a target refuses."""

from __future__ import annotations

import os
import random
import string
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from support.backends import POSTGRES, Backends
from support.filled import Filler
from support.pgbouncer import bouncer
from support.postgres import KINDS, Servers
from support.program import Program

from agentctl.store import sessions
from agentctl.store.open import connect
from agentctl.store.transfer import counts

_TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_file_by_another_name_is_itself(program: Program, link: Callable[[Path, Path], None]) -> None:
    """Neither a symbolic nor a hard link is another database, and nothing is made beside it."""
    source, other = (f"sqlite:///{program.home}/{name}.db" for name in ("a", "b"))
    with closing(connect(source)) as database:
        Filler(1).fill(database, 1)
    link(program.home / "a.db", program.home / "b.db")
    before = sorted(program.home.iterdir())
    for more in ([], ["--dry-run"]):
        done = program.run("sessions", "migrate", source, other, *more)
        assert (done.code, done.out) == (2, "")
        assert "FROM and TO are the same database" in done.err
    assert sorted(program.home.iterdir()) == before


@pytest.mark.parametrize("filled", [False, True])
def test_a_server_by_another_name_is_itself(
    program: Program, backends: Backends, tmp_path: Path, *, filled: bool
) -> None:
    """By another name of its host, or through a pooler, it is found to be the same, and stays as it was."""
    with backends.url(POSTGRES[0], tmp_path) as url, bouncer(url) as through:
        with closing(connect(url)) as database:
            if filled:
                Filler(1).fill(database, 1)
            expected = database.read(counts)
        tables = _tables(url)
        for other in (url.replace("127.0.0.1", "localhost"), through):
            for more in ([], ["--dry-run"]):
                done = program.run("sessions", "migrate", url, other, *more)
                assert (done.code, done.out) == (2, ""), done.err
                assert "FROM and TO are the same database" in done.err
        assert _tables(url) == tables
        with closing(connect(url)) as database:
            assert database.read(counts) == expected


def test_a_restored_backup_is_another_store(program: Program) -> None:
    """A copy of the file was made when its original was, and is not taken for it."""
    source, other = (f"sqlite:///{program.home}/{name}.db" for name in ("a", "b"))
    connect(source).close()
    (program.home / "b.db").write_bytes((program.home / "a.db").read_bytes())
    assert program.run("sessions", "migrate", source, other).code == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_dry_run_makes_no_schema(program: Program, postgres_servers: Servers, kind: str) -> None:
    """An empty database is told to be empty, and is so after that; as FROM it is no store at all."""
    file = f"sqlite:///{program.home}/a.db"
    connect(file).close()
    with postgres_servers.get(kind).database() as url:
        planned = program.run("sessions", "migrate", file, url, "--dry-run", "--json")
        assert planned.json["target"] == "empty", planned.err
        refused = program.run("sessions", "migrate", url, f"sqlite:///{program.home}/b.db")
        assert (refused.code, "there is no database" in refused.err) == (2, True)
        assert _tables(url) == []


def test_a_second_copy_says_that_one_is_under_way(program: Program) -> None:
    """It names the target."""
    source, other = (f"sqlite:///{program.home}/{name}.db" for name in ("a", "b"))
    connect(source).close()
    with closing(connect(other)) as target, target.lock("transfer", wait=0):
        done = program.run("sessions", "migrate", source, other)
    assert done.code == 9
    assert f"a copy into {other} is under way" in done.err


def test_a_row_that_the_target_refuses_is_named(program: Program, backends: Backends, tmp_path: Path) -> None:
    """A tag that no index of PostgreSQL takes, as older versions let through: the table and the row are told."""
    chance, source = random.Random(1), f"sqlite:///{program.home}/a.db"
    tag = "".join(chance.choices(string.ascii_letters + string.digits, k=20_000))
    with closing(connect(source)) as database:
        session = database.write(sessions.create)
        database.write(lambda tx: tx.execute("copying.session_tags_insert", tag=tag, session_id=session.id))
    with backends.url(POSTGRES[0], tmp_path) as url:
        done = program.run("sessions", "migrate", source, url)
    assert done.code == 9
    assert "does not take a row of session_tags (tag '" in done.err
    assert "hint: the source is as it was" in done.err
    assert tag not in done.err


def _tables(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [name for (name,) in connection.execute(_TABLES)]
