"""A network between PostgreSQL and its clients that breaks at a chosen moment."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

Moment = Literal["before", "after"]


class Proxy:
    """Passes on what comes; made by `proxy`.

    Set `break_at` to have the next commit break its connection: "before" the server hears of it, or "after" it has
    answered, so that the client never hears. `refuse` lets nobody connect to its `port`.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self.break_at: Moment | None = None
        self.refuse = False
        self.broken = 0
        self._answered = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Listen no more and break what there is."""
        self._listener.close()
        for pair in self._pairs:
            _break(*pair)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.refuse:
                    client.close()
                    continue
                server = socket.create_connection(self._target)
                self._pairs.append((client, server))
                for work in (self._upward, self._downward):
                    threading.Thread(target=work, args=(client, server), daemon=True).start()

    def _upward(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(1 << 16):
                if b"COMMIT\0" in data and self.break_at:
                    moment, self.break_at = self.break_at, None
                    self.broken += 1
                    self._answered.clear()
                    client.shutdown(socket.SHUT_RDWR)  # the client hears nothing from here on
                    if moment == "after":
                        server.sendall(data)
                        self._answered.wait(10)  # only now has the server committed
                    break
                server.sendall(data)
        _break(client, server)

    def _downward(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(1 << 16):
                if b"COMMIT\0" in data:
                    self._answered.set()
                client.sendall(data)
        _break(client, server)


@contextmanager
def proxy(url: str) -> Iterator[tuple[Proxy, str]]:
    """A proxy before the server of a database, and the URL of the database through it."""
    parts = urlsplit(url)
    made = Proxy((str(parts.hostname), parts.port or 5432))
    try:
        user = parts.netloc.rpartition("@")[0]
        yield made, urlunsplit(parts._replace(netloc=f"{user}@127.0.0.1:{made.port}"))
    finally:
        made.close()


def _break(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
