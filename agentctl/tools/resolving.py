"""Looking up names beside the event loop, so that nobody waits for a name server who does not wait for its answer.

A lookup can't be interrupted, and the threads of `asyncio.to_thread` are waited for when the event loop ends: a silent
name server would keep a program from ending, long after its deadline or a Ctrl-C. The threads here end with the
program.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from agentctl.errors import ToolError

T = TypeVar("T")

AT_ONCE = 64  # lookups, with those that nobody waits for any more

_PLACES = threading.BoundedSemaphore(AT_ONCE)


async def aside(work: Callable[[], T]) -> T:
    """Run `work`, which blocks, in a thread of its own; a cancellation is passed on at once and leaves it alone.

    Raises:
        ToolError: too much of it is under way.
        Exception: what `work` raises.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()
    if not _PLACES.acquire(blocking=False):
        raise ToolError("too many names are being looked up", hint="the name server may not answer; try again later")
    try:
        threading.Thread(target=_run, args=(work, loop, outcome), daemon=True, name="lookup").start()
    except RuntimeError as error:
        _PLACES.release()
        raise ToolError(f"there can't be another thread to look up a name: {error}") from error
    return await outcome


def _run(work: Callable[[], T], loop: asyncio.AbstractEventLoop, outcome: asyncio.Future[T]) -> None:
    try:
        tell = partial(outcome.set_result, work())
    except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
        tell = partial(outcome.set_exception, error)
    finally:
        _PLACES.release()
    with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
        loop.call_soon_threadsafe(_tell, outcome, tell)


def _tell(outcome: asyncio.Future[T], tell: Callable[[], None]) -> None:
    if not outcome.done():
        tell()
