"""Attempts of a component to reach what it was not granted: none succeeds, and the same works where it is granted."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from support.wasi_guest import guest
from support.wasm import SMALL, compiled, decoded, engine, returned, run

from agentctl.errors import ToolError
from agentctl.tools.wasm.grants import Grants
from agentctl.tools.wasm.instance import call
from agentctl.tools.wasm.policy import parse_allow

SECRET = "SECRET"
START_OF_2000 = 946_684_800
AREAS = {"files", "links", "env", "network", "dns", "clock", "random", "stdio"}


@dataclass(frozen=True, slots=True)
class Place:
    """Directories of the host: `box` is granted for writing, `shelf` for reading, `outside` not at all."""

    box: Path
    shelf: Path
    outside: Path

    @property
    def allowed(self) -> list[str]:
        """The grants; the first preopen is the box, the second the shelf."""
        return [f"fs:rw:{self.box}=/box", f"fs:ro:{self.shelf}=/shelf"]

    def state(self) -> dict[str, str]:
        """All that must not change: the files outside and on the shelf, and links in the box."""
        files = [path for top in (self.outside, self.shelf) for path in sorted(top.rglob("*"))]
        held = {str(path): path.read_text() if path.is_file() else "" for path in files}
        return held | {str(path): str(path.readlink()) for path in sorted(self.box.rglob("*")) if path.is_symlink()}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Something worth stealing, and links to it that somebody else left in the box."""
    made = Place(*(tmp_path / name for name in ("box", "shelf", "outside")))
    for directory in (made.box, made.shelf, made.outside, made.box / "sub"):
        directory.mkdir()
    (made.outside / "secret.txt").write_text(SECRET)
    (made.shelf / "book.txt").write_text("book")
    (made.box / "inside.txt").write_text("inside")
    (made.box / "planted").symlink_to("../outside/secret.txt")
    (made.box / "planted-absolute").symlink_to(made.outside / "secret.txt")
    (made.box / "planted-directory").symlink_to("../outside")
    return made


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way out: what is called, and how one would know that it worked, besides a secret in its result."""

    area: str
    mechanism: str
    function: str
    arguments: dict[str, Any] = field(default_factory=dict)
    worked: Callable[[Any], bool] = lambda _: False


def _at(path: str, directory: int = 0, **more: Any) -> dict[str, Any]:
    return {"directory": directory, "path": path, **more}


def _from_to(old: str, new: str, start: int = 0, into: int = 0) -> dict[str, Any]:
    return {"directory": start, "old": old, "into": into, "new": new}


def _done(answer: Any) -> bool:
    return decoded(answer)[:1] == b"\0"


_OUT = "../outside/secret.txt"
_ABSOLUTE = "OUTSIDE/secret.txt"  # OUTSIDE is replaced by the path

ATTEMPTS = [
    Attempt("files", "parent", "read", _at(_OUT, follow=True)),
    Attempt("files", "parent through a directory", "read", _at(f"sub/../{_OUT}", follow=False)),
    Attempt("files", "parent through dots", "read", _at(f"./sub/.././{_OUT}", follow=True)),
    Attempt("files", "absolute path", "read", _at(_ABSOLUTE, follow=True)),
    Attempt("files", "guest's own name of the box", "read", _at(f"/box/{_OUT}", follow=True)),
    Attempt("files", "write to the parent", "write", _at("../outside/new.txt", follow=False), _done),
    Attempt("files", "write where only reading is granted", "write", _at("new.txt", 1, follow=False), _done),
    Attempt("files", "overwrite where only reading is granted", "write", _at("book.txt", 1, follow=False), _done),
    Attempt("files", "make a directory outside", "mkdir", _at("../outside/directory"), _done),
    Attempt("files", "make a directory on the shelf", "mkdir", _at("directory", 1), _done),
    Attempt("files", "delete outside", "unlink", _at(_OUT), _done),
    Attempt("files", "delete on the shelf", "unlink", _at("book.txt", 1), _done),
    Attempt("files", "process files", "read", _at("/proc/self/maps", follow=True), _done),
    Attempt("links", "planted file", "read", _at("planted", follow=True)),
    Attempt("links", "planted absolute", "read", _at("planted-absolute", follow=True)),
    Attempt("links", "planted directory", "read", _at("planted-directory/secret.txt", follow=False)),
    Attempt("links", "write through a planted one", "write", _at("planted", follow=True), _done),
    Attempt("links", "hard link from outside", "link", _from_to(_OUT, "got.txt"), _done),
    Attempt("links", "hard link from the shelf, to write to it", "link", _from_to("book.txt", "got.txt", 1), _done),
    Attempt("links", "hard link to the outside", "link", _from_to("inside.txt", "../outside/got.txt"), _done),
    Attempt("links", "rename from outside", "rename", _from_to(_OUT, "got.txt"), _done),
    Attempt("links", "rename to the outside", "rename", _from_to("inside.txt", "../outside/got.txt"), _done),
    Attempt("links", "rename from the shelf", "rename", _from_to("book.txt", "got.txt", 1), _done),
    Attempt("links", "swap the planted directory in", "rename", _from_to("sub", "planted-directory/sub"), _done),
    Attempt("env", "variables", "environment", worked=bool),
    Attempt("env", "arguments", "arguments", worked=bool),
    Attempt("env", "working directory", "cwd", worked=bool),
    Attempt("env", "process files", "read", _at("/proc/self/environ", follow=True), _done),
    Attempt("network", "TCP over IPv4", "tcp", {"family": 0}, _done),
    Attempt("network", "TCP over IPv6", "tcp", {"family": 1}, _done),
    Attempt("network", "UDP over IPv4", "udp", {"family": 0}, _done),
    Attempt("network", "UDP over IPv6", "udp", {"family": 1}, _done),
    Attempt("network", "HTTP request", "http-request", worked=lambda _: True),
    Attempt("network", "HTTP request of a forged handle", "http-handle", {"request": 1}, lambda _: True),
    Attempt("dns", "name", "resolve", {"name": "localhost"}, _done),
    Attempt("dns", "address", "resolve", {"name": "127.0.0.1"}, _done),
    Attempt("dns", "answer of a forged handle", "next-address", {"stream": 1}, _done),
    Attempt("dns", "HTTP headers for an authority", "http-fields", worked=lambda _: True),
    Attempt("clock", "wall clock", "wall", worked=lambda now: abs(now - time.time()) < 86_400),
    Attempt("clock", "monotonic clock", "mono", worked=bool),
    Attempt("clock", "duration of a sleep", "sleep", {"nanoseconds": 2 * 10**9}, lambda slept: slept != 2 * 10**9),
    Attempt("clock", "moment of waking", "wake", {"nanoseconds": 2 * 10**9}, lambda at: at != START_OF_2000 + 2),
    Attempt("clock", "resolution", "mono-resolution", worked=lambda nanoseconds: nanoseconds != 10**9),
    *(
        Attempt("random", name, name, arguments, worked=lambda _: False)
        for name, arguments in (
            ("random", {"length": 32}),
            ("random-word", {}),
            ("insecure", {"length": 32}),
            ("insecure-word", {}),
            ("insecure-seed", {}),
        )
    ),
    Attempt("stdio", "standard input", "read-stdin"),
    Attempt("stdio", "terminals", "terminals", worked=bool),
    Attempt("stdio", "standard output", "write-stdout", {"text": "LEAK"}),
    Attempt("stdio", "exit", "exit", {"status": {"err": None}}, lambda _: True),
]


def test_there_are_enough_ways_out() -> None:
    """At least three mechanisms are tried in each area."""
    mechanisms = Counter(area for area, _ in {(each.area, each.mechanism) for each in ATTEMPTS})
    assert set(mechanisms) == AREAS
    assert min(mechanisms.values()) >= 3


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda each: f"{each.area}: {each.mechanism}")
def test_no_attempt_gets_out(
    attempt: Attempt, place: Place, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing is read, written, reached, told or left behind, twice the same, with a terminal and secrets in reach."""
    monkeypatch.setenv("AGENTCTL_TEST_SECRET", SECRET)
    arguments = json.loads(json.dumps(attempt.arguments).replace("OUTSIDE", str(place.outside)))
    before = place.state()
    with _terminal():
        answers = [_try(place, attempt.function, arguments) for _ in range(2)]
    assert place.state() == before
    assert answers[0] == answers[1]
    for answer in answers:
        if not isinstance(answer, ToolError):
            assert SECRET not in json.dumps(answer)
            assert not (isinstance(answer, str) and SECRET.encode() in decoded(answer))
            assert not attempt.worked(answer)
    shown = capfd.readouterr()
    assert "LEAK" not in shown.out + shown.err


def test_what_is_granted_is_reached(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same calls succeed for the same things where they are granted."""
    text = guest()
    granted = [f"fs:rw:{place.outside}=/outside"]
    assert decoded(run(text, "read", granted, directory=0, path="secret.txt", follow=False)) == SECRET.encode()
    assert _done(run(text, "write", granted, directory=0, path="new.txt", follow=False))
    assert (place.outside / "new.txt").read_text() == "new.txt"
    assert _done(run(text, "rename", granted, directory=0, old="new.txt", into=0, new="old.txt"))
    assert _done(run(text, "link", granted, directory=0, old="old.txt", into=0, new="same.txt"))
    assert _done(run(text, "mkdir", granted, directory=0, path="directory"))
    monkeypatch.setenv("AGENTCTL_TEST_SECRET", SECRET)
    assert run(text, "environment", ["env:AGENTCTL_TEST_SECRET"]) == [["AGENTCTL_TEST_SECRET", SECRET]]
    assert abs(run(text, "wall", ["clock"]) - time.time()) < 5
    assert run(text, "random-word", ["random"]) != run(text, "random-word", ["random"])


def test_output_goes_where_it_is_sent(tmp_path: Path) -> None:
    """What a component prints is in the caller's file, and no more of it is anywhere else."""
    out, err = tmp_path / "out", tmp_path / "err"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        called = (compiled(guest()), engine(), "write-stdout", {"text": "hello"}, Grants(), SMALL)
        call(*called, stdout_fd=stdout.fileno(), stderr_fd=stderr.fileno(), network=None, seed=0)
    assert (out.read_text(), err.read_text()) == ("hello", "")


def test_a_granted_directory_that_became_a_link_is_refused(place: Place) -> None:
    """A directory that was swapped for a link after it had been granted is not followed."""
    grants = parse_allow([f"fs:ro:{place.shelf}=/shelf"], os.environ)
    place.shelf.rename(place.shelf.with_name("moved"))
    place.shelf.symlink_to(place.outside)
    with pytest.raises(ToolError, match="not the directory") as caught:
        returned(guest(), "read", {"directory": 0, "path": "secret.txt", "follow": True}, grants=grants)
    assert caught.value.reason == "denied"


def _try(place: Place, function: str, arguments: dict[str, Any]) -> Any:
    try:
        return run(guest(), function, place.allowed, **arguments)
    except ToolError as error:
        return _RefusalError(error)


class _RefusalError(ToolError):
    """A failure that equals another which says the same."""

    def __init__(self, error: ToolError) -> None:
        super().__init__(error.message, hint=error.hint, reason=error.reason)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _RefusalError) and (self.message, self.reason) == (other.message, other.reason)

    __hash__ = ToolError.__hash__


@contextmanager
def _terminal() -> Iterator[None]:
    """Run with a terminal as standard input, in which a secret has been typed."""
    ours, theirs = os.openpty()
    kept = os.dup(0)
    os.dup2(theirs, 0)
    os.write(ours, f"{SECRET}\n{SECRET}\n".encode())  # a terminal gives one line at a time
    try:
        yield
    finally:
        os.dup2(kept, 0)
        for descriptor in (kept, ours, theirs):
            os.close(descriptor)
