"""The directory that built-in tools work in, and may not leave.

A path that a model names is resolved once, links and all, when a call is planned; what is inside is then told by its
real path. When the call is run, that real path is walked one component at a time from a descriptor of the root, and no
link is followed any more: whatever was swapped in between is refused, and leads nowhere.

Not covered: what is mounted inside the workspace counts as inside, and a directory that another program moves away in
the middle of an operation is followed to where it went.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from agentctl.errors import ToolError
from agentctl.tools.builtin import descent, guarded
from agentctl.tools.builtin.private import Private
from agentctl.tools.builtin.visited import visited

_NAME_MAX = 255  # bytes; the limit of all usual file systems
_PATH_MAX = 4096


class Workspace:
    """A directory, and the only way to what is in it.

    Paths inside are told relative to the root, with slashes; the root itself is `.`.

    Args:
        root: the directory.
        private: files and directories that count as not there, whatever leads to them.

    Raises:
        ToolError: `root` is not a directory.
    """

    def __init__(self, root: Path, private: Sequence[Path] = ()) -> None:
        self.root = Path(os.path.realpath(root))
        self.private = Private(private)
        if not self.root.is_dir():
            raise ToolError(f"{root} is not a directory", reason="invalid")

    def resolve(self, named: str) -> str:
        """Return the real path of what a model names; it need not exist.

        Raises:
            ToolError: it is outside, or private, or no name that a file could have.
        """
        _check_name(named)
        path = PurePosixPath(named)
        if path.is_absolute() and path.parts[1:2] == ("proc",):  # its links lead to wherever a process is
            raise _outside(named)
        try:
            real = Path(os.path.realpath(self.root / path))
        except OSError as error:  # a link that was no link any more when it was read
            raise _changing(named) from error
        if not real.is_relative_to(self.root):
            raise _outside(named)
        relative = real.relative_to(self.root).as_posix()
        _check_name(relative)
        for place in (*visited(str(self.root / path)), real):
            if self.private.holds(place):
                raise _private(named)
        return relative

    def resolve_writable(self, named: str) -> str:
        """Like `resolve`, for what is to be changed.

        Raises:
            ToolError: as `resolve` does; or it is the root, or what is run later (see `guarded`).
        """
        relative = self.resolve(named)
        if relative == ".":
            raise ToolError("the workspace itself is a directory", reason="invalid")
        ways = [place for place in visited(str(self.root / named)) if place.is_relative_to(self.root)]
        for place in (*ways, self.root / relative):
            if what := guarded.named(place.relative_to(self.root)):
                raise _run_later(named, what)
        try:
            what = guarded.reached(self.root, PurePosixPath(relative))
        except OSError as error:
            raise _changing(named) from error
        if what:
            raise _run_later(named, what)
        return relative

    def hides(self, directory: str, name: str) -> bool:
        """Whether an entry of a directory, given by its real path, is private."""
        return self.private.is_entry(self.root / directory, name)

    @contextmanager
    def directory(self, relative: str, *, create: bool = False) -> Iterator[int]:
        """Yield a descriptor of a directory by its real path, made with its parents if `create` says so.

        Raises:
            ToolError: there is none, or it was swapped for something else.
        """
        if self.private.holds(self.root / relative):
            raise _private(relative)
        with descent.directory(self.root, PurePosixPath(relative).parts, create=create) as descriptor:
            yield descriptor

    @contextmanager
    def file(self, relative: str) -> Iterator[int]:
        """Yield a descriptor, for reading, of a regular file by its real path.

        Raises:
            ToolError: there is none, it is no regular file, or it was swapped for something else.
        """
        path = PurePosixPath(relative)
        if self.private.holds(self.root / relative):
            raise _private(relative)
        with self.directory(path.parent.as_posix()) as parent, descent.file(parent, path.name, relative) as descriptor:
            yield descriptor

    def __repr__(self) -> str:
        return f"Workspace({str(self.root)!r})"


def is_nameable(text: str) -> bool:
    """Whether a path may be called this: no control characters, which terminals obey, and all of it UTF-8."""
    return not any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)


def _check_name(named: str) -> None:
    if not named:
        raise ToolError("a path is missing", reason="invalid")
    if named.startswith("~"):
        raise ToolError(f"{named} is not looked up: name paths from the workspace on", reason="denied")
    if not is_nameable(named):
        raise ToolError(f"{named!r} has characters that no path here has", reason="denied")
    encoded = named.encode()
    if len(encoded) > _PATH_MAX or any(len(part) > _NAME_MAX for part in encoded.split(b"/")):
        raise ToolError("the path is too long", reason="invalid")


def _outside(named: str) -> ToolError:
    return ToolError(f"{named} is outside the workspace", reason="denied")


def _changing(named: str) -> ToolError:
    return ToolError(f"{named} is being changed", hint="call again")


def _private(named: str) -> ToolError:
    return ToolError(f"{named} is private: it is agentctl's own, or a known place of secrets", reason="denied")


def _run_later(named: str, what: str) -> ToolError:
    return ToolError(f"{named} can't be changed: what is in {what} may be run later", reason="denied")
