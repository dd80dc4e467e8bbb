"""Channels: names under which policies are used, each a pointer with its history.

A channel is one file of lines, a line a move, that is replaced as a whole: the pointer and the history change at once.
The pointer is what the moves come to: a promotion lays a policy on the former one, a rollback takes it off again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from agentctl import atomic
from agentctl.errors import AgentctlError, StorageError, UsageError
from agentctl.locks import FileLock

CHANNELS: Final = ("candidate", "shadow", "canary", "production")
"""From the first trial to what decides: a canary decides for some of the questions, a shadow for none."""

_SHA_DIGITS = 64


@dataclass(frozen=True, slots=True)
class Pointer:
    """The policy, by its hash, that a channel has, and the per cent of questions that it decides in a canary."""

    policy: str
    percent: float | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """One change of a channel.

    Args:
        at: epoch µs.
        pointer: what was promoted; None for a rollback.
        reason: why, if that was said.
    """

    at: int
    pointer: Pointer | None
    reason: str | None = None


class Channels:
    """The channels in `directory`, which need not exist."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def current(self, name: str) -> Pointer | None:
        """What a channel points to.

        Raises:
            UsageError: there is no such channel.
            StorageError: it can't be read.
        """
        stack = _stack(self.history(name))
        return stack[-1] if stack else None

    def all(self) -> dict[str, Pointer]:
        """What each channel points to that points anywhere."""
        found = {name: self.current(name) for name in CHANNELS}
        return {name: pointer for name, pointer in found.items() if pointer is not None}

    def history(self, name: str) -> list[Move]:
        """All that a channel went through, the first move first."""
        path = self._path(name)
        try:
            return [_move(json.loads(line)) for line in path.read_bytes().splitlines()]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, KeyError, ArithmeticError, RecursionError) as error:
            raise StorageError(
                f"can't read the channel {name}: {error}", hint=f"move {path} away, and promote again"
            ) from error

    def promote(
        self, name: str, pointer: Pointer, *, over: Pointer | None, reason: str | None = None
    ) -> Pointer | None:
        """Let a channel point to a policy, and return the former pointer.

        Args:
            name: the channel.
            pointer: what it is to point to; nothing is done if it does.
            over: what it must point to now, so that nobody replaces what they have not seen.
            reason: why, for the history.

        Raises:
            UsageError: there is no such channel.
            AgentctlError: it points to something else than `over`.
            StorageError: it can't be read or written.
        """
        with self._locked(name):
            former = self.current(name)
            if former == pointer:
                return former
            if former != over:
                raise AgentctlError(
                    f"{name} was changed in the meantime", hint="agentctl train list, and promote again"
                )
            self._append(name, Move(_now(), pointer, reason))
        return former

    def rollback(self, name: str, *, of: str | None = None, reason: str | None = None) -> Pointer | None:
        """Let a channel point to what it pointed to before the last promotion, and return that; None for nothing.

        Where the channel points to another policy than `of`, somebody else was faster, and nothing is done.

        Raises:
            UsageError: there is no such channel, or it points to nothing.
            StorageError: it can't be read or written.
        """
        with self._locked(name):
            stack = _stack(self.history(name))
            if of is not None and (not stack or stack[-1].policy != of):
                return stack[-1] if stack else None
            if not stack:
                hint = "agentctl train list shows what is where"
                raise UsageError(f"there is nothing to take back: {name} has no policy", hint=hint)
            self._append(name, Move(_now(), None, reason))
        return stack[-2] if len(stack) > 1 else None

    def _append(self, name: str, move: Move) -> None:
        path = self._path(name)
        line = json.dumps(asdict(move), separators=(",", ":")).encode() + b"\n"
        try:
            atomic.replace(path, (path.read_bytes() if path.exists() else b"") + line)
        except OSError as error:
            raise _unwritable(path, error) from error

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        path = self._path(name)
        lock = FileLock(path.with_suffix(".lock"))
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock.acquire()
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            yield
        finally:
            lock.release()

    def _path(self, name: str) -> Path:
        if name not in CHANNELS:
            raise UsageError(f"there is no channel {name[:40]!r}", hint=f"it is one of {', '.join(CHANNELS)}")
        return self._directory / f"{name}.jsonl"


def _stack(moves: Iterable[Move]) -> list[Pointer]:
    """The pointers that lie on each other, the present one last."""
    stack: list[Pointer] = []
    for move in moves:
        if move.pointer is not None:
            stack.append(move.pointer)
        elif stack:
            stack.pop()
    return stack


def _move(kept: Any) -> Move:
    if (to := kept["pointer"]) is None:
        return Move(int(kept["at"]), None, kept["reason"])
    policy, percent = to["policy"], to["percent"]
    if not isinstance(policy, str) or len(policy) != _SHA_DIGITS or not set(policy) <= set("0123456789abcdef"):
        raise ValueError("it points to no policy")
    return Move(int(kept["at"]), Pointer(policy, None if percent is None else float(percent)), kept["reason"])


def _unwritable(path: Path, error: OSError) -> StorageError:
    hint = "set AGENTCTL_DATA_DIR to a directory that can be written"
    return StorageError(f"can't write {path}: {error.strerror}", hint=hint)


def _now() -> int:
    return time.time_ns() // 1000
