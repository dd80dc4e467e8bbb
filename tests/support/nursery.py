"""Runs commands of agentctl in children of a process that has loaded already what each of them loads first.

Such a child is a process of its own, with its arguments, environment, directory and streams, as a new one would be; it
spares what the interpreter, Typer and `agentctl.cli.main` take to load. Of ours it has no more than that one module
loads, so that a command which forgets to import something of ours is found out.

    python -P nursery.py NUMBER

is the parent: each message on the socket NUMBER brings standard input, output and error, and a socket on which the
child reads what it is to run, and on which its number and its end are told.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

_LOADED = ("agentctl.__main__", "agentctl.cli.main", "sqlite3", "httpx")  # many load the last two, which are not ours


class _Nursery:
    """The parent, who takes orders until the other end of its socket is closed."""

    def __init__(self, orders: socket.socket) -> None:
        self._orders = orders
        self._children: dict[int, socket.socket] = {}
        self._ended, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        signal.set_wakeup_fd(self._wake)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> tuple[list[int], socket.socket] | None:
        """Have children; returns in each of them, with its streams and its socket, and in the parent at the end."""
        while True:
            ready, _, _ = select.select([self._orders.fileno(), self._ended], [], [])
            if self._ended in ready:
                os.read(self._ended, 4096)
                self._bury()
            if self._orders.fileno() in ready:
                message, fds, _, _ = socket.recv_fds(self._orders, 1, 4)
                if not message:
                    return None
                *streams, last = fds
                said = socket.socket(fileno=last)
                if (pid := os.fork()) == 0:
                    self._leave()
                    return streams, said
                for stream in streams:
                    os.close(stream)
                said.sendall(f"{pid}\n".encode())
                self._children[pid] = said

    def _bury(self) -> None:
        """Tell the end of each child that has ended."""
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            with self._children.pop(pid) as said, suppress(OSError):  # nobody may wait for it any more
                said.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())

    def _leave(self) -> None:
        """Close in a child what is the parent's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for one in (self._orders, *self._children.values()):
            one.close()
        os.close(self._ended)
        os.close(self._wake)


def _become(streams: list[int], said: socket.socket) -> None:
    """Take the streams, and what is read from the socket: arguments, directory and environment."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    with said, said.makefile("rb") as order:
        sys.argv, directory, environ = json.loads(order.readline())
    os.chdir(directory)
    coerced = {name: value for name, value in os.environ.items() if name == "LC_CTYPE"}  # where no locale is given
    os.environ.clear()
    os.environ.update(coerced | environ)
    time.tzset()
    sys.stdin, sys.stdout, sys.stderr = (_like(stream) for stream in (sys.stdin, sys.stdout, sys.stderr))
    sys.path[:0] = [str(Path(sys.argv[0]).parent)]


def _like(stream: TextIO) -> TextIOWrapper:
    """A stream over the same number that knows nothing of what the number was before."""
    lines = 1 if stream.line_buffering else -1
    opened = os.fdopen(stream.fileno(), stream.mode, lines, stream.encoding, stream.errors, closefd=False)
    assert isinstance(opened, TextIOWrapper)
    return opened


def _main(number: int) -> None:
    for name in _LOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a child need not look at it, nor copy it then
    with socket.socket(fileno=number) as orders:
        child = _Nursery(orders).serve()
    if child:
        _become(*child)
        sys.modules["agentctl.__main__"].main()


if __name__ == "__main__":
    _main(int(sys.argv[1]))
