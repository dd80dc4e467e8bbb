"""What a run measures, a JSON document a line, in its directory and in a file that the user names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agentctl.errors import StorageError


def read(path: Path, iterations: int | None = None) -> list[dict[str, Any]]:
    """The documents in a file, those of so many iterations; a line that a crash cut short is none."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return []
    found: list[dict[str, Any]] = []
    for line in lines[:iterations]:
        try:
            found.append(json.loads(line))
        except ValueError:
            break
    return found


class Measured:
    """Writes documents to all of `paths`, after the `before` ones, until it is closed.

    Raises:
        StorageError: one can't be written.
    """

    def __init__(self, paths: Sequence[Path], before: Sequence[Mapping[str, Any]] = ()) -> None:
        self._paths = paths
        with ExitStack() as stack:
            try:
                self._files = [stack.enter_context(path.open("w", buffering=1)) for path in paths]
            except OSError as error:
                raise self._failed(error) from error
            self._stack = stack.pop_all()
        for document in before:
            self.write(document)

    def write(self, document: Mapping[str, Any]) -> None:
        """Write one, so that it can be read at once.

        Raises:
            StorageError: it can't be written.
        """
        line = json.dumps(document) + "\n"
        try:
            for file in self._files:
                file.write(line)
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> StorageError:
        where = " and ".join(map(str, self._paths))
        return StorageError(f"can't write metrics to {where}: {error.strerror}", hint="name another file: --metrics")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        with suppress(OSError):  # what could not be written before can't be now, and was told of
            self._stack.close()
