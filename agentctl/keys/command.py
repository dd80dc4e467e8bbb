"""Runs the command that prints a key, and ends it with all it started once nobody waits for it any more."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from threading import Lock

from agentctl import termination

_TURN = 0.5  # seconds

_lock = Lock()
_running: set[subprocess.Popen[bytes]] = set()


def run(words: Sequence[str], environ: Mapping[str, str], timeout: float) -> tuple[int, bytes, bytes]:
    """Run a command, without a shell and without our stdin, for at most `timeout` seconds.

    It is ended when the waiting is interrupted, when SIGTERM or SIGHUP ends this program, and when the interpreter
    exits while a daemon thread waits.

    Returns:
        Its exit code, and what it wrote on stdout and stderr.

    Raises:
        OSError, ValueError: it can't be run.
        subprocess.TimeoutExpired: it took longer.
    """
    with termination.raised():
        process = _start(words, environ)
        try:
            out, err = _wait(process, timeout)
        except BaseException:
            _end(process)
            raise
        finally:
            _running.discard(process)
    return process.returncode, out, err


def _start(words: Sequence[str], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    with _lock, termination.held():  # so that none starts unseen by `_end_all`
        # A group of its own, to end what it starts too; no session of its own, as it may want to know its terminal.
        process = subprocess.Popen(words, env=environ, stdin=nothing, stdout=pipe, stderr=pipe, process_group=0)
        _running.add(process)
    return process


def _wait(process: subprocess.Popen[bytes], timeout: float) -> tuple[bytes, bytes]:
    """Wait in short turns: a signal that comes just before a turn begins is seen by Python at its end."""
    deadline = time.monotonic() + timeout
    while (left := deadline - time.monotonic()) > _TURN:
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=_TURN)
    return process.communicate(timeout=max(left, 0))


def _end(process: subprocess.Popen[bytes]) -> None:
    _kill_group(process)
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe:
            pipe.close()


@atexit.register
def _end_all() -> None:
    with _lock:
        for process in list(_running):
            _kill_group(process)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    if process.returncode is None:  # until it is waited for, the group's number is nobody else's
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
