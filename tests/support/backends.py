"""The backends of the store that must behave alike, each with an empty database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from agentctl.store.open import connect
from support.postgres import KINDS, Server, Servers

POSTGRES = tuple(f"postgres-{kind}" for kind in KINDS)
BACKENDS = ("file", "memory", *POSTGRES)


class Backends:
    """Makes databases of the kinds in `BACKENDS`."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._templates: dict[str, str] = {}

    @contextmanager
    def url(self, backend: str, directory: Path) -> Iterator[str]:
        """The URL of an empty database; one in a file is within `directory`."""
        if backend == "memory":
            yield ":memory:"
        elif backend == "file":
            yield f"sqlite:///{directory}/data/agentctl.db"
        else:
            server = self._servers.get(backend.removeprefix("postgres-"))
            with server.database(self._template(server)) as url:
                yield url

    def _template(self, server: Server) -> str:
        """A database with the schema in it: to copy it is much faster than to make it."""
        if server.url not in self._templates:
            url = server.create()
            connect(url).close()
            self._templates[server.url] = urlsplit(url).path.lstrip("/")
        return self._templates[server.url]
