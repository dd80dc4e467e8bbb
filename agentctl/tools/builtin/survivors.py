"""Ends what is left of a command whose supervisor was killed, so that nobody knows its descendants any more.

Two marks tell them from all other processes, on Linux: everything that a command starts inherits a variable with a
random value, which `/proc/PID/environ` shows, and the pipe of its output, which `/proc/PID/fd` does. What has one of
them is found, with its children, wherever it went. What cleared its environment and let go of the output, and whose
parent has ended, is not: it is one process among all others of its user. Elsewhere than on Linux nothing is found but
the command's process group.
"""

from __future__ import annotations

import os
import signal
import stat
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "AGENTCTL_COMMAND"
_PATIENCE = 1.0  # seconds; they may fork as fast as they are found
_PAUSE = 0.005


@dataclass(frozen=True, slots=True)
class Mark:
    """What tells a command's processes: the value of `VARIABLE`, and the inode of the pipe that they write to."""

    value: str
    pipe: int

    def is_on(self, pid: int) -> bool:
        """Whether a process has it; one that has ended has not."""
        return self._in_environment(pid) or self._in_descriptors(pid)

    def _in_environment(self, pid: int) -> bool:
        try:
            return f"{VARIABLE}={self.value}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\x00")
        except OSError:
            return False

    def _in_descriptors(self, pid: int) -> bool:
        directory = f"/proc/{pid}/fd"
        for name in _names(directory):
            with suppress(OSError):
                path = f"{directory}/{name}"  # the link's mode tells the end of the pipe that one writes to
                is_pipe = os.readlink(path) == f"pipe:[{self.pipe}]"  # noqa: PTH115 - of thousands
                if is_pipe and os.lstat(path).st_mode & stat.S_IWUSR:
                    return True
        return False


def end(mark: Mark) -> int:
    """End all processes that have the mark, and those below them. Returns how many could not be ended."""
    deadline = time.monotonic() + _PATIENCE
    stopped: set[int] = set()
    while (found := _found(mark)) and time.monotonic() < deadline:
        # What is stopped does not fork, and keeps its children until all of them are known.
        number = signal.SIGKILL if found <= stopped else signal.SIGSTOP
        for pid in found:
            _signal(pid, number, mark, found)
        stopped |= found
        if number == signal.SIGKILL:
            time.sleep(_PAUSE)
    for pid in found:
        _signal(pid, signal.SIGKILL, mark, found)
    return len(found)


def _found(mark: Mark) -> set[int]:
    processes = [int(name) for name in _names("/proc") if name.isdigit() and int(name) != os.getpid()]
    found = {pid for pid in processes if mark.is_on(pid)}
    parents = {pid: _parent(pid) for pid in map(int, filter(str.isdigit, _names("/proc")))} if found else {}
    waiting = [*found]
    while waiting:
        above = waiting.pop()
        below = {pid for pid, parent in parents.items() if parent == above} - found
        found |= below
        waiting += below
    return found


def _signal(pid: int, number: signal.Signals, mark: Mark, found: Collection[int]) -> None:
    """Signal a process if it is still the one that was found: numbers are given anew, descriptors are not."""
    with suppress(OSError):
        descriptor = os.pidfd_open(pid)
        try:
            if mark.is_on(pid) or _parent(pid) in found:
                signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)


def _names(directory: str) -> list[str]:
    try:
        return os.listdir(directory)  # noqa: PTH208 - names are all that is needed
    except OSError:
        return []


def _parent(pid: int) -> int:
    """Its parent; 0 if it has ended."""
    try:
        state, parent, *_ = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except (OSError, ValueError):
        return 0
    return 0 if state in {b"Z", b"X"} else int(parent)
