"""A disk that loses its power: what may be on it afterwards, going by what was synced.

What was synced is there. Of each write since, each sector may be there or not, whatever became of those before it; so
may each change of a file's size, and each name that was given or taken away, as long as its directory was not synced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from random import Random
from typing import TypeVar

from support.crash.tape import Close, Event, Mkdir, Open, Rename, Say, Sync, Truncate, Unlink, Write

SECTOR = 512
PAGE = 4096

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Change:
    """Bytes at an offset, or a new size; `number` is that of the event."""

    number: int
    offset: int
    data: bytes | None


@dataclass(eq=False)
class _File:
    path: str
    durable: bytearray = field(default_factory=bytearray)
    pending: list[_Change] = field(default_factory=list)

    def sync(self, begun: int) -> None:
        while self.pending and self.pending[0].number < begun:
            _apply(self.durable, self.pending.pop(0))

    def after_power_loss(self, chance: Random) -> bytes:
        content = bytearray(self.durable)
        if not self.pending:
            return bytes(content)
        for change in chance.choice((_none, _all, _beginning, _some, _sectors, _sectors, _pages))(self.pending, chance):
            _apply(content, change)
        longest = max(len(self.durable), *(_end(change) for change in self.pending))
        if len(content) < longest and chance.random() < 0.25:
            # The size was written, and what belongs there was not: zeros, or what was on the disk before.
            lacking = longest - len(content)
            content += chance.choice((bytes(lacking), chance.randbytes(lacking)))
        return bytes(content)


@dataclass(frozen=True, slots=True)
class _Renaming:
    """Names that change together, in one directory."""

    number: int
    given: tuple[tuple[str, _File | None], ...]
    taken: tuple[str, ...]

    @property
    def directory(self) -> str:
        return str(PurePath(self.given[0][0] if self.given else self.taken[0]).parent)


class Disk:
    """The files below the directory `root`, which is there and empty.

    Args:
        root: where it is.
        deaf: whether a sync of this path is acknowledged and not done, as bad disks do.
    """

    def __init__(self, root: str, deaf: Callable[[str], bool] = lambda _: False) -> None:
        self._root = root
        self._deaf = deaf
        self._names: dict[str, _File | None] = {}
        self._durable: dict[str, _File | None] = {}
        self._renamings: list[_Renaming] = []
        self._open: dict[int, str | _File] = {}  # a directory by its path
        self._now = 0

    def apply(self, number: int, event: Event) -> None:
        """Let the next event of a tape happen, whose number is higher than that of the one before."""
        self._now = number
        match event:
            case Open():
                self._opened(event)
            case Close(fd):
                self._open.pop(fd, None)
            case Write(fd, offset, data):
                self._changed(fd, offset, data)
            case Truncate(fd, size):
                self._changed(fd, size, None)
            case Sync(fd, begun):
                self._synced(fd, begun)
            case Mkdir(path) if self._is_ours(path):
                self._rename(given=((path, None),))
            case Unlink(path) if self._is_ours(path):
                self._rename(taken=(path,))
            case Rename(old, new) if self._is_ours(new):
                self._rename(given=((new, self._names[old]),), taken=(old,))
            case Mkdir() | Unlink() | Rename() | Say():
                pass

    def after_power_loss(self, chance: Random) -> dict[str, bytes | None]:
        """Return what may be there if the power goes now: each path with its bytes, None for a directory."""
        names = dict(self._durable)
        for renaming in chance.choice((_none, _all, _beginning, _some))(self._renamings, chance):
            _take(names, renaming)
        return {
            path: None if file is None else file.after_power_loss(chance)
            for path, file in sorted(names.items())
            if all(str(parent) in names for parent in PurePath(path).parents if self._is_ours(str(parent)))
        }

    def _opened(self, event: Open) -> None:
        path = event.path
        if not self._is_ours(path) and path != self._root:
            return
        if path not in self._names and event.create:
            self._rename(given=((path, _File(path)),))
        self._open[event.fd] = self._names.get(path) or path
        if event.truncate:
            self._changed(event.fd, 0, None)

    def _changed(self, fd: int, offset: int, data: bytes | None) -> None:
        file = self._open.get(fd)
        if isinstance(file, _File):
            file.pending.append(_Change(self._now, offset, data))

    def _synced(self, fd: int, begun: int) -> None:
        match self._open.get(fd):
            case _File() as file if not self._deaf(file.path):
                file.sync(begun)
            case str(path) if not self._deaf(path):
                for renaming in [one for one in self._renamings if one.number < begun and one.directory == path]:
                    _take(self._durable, renaming)
                    self._renamings.remove(renaming)

    def _rename(self, given: tuple[tuple[str, _File | None], ...] = (), taken: tuple[str, ...] = ()) -> None:
        renaming = _Renaming(self._now, given, taken)
        self._renamings.append(renaming)
        _take(self._names, renaming)

    def _is_ours(self, path: str) -> bool:
        return path.startswith(f"{self._root}/")


def _take(names: dict[str, _File | None], renaming: _Renaming) -> None:
    for path in renaming.taken:
        names.pop(path, None)
    names.update(renaming.given)


def _apply(content: bytearray, change: _Change) -> None:
    missing = change.offset - len(content)
    content += bytes(max(missing, 0))
    if change.data is None:
        del content[change.offset :]
    else:
        content[change.offset : change.offset + len(change.data)] = change.data


def _end(change: _Change) -> int:
    return change.offset + len(change.data or b"")


def _none(_changes: list[T], _chance: Random) -> Iterable[T]:
    return ()


def _all(changes: list[T], _chance: Random) -> Iterable[T]:
    return changes


def _beginning(changes: list[T], chance: Random) -> Iterable[T]:
    return changes[: chance.randint(0, len(changes))]


def _some(changes: list[T], chance: Random) -> Iterable[T]:
    likely = chance.random()
    return [change for change in changes if chance.random() < likely]


def _sectors(changes: list[_Change], chance: Random) -> Iterable[_Change]:
    return _torn(changes, chance, SECTOR)


def _pages(changes: list[_Change], chance: Random) -> Iterable[_Change]:
    return _torn(changes, chance, PAGE)


def _torn(changes: list[_Change], chance: Random, size: int) -> Iterator[_Change]:
    """Of each block of `size` bytes some version: what it was before, or after any of the writes to it."""
    versions: dict[int, int] = {}
    for change in changes:
        if change.data is None:
            if chance.random() < 0.5:
                yield change
            continue
        for piece in _blocks(change, size):
            last = versions.setdefault(piece.offset // size, chance.choice(changes).number)
            if change.number <= last:
                yield piece


def _blocks(change: _Change, size: int) -> Iterator[_Change]:
    data, at = change.data or b"", change.offset
    while data:
        room = size - at % size
        yield _Change(change.number, at, data[:room])
        data, at = data[room:], at + room
