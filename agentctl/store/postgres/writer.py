"""The thread that does submitted writes, one after the other."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from agentctl.store.base import T, Transaction
from agentctl.store.job import Caught, Job


class Writer:
    """Runs submitted work in its thread, which starts now and ends at `close`; `write` runs it in a transaction."""

    def __init__(self, write: Callable[[Callable[[Transaction], Any]], Any]) -> None:
        self._write = write
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        # A daemon, so that a program that never closes its database can still end.
        self._thread = threading.Thread(target=self._serve, name="agentctl-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Transaction], T]) -> Future[T]:
        """Queue `work`; the future resolves when its transaction is durable."""
        future: Future[T] = Future()
        self._queue.put(Job(work, future))
        return future

    def close(self) -> None:
        """Finish what was submitted and end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _serve(self) -> None:
        while job := self._queue.get():
            if job.starts():
                failure = Caught()
                with failure:
                    job.result = self._write(job.work)
                job.resolve(failure.error)
