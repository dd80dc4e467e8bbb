"""All that a run needs to go on, in one file that is replaced as a whole."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentctl import atomic
from agentctl.errors import StorageError

_ABOUT = "about"
_DIGEST = hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a run is.

    Args:
        iterations: how many were done.
        steps: of experience, so far.
        seconds: that it took so far.
        arrays: the learner's state and the environments'.
    """

    iterations: int
    steps: int
    seconds: float
    arrays: Mapping[str, NDArray[Any]]

    def write(self, path: Path) -> None:
        """Replace what is at `path` by an npz and, after it, its SHA-256: zip's own sums leave its directory unguarded.

        Raises:
            StorageError: it can't be written; the old one is as it was.
        """
        about = {"iterations": self.iterations, "steps": self.steps, "seconds": self.seconds}
        written = np.frombuffer(json.dumps(about).encode(), np.uint8)
        made = io.BytesIO()
        np.savez(made, allow_pickle=False, **{_ABOUT: written}, **self.arrays)
        try:
            atomic.replace(path, made.getvalue() + hashlib.sha256(made.getbuffer()).digest())
        except OSError as error:
            hint = "make room there, or set AGENTCTL_STATE_DIR to a directory that can be written"
            raise StorageError(f"can't keep where the run is in {path}: {error.strerror}", hint=hint) from error

    @classmethod
    def read(cls, path: Path) -> Checkpoint:
        """Read what `write` wrote; nothing in it is unpickled.

        Raises:
            StorageError: it can't be read, or is not as it was written.
        """
        try:
            data = path.read_bytes()
            if hashlib.sha256(data[:-_DIGEST]).digest() != data[-_DIGEST:]:
                raise ValueError("it is damaged, or not a checkpoint")  # noqa: TRY301 - told of as the others are
            with np.load(io.BytesIO(data[:-_DIGEST]), allow_pickle=False) as kept:
                arrays = {name: kept[name] for name in kept.files}
            return cls(**json.loads(arrays.pop(_ABOUT).tobytes()), arrays=arrays)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
            raise StorageError(
                f"can't go on from {path}: {error}", hint="start the run anew; the same seed gives the same policy"
            ) from error
