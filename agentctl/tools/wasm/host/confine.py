"""What the kernel holds a forked process to, besides what WebAssembly does: its files, memory, time and privileges."""

from __future__ import annotations

import ctypes
import fcntl
import math
import os
import resource
import signal
import sys
from collections.abc import Iterable, Sequence
from functools import cache

from agentctl.tools.wasm.host import seccomp

_SET_PDEATHSIG, _SET_NO_NEW_PRIVS = 1, 38
_ARENA_MAX = -8  # M_ARENA_MAX of glibc's mallopt
_OPEN_FILES = 128
_FILE_SIZE = 1 << 30  # bytes that a file may grow to where a guest may write
# Besides the guest's memories: stacks of the threads that read files, the result on its way, a memory while it moves.
_OVERHEAD = 192 << 20
_CLEAR_OF_TARGETS = 32


def die_with(parent: int) -> None:
    """Be killed when the process that forked this one ends, where the kernel knows how to (Linux)."""
    if sys.platform == "linux":
        _prctl(_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before that could be asked for
        os._exit(0)


def keep_to_one_arena() -> None:
    """Let no thread reserve address space of its own for malloc: 64 MiB each would count as used memory."""
    if sys.platform == "linux":
        mallopt = getattr(_libc(), "mallopt", None)  # other C libraries than glibc have none
        if mallopt is not None:
            mallopt(_ARENA_MAX, 1)


def keep_only(descriptors: Sequence[int], others: Iterable[int]) -> None:
    """Make the open files 0, 1, 2, … in the order given, leave `others` as they are, and close the rest."""
    clear = [fcntl.fcntl(fd, fcntl.F_DUPFD, _CLEAR_OF_TARGETS) for fd in descriptors]
    for target, fd in enumerate(clear):
        os.dup2(fd, target, inheritable=False)
    first = len(clear)
    for fd in sorted(others):
        os.closerange(first, fd)
        first = fd + 1
    os.closerange(first, _most_open())


def open_files() -> set[int]:
    """Which files are open here."""
    listed = {int(name) for name in os.listdir("/dev/fd")}  # noqa: PTH208 - only the names
    return {fd for fd in listed if _is_open(fd)}  # the list itself was an open file


def limit(*, memory: int, seconds: float, writes: bool, reserved: int = 0) -> None:
    """Limit memory to what is in use and `memory` bytes more, processor time to `seconds`, and files.

    Address space may have `reserved` bytes besides, which can't be written to.
    Processes aren't counted (RLIMIT_NPROC), for files are read by threads, which count too: `lock` forbids them.
    """
    processor = math.ceil(seconds) + 2
    limits = {
        resource.RLIMIT_CPU: processor,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
        resource.RLIMIT_FSIZE: _FILE_SIZE if writes else 0,
        resource.RLIMIT_CORE: 0,
    }
    if sys.platform == "linux":
        address_space, data = _in_use()
        limits[resource.RLIMIT_AS] = address_space + memory + reserved + _OVERHEAD
        limits[resource.RLIMIT_DATA] = data + memory + _OVERHEAD
    for kind, most in limits.items():
        _, hard = resource.getrlimit(kind)
        lowered = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (lowered, lowered))


def lock() -> bool:
    """Give up for good what a call never needs: privileges by other programs, and the system calls of `seccomp`.

    Returns:
        Whether the system calls were given up, which not every system knows how to.
    """
    if sys.platform != "linux":
        return False
    _prctl(_SET_NO_NEW_PRIVS, 1)
    return seccomp.forbid(_libc())


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _is_open(fd: int) -> bool:
    try:
        fcntl.fcntl(fd, fcntl.F_GETFD)
    except OSError:
        return False
    return True


def _prctl(option: int, value: int) -> None:
    if _libc().prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl {option}: {os.strerror(number)}")


def _most_open() -> int:
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 20 if most == resource.RLIM_INFINITY else most


def _in_use() -> tuple[int, int]:
    """The bytes of address space, and of them those of its own that the process may write to (proc(5), statm)."""
    with open("/proc/self/statm", "rb", buffering=0) as file:  # noqa: PTH123 - pathlib would be imported for this
        pages = file.read().split()
    return int(pages[0]) * resource.getpagesize(), int(pages[5]) * resource.getpagesize()
