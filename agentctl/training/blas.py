"""Matrices are multiplied by one thread: small ones are slower with more, and how many there are changes the sums."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np  # noqa: F401 - only libraries that are loaded can be told
from threadpoolctl import threadpool_limits


@contextmanager
def one_thread() -> Iterator[None]:
    """Let BLAS use one thread while this lasts, whatever the machine has."""
    with threadpool_limits(limits=1, user_api="blas"):
        yield
