"""Answers that were paid for, in a file: who asks the same again replays them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from agentctl.errors import StorageError
from agentctl.locks import FileLock
from agentctl.usage import Usage


@dataclass(frozen=True, slots=True)
class Answer:
    """What an action answered, and how a grader judged it.

    Args:
        key: of the question; see `key`.
        grader: of the grader: its name, version and what it looks for.
        tokens: what the answer used, by bucket of usage.
        cost: dollars that it cost then, as a decimal number; None if that is not known.
        success: 0 to 1.
    """

    key: str
    action: str
    text: str
    tokens: Mapping[str, int]
    cost: str | None
    grader: str
    success: float
    note: str

    @property
    def usage(self) -> Usage:
        """What the answer used."""
        tokens: dict[str, Any] = {**self.tokens}
        return Usage(**tokens)


def key(prompt: str, model: str, effort: str | None, system: str | None) -> str:
    """What makes a question the same: the prompt, who is asked and how, as a SHA-256 in hex."""
    return hashlib.sha256(json.dumps([prompt, model, effort, system]).encode()).hexdigest()


class Answers:
    """The answers in the file at `path`, one a line; used by one run at a time.

    A line that is torn, as the last one may be after a crash, or is no answer, is as if it had not been written.

    Raises:
        StorageError: the file can't be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = FileLock(path.with_name(f".{path.name}.lock"))
        self._known: dict[str, Answer] = {}

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._lock.acquire(wait=0):
                raise StorageError(f"{self._path} is in use by another run", hint="wait until that has ended")
            descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._file = os.fdopen(descriptor, "r+b")
            content = self._file.read()
            self._known = {one.key: one for one in map(_read, content.splitlines()) if one}
            if content and not content.endswith(b"\n"):
                self._file.write(b"\n")
        except OSError as error:
            self._lock.release()
            raise StorageError(f"can't use {self._path}: {error.strerror}", hint=f"ls -l {self._path}") from error
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._lock.release()

    def get(self, key: str) -> Answer | None:
        """The newest answer to a question."""
        return self._known.get(key)

    def add(self, answer: Answer) -> None:
        """Keep an answer; it is durable when this returns."""
        try:
            self._file.write(json.dumps(asdict(answer)).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise StorageError(f"can't write {self._path}: {error.strerror}", hint=f"df {self._path}") from error
        self._known[answer.key] = answer


def _read(line: bytes) -> Answer | None:
    try:
        fields: Any = json.loads(line)
        answer = Answer(**fields)
        texts = (answer.key, answer.text, answer.grader)
        sound = all(isinstance(one, str) for one in texts) and all(
            count >= 0 for count in answer.usage.buckets().values()
        )
        dollars = Decimal(answer.cost or 0)
        return answer if sound and dollars.is_finite() and 0 <= float(answer.success) <= 1 else None
    except (ValueError, TypeError, ArithmeticError, RecursionError):
        return None
