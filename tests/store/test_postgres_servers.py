"""The PostgreSQL servers that the other tests stand on."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from support import daemons
from support.cluster import cluster
from support.pgbouncer import bouncer
from support.postgres import KINDS, OURS, Servers, installation, major

OWNER = """
import sys
from support.cluster import cluster
from support.postgres import installation
with cluster(installation("wheel"), fsync=False) as server:
    server.start()
    print(server.url, flush=True)
    sys.stdin.read()
"""


def test_all_are_of_different_majors(postgres_servers: Servers) -> None:
    """Every kind of server answers, and no two are of the same major version."""
    versions = [major(postgres_servers.get(kind).version()) for kind in KINDS]
    assert len(set(versions)) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_databases_are_empty_and_apart(postgres_servers: Servers, kind: str) -> None:
    """Two databases of one server know nothing of each other, and are gone at the end even while they are used."""
    server = postgres_servers.get(kind)
    with server.database() as first, server.database() as second:
        with psycopg.connect(first) as one:
            one.execute("CREATE TABLE only_here (value bigint)")
        used = psycopg.connect(second)
        with pytest.raises(psycopg.errors.UndefinedTable):
            used.execute("SELECT * FROM only_here")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(first)
    used.close()


@pytest.mark.parametrize("kind", KINDS)
def test_pgbouncer_pools_transactions(postgres_servers: Servers, kind: str) -> None:
    """Through PgBouncer more connections than the server's work at a time, a transaction after the other."""
    with ExitStack() as stack:
        url = stack.enter_context(postgres_servers.get(kind).database())
        through = stack.enter_context(bouncer(url, connections=1))
        one, two = (stack.enter_context(psycopg.connect(through)) for _ in range(2))
        pids = []
        for connection in (one, two, one):
            pids.append(connection.execute("SELECT pg_backend_pid()").fetchone())
            connection.commit()
    assert len(set(pids)) == 1


@pytest.mark.parametrize("kind", OURS)
def test_what_was_committed_survives_a_kill(kind: str) -> None:
    """A server whose processes are all killed comes back at the same address with all that was committed."""
    with cluster(installation(kind)) as server:
        server.start()
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept (value bigint)")
        for end in (server.kill, server.stop_at_once, server.stop):
            with psycopg.connect(server.url) as connection:
                connection.execute("INSERT INTO kept VALUES (1)")
            end()
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(server.url)
            server.start()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (3,)
            assert connection.execute("SHOW fsync").fetchone() == ("on",)


def test_a_server_dies_with_the_tests() -> None:
    """A server whose tests are killed does not stay behind."""
    with daemons.directory("killed") as directory:
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1]), "TMPDIR": str(directory)}
        with subprocess.Popen(
            [sys.executable, "-c", OWNER], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout
            url = process.stdout.readline().strip()
            (server,) = daemons.children(process.pid)
            watch = os.pidfd_open(server)
            process.kill()
        assert select.select([watch], [], [], 60) == ([watch], [], [])
        os.close(watch)
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url)
