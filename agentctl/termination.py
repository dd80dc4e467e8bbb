"""Lets this program clean up when it is told to end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn


@contextmanager
def raised() -> Iterator[None]:
    """Make SIGTERM and SIGHUP raise SystemExit while the block runs, with the exit code a shell would show.

    A signal that somebody handles or ignores already is left to them, and so are all outside of the main thread, where
    Python runs no handlers.
    """
    taken = [number for number in (signal.SIGTERM, signal.SIGHUP) if _is_free(number)]
    for number in taken:
        signal.signal(number, _leave)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _is_free(number: signal.Signals) -> bool:
    return threading.current_thread() is threading.main_thread() and signal.getsignal(number) is signal.SIG_DFL


def _leave(number: int, _frame: object) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)  # told twice, it still cleans up once and to the end
    raise SystemExit(128 + number)
