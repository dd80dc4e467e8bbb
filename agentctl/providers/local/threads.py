"""How many threads a model computes with, and how they wait for each other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SPINS = "300"  # times that a thread looks again before it sleeps
_CGROUP_LIMIT = Path("/sys/fs/cgroup/cpu.max")


@contextmanager
def patient() -> Iterator[None]:
    """Let the threads of OpenMP, which is loaded meanwhile, soon sleep when they wait, unless the user has a say.

    Else they spin. Where other programs want the cores too, that makes an answer 5 to 10 times slower; on an idle
    machine there is hardly a difference.

    Source: https://gcc.gnu.org/onlinedocs/libgomp/GOMP_005fSPINCOUNT.html
    """
    if "OMP_WAIT_POLICY" in os.environ or "GOMP_SPINCOUNT" in os.environ:
        yield
        return
    os.environ["GOMP_SPINCOUNT"] = _SPINS
    try:
        yield
    finally:
        del os.environ["GOMP_SPINCOUNT"]  # it is not for the programs that this one starts


def available() -> int:
    """The cores this process may use. One thread too many makes llama.cpp three times slower, as its threads spin."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, _quota() or cores))


def _quota() -> int | None:
    """The cores that a container's limit leaves, if there is one.

    Source: https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files
    """
    try:
        limit, period = _CGROUP_LIMIT.read_text().split()
        return int(limit) // int(period)
    except (OSError, ValueError):  # no such file, or "max"
        return None
