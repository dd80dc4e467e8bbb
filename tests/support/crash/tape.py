"""What a program asks of its files, in the order in which it does: recorded by `strace`.

The order is that in which calls return. What the program says on its standard output is part of it, so it is known
what was promised when.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_CALLS = (
    "openat,pwrite64,write,pwritev,writev,ftruncate,truncate,fallocate,fsync,fdatasync,sync_file_range,msync,"
    "rename,renameat,renameat2,unlink,unlinkat,link,linkat,rmdir,mkdir,mkdirat,close,dup,dup2,dup3"
)
_LINE = re.compile(r"(\d+) +(?:(\w+)\(|<\.\.\. (\w+) resumed>)(.*)")
_DONE = re.compile(r"(.*)\) += (-?\d+|\?)(?: .*)?")
_UNFINISHED = " <unfinished ...>"
_LONGEST = 1 << 24  # bytes of one write
_STDOUT = 1


@dataclass(frozen=True, slots=True)
class Open:
    """A file was opened, or made if it is missing and `create`."""

    fd: int
    path: str
    create: bool
    truncate: bool


@dataclass(frozen=True, slots=True)
class Close:
    """A descriptor was closed."""

    fd: int


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes were written at an offset."""

    fd: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    """A file was given a size."""

    fd: int
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """A file or directory was made durable, as it was at the line `begun` of the tape."""

    fd: int
    begun: int


@dataclass(frozen=True, slots=True)
class Mkdir:
    """A directory was made."""

    path: str


@dataclass(frozen=True, slots=True)
class Rename:
    """A file took another name."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Unlink:
    """A name was removed."""

    path: str


@dataclass(frozen=True, slots=True)
class Say:
    """The program said a line."""

    line: str


Event = Open | Close | Write | Truncate | Sync | Mkdir | Rename | Unlink | Say


@dataclass(frozen=True, slots=True)
class Tape:
    """Events, each with the number of the line at which it was over."""

    events: list[tuple[int, Event]]

    def said(self, before: int) -> list[str]:
        """Return the lines that the program said before the event of this index."""
        return [event.line for _, event in self.events[:before] if isinstance(event, Say)]


def record(arguments: list[str], scratch: Path) -> Tape:
    """Run a program, which must succeed, and return what it did; `scratch` is a file to use meanwhile."""
    command = ["strace", "-f", "-q", "-xx", "-s", str(_LONGEST), "-e", f"trace={_CALLS}", "-o", str(scratch)]
    subprocess.run([*command, *arguments], check=True, stdout=subprocess.DEVNULL)
    with scratch.open(encoding="ascii") as lines:
        return Tape([(call.over, event) for call in _calls(lines) for event in _events(call)])


@dataclass(frozen=True, slots=True)
class _Call:
    """A call that succeeded, with the numbers of the lines at which it began and was over."""

    name: str
    arguments: str
    result: int
    begun: int
    over: int


def _calls(lines: Iterable[str]) -> Iterator[_Call]:
    begun: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(lines):
        if not (match := _LINE.fullmatch(line.rstrip("\n"))):
            continue  # a signal or the end of a thread
        thread, name, resumed, rest = match.groups()
        if rest.endswith(_UNFINISHED):
            begun[thread] = (number, rest.removesuffix(_UNFINISHED))
            continue
        at, first = begun.pop(thread) if resumed else (number, "")
        done = _DONE.fullmatch(first + rest)
        assert done, f"strace wrote a line that we can't read: {line[:200]}"
        if done[2] != "?" and int(done[2]) >= 0:
            yield _Call(name or resumed, done[1], int(done[2]), at, number)


def _events(call: _Call) -> Iterator[Event]:
    match call.name, call.arguments.split(", "):
        case "openat", [_, path, flags, *_]:
            yield Open(call.result, _bytes(path).decode(), "O_CREAT" in flags, "O_TRUNC" in flags)
        case "close", [fd]:
            yield Close(int(fd))
        case "pwrite64", [fd, data, _, offset]:
            yield Write(int(fd), int(offset), _bytes(data)[: call.result])
        case "write", [fd, data, _]:
            if int(fd) == _STDOUT:
                yield from map(Say, _bytes(data).decode().splitlines())
        case "ftruncate", [fd, size]:
            yield Truncate(int(fd), int(size))
        case "fsync" | "fdatasync", [fd]:
            yield Sync(int(fd), call.begun)
        case "fallocate", _:
            pass  # takes space for nothing yet
        case _:
            yield _event_of_names(call)


def _event_of_names(call: _Call) -> Event:
    match call.name, call.arguments.split(", "):
        case "mkdir", [path, _]:
            return Mkdir(_bytes(path).decode())
        case "unlink", [path]:
            return Unlink(_bytes(path).decode())
        case "rename", [old, new]:
            return Rename(_bytes(old).decode(), _bytes(new).decode())
        case _:
            raise AssertionError(f"a call of which we don't know what it does to a disk: {call.name}({call.arguments})")


def _bytes(quoted: str) -> bytes:
    assert quoted.startswith('"'), quoted[:200]
    assert quoted.endswith('"'), "a write that is longer than what strace tells of it"
    return bytes.fromhex(quoted[1:-1].replace("\\x", ""))
