"""A PostgreSQL server of our own: made, started, killed and started again."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support import daemons

_PATIENCE = 60  # seconds, on a machine that does much else
_USER = "agentctl"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "32MB",
}


@dataclass(frozen=True)
class Installation:
    """The programs of a server are in `programs`; the first of `trees` has them and the others what they load."""

    programs: Path
    trees: tuple[Path, ...]


@contextmanager
def cluster(installation: Installation, *, fsync: bool = True) -> Iterator[Cluster]:
    """Make a server that is not started yet; at the end it is stopped and removed.

    PostgreSQL refuses to run as root, so there it runs as the user `postgres` or `nobody`.

    Args:
        installation: whose programs.
        fsync: whether what it commits survives a power loss.
    """
    with daemons.directory("postgres") as directory:
        made = Cluster(directory, _reachable(installation, directory), fsync=fsync)
        try:
            yield made
        finally:
            made.stop_at_once()


class Cluster:
    """A server in a private directory, at a port that it keeps; made by `cluster`.

    It dies with the thread that starts it.
    """

    def __init__(self, directory: Path, programs: Path, *, fsync: bool) -> None:
        self._programs, self._data, self._log = programs, directory / "data", directory / "log"
        sockets = {"unix_socket_directories": str(directory)}
        self._settings = _SETTINGS | sockets | {"fsync": "on" if fsync else "off"}
        self._port, self._password = daemons.free_port(), secrets.token_urlsafe()
        self._process: subprocess.Popen[bytes] | None = None
        self._make(directory / "password")

    @property
    def url(self) -> str:
        """A database to connect to."""
        return f"postgresql://{_USER}:{self._password}@127.0.0.1:{self._port}/postgres"

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self._log.read_text("utf-8", "replace")

    def start(self) -> None:
        """Start it, also after a `kill`, and wait until it takes connections."""
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        command = self._command("postgres", "-D", self._data, "-p", str(self._port), *settings)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/")
        self._wait_until_ready(self._process)

    def stop(self) -> None:
        """Stop it as an administrator would: connections are ended, everything is written."""
        self._end(signal.SIGINT)

    def stop_at_once(self) -> None:
        """Stop it with nothing more written, so that it recovers when it is started again."""
        self._end(signal.SIGQUIT)

    def kill(self) -> None:
        """SIGKILL to all its processes, with no moment for one to notice the death of another."""
        children = []
        if self._process:
            self._process.send_signal(signal.SIGSTOP)  # so that it starts no more children
            children = daemons.children(self._process.pid)
            for child in children:
                os.kill(child, signal.SIGKILL)
        self._end(signal.SIGKILL)
        # A server does not start while a process of the last one still has its memory.
        for child in children:
            daemons.wait_for_end(child)

    def _make(self, password: Path) -> None:
        password.write_text(self._password)
        daemons.own(password)
        how = ("--encoding=UTF8", "--locale=C", "--no-sync", "--auth-local=trust", "--auth-host=password")
        command = self._command("initdb", "-D", self._data, "-U", _USER, f"--pwfile={password}", *how)
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        # The last line of this file is what pg_ctl waits for, too, and looks at as often.
        state, end = self._data / "postmaster.pid", time.monotonic() + _PATIENCE
        while True:
            lines = state.read_text().splitlines() if state.exists() else []
            if lines[:1] == [str(process.pid)] and lines[-1].strip() == "ready":
                return
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"PostgreSQL did not start:\n{self.log}")
            time.sleep(0.01)

    def _end(self, how: signal.Signals) -> None:
        if self._process:
            self._process.send_signal(how)
            self._process.wait(_PATIENCE)
        self._process = None

    def _command(self, program: str, *arguments: str | Path) -> list[str | Path]:
        return daemons.command(self._programs / program, *arguments, dies_by="QUIT")


def _reachable(installation: Installation, directory: Path) -> Path:
    """The programs, or a copy of them where the server's user has no way to them."""
    if daemons.reaches(installation.programs / "postgres"):
        return installation.programs
    top, copies = installation.trees[0].parent, directory / "installation"
    for tree in installation.trees:
        shutil.copytree(tree, copies / tree.relative_to(top), symlinks=True)
    for made in (copies, *copies.iterdir()):
        daemons.own(made)
    return copies / installation.programs.relative_to(top)
