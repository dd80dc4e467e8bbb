"""Work that another thread does for whoever waits on its future."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from agentctl.store.base import Transaction


class Caught:
    """Keeps whatever the block raises: a thread's work belongs to whoever waits for it, with its errors."""

    error: BaseException | None = None

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> bool:
        self.error = error
        return True


@dataclass(slots=True)
class Job:
    """Work, the future that waits for it, and how the last attempt at it ended."""

    work: Callable[[Transaction], Any]
    future: Future[Any]
    result: Any = None
    error: BaseException | None = None

    def starts(self) -> bool:
        """Whether it is still wanted; from here on it can't be cancelled."""
        return self.future.set_running_or_notify_cancel()

    def run(self, transaction: Transaction) -> None:
        """Do the work; its future stays as it is until `resolve`."""
        caught = Caught()
        with caught:
            self.result = self.work(transaction)
        self.error = caught.error

    def resolve(self, failure: BaseException | None) -> None:
        """Tell how it ended: by `failure` if that is given, else as `run` left it."""
        if error := failure or self.error:
            self.future.set_exception(error)
        else:
            self.future.set_result(self.result)
