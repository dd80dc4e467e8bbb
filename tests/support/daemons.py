"""What servers that the tests start have in common: a user that is not root, a directory, a port, and an end."""

from __future__ import annotations

import os
import pwd
import random
import select
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PORTS = range(20_000, 32_000)  # below those that the kernel gives to anybody who connects to something


def command(*arguments: str | Path, dies_by: str) -> list[str | Path]:
    """The command of a server that no root runs, and that a signal ends when the thread that starts it is gone."""
    return ["setpriv", f"--pdeathsig={dies_by}", *_identity(), *arguments]


def reaches(path: Path) -> bool:
    """Whether a server's user can read a file: root's own directories bar the way to what is in them."""
    return subprocess.run(["setpriv", *_identity(), "test", "-r", path], check=False, cwd="/").returncode == 0


@contextmanager
def directory(name: str) -> Iterator[Path]:
    """A directory of a server's user, removed at the end."""
    path = Path(tempfile.mkdtemp(prefix=f"agentctl-{name}-"))
    try:
        own(path)
        yield path
    finally:
        shutil.rmtree(path)


def own(path: Path) -> None:
    """Give a file to the server's user."""
    if owner := _owner():
        os.chown(path, owner.pw_uid, owner.pw_gid)


def free_port() -> int:
    """A port of the loopback interface that nobody has, and that nobody is given by chance."""
    while True:
        port = random.SystemRandom().choice(_PORTS)
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def children(parent: int) -> list[int]:
    """The processes that a process has started and that live."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text("utf-8", "replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == parent:
            found.append(int(path.parent.name))
    return found


def wait_for_end(process: int) -> None:
    """Wait until a process, not our child, has ended."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return
    try:
        select.select([handle], [], [])
    finally:
        os.close(handle)


def _identity() -> list[str]:
    owner = _owner()
    return [f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"] if owner else []


def _owner() -> pwd.struct_passwd | None:
    """Who runs a server in place of root; None where the present user may."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")
