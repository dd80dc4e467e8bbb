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


@contextmanager
def held() -> Iterator[None]:
    """Let what would interrupt the block come at its end, so that what it starts is not lost sight of."""
    came: list[int] = []
    main = threading.current_thread() is threading.main_thread()
    interrupting = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if main else ()
    handlers = {
        number: handler
        for number in interrupting
        if (handler := signal.getsignal(number)) in {_leave, signal.default_int_handler}
    }
    for number in handlers:
        signal.signal(number, lambda one, _: came.append(one))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for one in came:
            signal.raise_signal(one)


def _is_free(number: signal.Signals) -> bool:
    return threading.current_thread() is threading.main_thread() and signal.getsignal(number) is signal.SIG_DFL


def _leave(number: int, _frame: object) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)  # told twice, it still cleans up once and to the end
    raise SystemExit(128 + number)
