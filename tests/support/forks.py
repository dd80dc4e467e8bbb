"""Work in a forked process, which may be killed in the middle of it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

STEPS = {"os.rename", "os.remove", "os.truncate", "os.utime", "os.mkdir", "os.listdir", "open"}


def in_child(work: Callable[[], None]) -> int:
    """Run `work` in a forked process and return its exit code, or a signal's number below zero."""
    if not (child := os.fork()):
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def die_before(step: int, about: str) -> None:
    """Kill this process before its file operation number `step`, counted from 1, of those with `about` in a path."""
    left = step

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event in STEPS and about in str(arguments):
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
