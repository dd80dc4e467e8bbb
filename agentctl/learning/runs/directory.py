"""The directories of runs: what was asked for, where it is, what was measured."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentctl import atomic
from agentctl.errors import StorageError, UsageError
from agentctl.ids import new_id
from agentctl.locks import FileLock

LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Run:
    """A run, in a directory that is called by its id."""

    directory: Path

    @property
    def id(self) -> str:
        """The run's id."""
        return self.directory.name

    @property
    def checkpoint(self) -> Path:
        """Where it is."""
        return self.directory / "checkpoint.npz"

    @property
    def metrics(self) -> Path:
        """What was measured, a JSON document a line."""
        return self.directory / "metrics.jsonl"

    @property
    def asked(self) -> dict[str, Any]:
        """What was asked for.

        Raises:
            StorageError: it can't be read.
        """
        try:
            document = json.loads((self.directory / "run.json").read_bytes())
        except (OSError, ValueError) as error:
            raise StorageError(f"can't read the run in {self.directory}: {error}", hint="start it anew") from error
        if not isinstance(document, dict):
            raise StorageError(f"can't read the run in {self.directory}: it is no object", hint="start it anew")
        return document

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let no other process work at it.

        Raises:
            UsageError: one does.
            StorageError: the run's directory can't be written.
        """
        lock = FileLock(self.directory / "lock")
        try:
            free = lock.acquire(wait=0)
        except OSError as error:
            hint = "copy it, and set AGENTCTL_STATE_DIR to where the copy can be written"
            raise StorageError(f"can't go on with the run in {self.directory}: {error.strerror}", hint=hint) from error
        if not free:
            raise UsageError(f"another process works at the run {self.id}", hint="wait for it, or start a new one")
        try:
            yield
        finally:
            lock.release()


@dataclass(frozen=True, slots=True)
class Runs:
    """All runs, in `directory`, which need not exist."""

    directory: Path

    def begin(self, asked: Mapping[str, Any]) -> Run:
        """Make a run that has done nothing yet.

        Raises:
            StorageError: it can't be written.
        """
        run = Run(self.directory / new_id())
        try:
            atomic.replace(run.directory / "run.json", json.dumps(asked, indent=1).encode())
        except OSError as error:
            hint = "set AGENTCTL_STATE_DIR to a directory that can be written"
            raise StorageError(f"can't keep the run in {run.directory}: {error.strerror}", hint=hint) from error
        return run

    def find(self, reference: str) -> Run:
        """The run whose id begins so, or the `latest`.

        Raises:
            UsageError: there is none, or more than one.
        """
        found = sorted(one.parent for one in self.directory.glob("*/run.json"))
        found = found[-1:] if reference == LATEST else [one for one in found if one.name.startswith(reference)]
        if not found or not reference:
            raise UsageError(f"there is no run {reference!r} to go on with", hint=f"runs are in {self.directory}")
        if len(found) > 1:
            raise UsageError(f"{reference!r} may be any of {len(found)} runs", hint="give more of its id")
        return Run(found[0])
