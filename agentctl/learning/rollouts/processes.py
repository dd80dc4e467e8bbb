"""Workers that are processes of this machine.

They are spawned, not forked: a fork would have our threads' locks and signal handlers. One ends when this process does,
however that ends, and Ctrl-C is for this process alone to see.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection

from agentctl.errors import AgentctlError
from agentctl.learning.rollouts.pool import LostError
from agentctl.learning.rollouts.recipe import Recipe
from agentctl.learning.rollouts.segment import Order, Segment
from agentctl.learning.rollouts.share import Share
from agentctl.training.blas import one_thread
from agentctl.training.envs import Place

_SPAWN = multiprocessing.get_context("spawn")
_PATIENCE = 5.0  # seconds that a worker which was told to end may take


class Process:
    """A worker that has a process."""

    def __init__(self, recipe: Recipe, numbers: range, places: Sequence[Place]) -> None:
        self._pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_work, args=(theirs, recipe, numbers, places), daemon=True)
        resource_tracker.ensure_running()  # which lets SIGINT through again, had it to start first
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # what is started now never sees it
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()

    def order(self, order: Order) -> None:
        """Send it what to collect; that it is gone shows when that is received."""
        with suppress(OSError):
            self._pipe.send(order)

    def receive(self) -> Segment:
        """Wait for what it collected.

        Raises:
            LostError: it is gone.
            AgentctlError: an environment failed.
        """
        try:
            came: Segment | AgentctlError = self._pipe.recv()
        except (EOFError, OSError) as error:
            self._process.join(_PATIENCE)
            code = self._process.exitcode
            name = signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"
            raise LostError(name) from error
        if isinstance(came, AgentctlError):
            raise came
        return came

    def close(self) -> None:
        """End it."""
        self._pipe.close()
        self._process.terminate()
        self._process.join(_PATIENCE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _work(pipe: Connection, recipe: Recipe, numbers: range, places: Sequence[Place]) -> None:
    """Do what comes through the pipe until it breaks."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.stdout = sys.stderr  # an environment that talks is no result
    with suppress(EOFError, OSError), one_thread():
        try:
            share = Share(recipe, numbers, places)
            while True:
                pipe.send(share.collect(pipe.recv()))
        except AgentctlError as error:
            pipe.send(error)
            pipe.recv()  # until nobody is there


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)
