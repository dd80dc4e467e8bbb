"""Runs one command, and ends whatever it started, also what left its session and its parent.

A program of its own: `python -I -S supervisor.py SETTINGS`, with the fields of `Settings` as JSON. It stands between
agentctl and the command for three reasons. On Linux it is the subreaper, to which every orphan below it falls: when it
has no child left, nothing is left. It outlives agentctl by the moment that it takes to end all, however agentctl ended.
And its environment is what the command's parent may show, for it has no secret in it.

Standard input: anything, or its end, ends the command. Standard output: the command's output and errors. Standard
error: a line of JSON at the start, `{"pid": …}`, and one at the end, `{"status": …, "left": …, "reason": …}`.

Elsewhere than on Linux only the command's process group is ended: a child that calls setsid survives there.
"""

# ruff: noqa: PTH116, PTH123, PTH208 - it must start fast, and loading pathlib takes half as long as all the rest

from __future__ import annotations

import json
import os
import resource
import select
import signal
import sys
import time
from contextlib import suppress
from typing import Any

LINUX = sys.platform == "linux"
_POLL = 0.02  # seconds between two looks at how many processes there are
_NICE = 5  # the command gives way, to people and to who must end it: a hundred processes leave little time for one
_REAPED = 20_000  # at once: children may come to their end faster than they are counted
_PATIENCE = 1.0  # seconds for what can't be killed, as a process that waits for a disk
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_CHILD_SUBREAPER = 1, 4, 24, 36
# What root could use to look into other processes, type into other terminals, or change the kernel: CAP_SYS_MODULE,
# SYS_RAWIO, SYS_PTRACE, SYS_ADMIN, PERFMON (which opens /proc/PID/environ since Linux 6.14), BPF, CHECKPOINT_RESTORE.
_CAPABILITIES = (16, 17, 19, 21, 38, 39, 40)


def main() -> None:
    """Run the command that the settings tell of, to its end or the first word on standard input."""
    settings: dict[str, Any] = json.loads(sys.argv[1])
    if LINUX:
        _prctl(_PR_SET_DUMPABLE, 0)  # the command must not read or write what this process has open
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
        _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        _come_first()
    supervisor = _Supervisor(settings)
    supervisor.start()
    reason = supervisor.watch()
    left = supervisor.end(settings["grace"])
    _report({"status": supervisor.status, "left": left, "reason": reason})


class _Supervisor:
    """One command and its descendants; `status` is its exit code, or a signal's number below zero, once it ended."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.status: int | None = None
        self._settings = settings
        self._pid = 0
        self._wake, wake = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(self._wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self._told = False
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)

    def start(self) -> None:
        self._pid = os.fork()
        if not self._pid:
            _become(self._settings)
        _report({"pid": self._pid})

    def watch(self) -> str:
        """Wait until the command ends or must; say why it must."""
        while not self._told:
            ready, _, _ = select.select([0, self._wake], [], [], _POLL)
            with suppress(BlockingIOError):
                os.read(self._wake, 4096)
            self._reap()
            if self.status is not None:
                return ""
            if len(self._descendants()) > self._settings["processes"]:
                return "processes"
            if 0 in ready:
                break
        return "told"

    def end(self, grace: float) -> int:
        """End whatever is left: ask first, then insist. Returns how many could not be ended."""
        start = time.monotonic()
        self._signal(signal.SIGTERM)
        while self._reap() and time.monotonic() - start < grace:
            if len(self._descendants()) > self._settings["processes"]:
                break
            time.sleep(0.005)
        while self._reap() and time.monotonic() - start < grace + _PATIENCE:
            self._signal(signal.SIGKILL)
            time.sleep(0.002)
        return len(self._descendants()) if self._reap() else 0

    def _signal(self, number: int) -> None:
        """Signal every group that there is: the kernel reaches all of one at once, and none forks out of it."""
        signalled = {os.getpgid(0), self._pid}
        with suppress(OSError):
            os.killpg(self._pid, number)  # before looking for others, which takes long where there are many
        for pid in self._descendants():
            with suppress(OSError):
                if (group := os.getpgid(pid)) not in signalled:
                    signalled.add(group)
                    os.killpg(group, number)

    def _reap(self) -> bool:
        """Take note of what has ended; whether there may be a child left."""
        for _ in range(_REAPED):
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if not pid:
                return True
            if pid == self._pid:
                self.status = os.waitstatus_to_exitcode(status)
        return True

    def _descendants(self) -> list[int]:
        """The processes below; not all where they are too many, for they may multiply as fast as they are found."""
        found: list[int] = []
        waiting = [os.getpid()] if LINUX else []
        while waiting and len(found) <= self._settings["processes"]:
            children = _children(waiting.pop())
            found += children
            waiting += children
        return found

    def _stop(self, *_: object) -> None:
        self._told = True


def _come_first() -> None:
    """Run before all that multiplies, where that is allowed: for root, whose processes the kernel does not limit."""
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))


def _become(settings: dict[str, Any]) -> None:
    """Turn this forked process into the command; does not return."""
    try:
        os.nice(_NICE)
        os.setsid()  # no terminal: none to read from, and no keys to push back into it
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(1, 2)
        for number in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}:
            with suppress(OSError, ValueError):
                signal.signal(number, signal.SIG_DFL)
        if LINUX:
            _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            for capability in _CAPABILITIES:
                _prctl(_PR_CAPBSET_DROP, capability)
        _limit(settings)
        os.execvp(settings["command"][0], settings["command"])  # noqa: S606 - it is what was allowed
    except BaseException as error:  # noqa: BLE001 - a forked process must not go on in its parent's frames
        os.write(1, f"can't start the command: {error}\n".encode())
    finally:
        os._exit(127)


def _limit(settings: dict[str, Any]) -> None:
    limits = [(resource.RLIMIT_CORE, 0), (resource.RLIMIT_CPU, settings["cpu"])]
    limits.append((resource.RLIMIT_FSIZE, settings["file_size"]))
    if LINUX and os.getuid():  # root is not counted
        limits.append((resource.RLIMIT_NPROC, _threads() + 2 * settings["processes"]))
    for which, wanted in limits:
        hard = resource.getrlimit(which)[1]
        value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(which, (value, value))


def _threads() -> int:
    """How many threads this user has, on which the kernel's limit counts."""
    count = 0
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            if os.stat(f"/proc/{name}").st_uid == os.getuid():
                count += len(os.listdir(f"/proc/{name}/task"))
    return count


def _children(pid: int) -> list[int]:
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    found: list[int] = []
    for task in tasks:
        with suppress(OSError), open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
            found += map(int, file.read().split())
    return found


def _prctl(option: int, value: int) -> None:
    import ctypes  # noqa: PLC0415 - Linux only

    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _report(value: dict[str, object]) -> None:
    with suppress(OSError):
        os.write(2, json.dumps(value).encode() + b"\n")


if __name__ == "__main__":
    main()
