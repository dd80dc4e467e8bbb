"""PgBouncer before a PostgreSQL server, mostly in transaction mode: each transaction may run on another connection."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from support import daemons

_PATIENCE = 30  # seconds
_PLACES = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"  # it is a program of administrators
_CONFIGURATION = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = plain
auth_file = {users}
pool_mode = {mode}
default_pool_size = {size}
max_client_conn = 500
"""


@contextmanager
def bouncer(url: str, *, connections: int = 4, mode: str = "transaction") -> Iterator[str]:
    """Run PgBouncer with a few connections to the server of a database; yields the database's URL through it.

    Raises:
        LookupError: it is not installed; the message says how to get it.
    """
    program = shutil.which("pgbouncer", path=_PLACES)
    if program is None:
        raise LookupError("the tests need PgBouncer: on Debian `sudo apt-get install pgbouncer`")
    with daemons.directory("pgbouncer") as directory:
        port = daemons.free_port()
        command = daemons.command(program, _configure(directory, url, port, (mode, connections)), dies_by="KILL")
        with (directory / "log").open("wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log, cwd="/")
        try:
            _wait(process, through := _through(url, port), directory / "log")
            yield through
        finally:
            process.kill()
            process.wait()


def _configure(directory: Path, url: str, listen: int, pool: tuple[str, int]) -> Path:
    parts = urlsplit(url)
    users, configuration = directory / "users.txt", directory / "pgbouncer.ini"
    users.write_text(f'"{parts.username}" "{parts.password or ""}"\n')
    configuration.write_text(
        _CONFIGURATION.format(
            host=parts.hostname, port=parts.port, listen=listen, users=users, mode=pool[0], size=pool[1]
        )
    )
    for path in (users, configuration):
        daemons.own(path)
    return configuration


def _through(url: str, port: int) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password or ''}@127.0.0.1:{port}"))


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"PgBouncer did not start:\n{log.read_text()}") from error
            time.sleep(0.01)
        else:
            return
