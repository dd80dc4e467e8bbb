"""Reading files."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.tooling import call, failure, planned

from agentctl.tools.builtin.reading import Read
from agentctl.tools.builtin.workspace import Workspace


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """The tool in an empty workspace."""
    return Read(Workspace(tmp_path))


def test_lines_are_numbered(read: Read, tmp_path: Path) -> None:
    """Lines come with their numbers; a page begins and ends where it is told to, and says how to go on."""
    (tmp_path / "a.txt").write_text("one\ntwo\r\n\nfour")
    assert call(read, path="a.txt").content == "     1\tone\n     2\ttwo\n     3\t\n     4\tfour"
    page = call(read, path="a.txt", offset=2, limit=2).content
    assert page == "     2\ttwo\n     3\t\n[there is more: go on with offset 4]"
    assert "has 4 lines only" in failure(read, "invalid", path="a.txt", offset=9).message


def test_the_plan_names_the_real_path(read: Read, tmp_path: Path) -> None:
    """What is asked for is told by its real path, and as reading."""
    (tmp_path / "a.txt").touch()
    (tmp_path / "l").symlink_to("a.txt")
    plan = planned(read, path="./l")
    assert (plan.subject, plan.effect, plan.summary) == ("a.txt", "read", "read a.txt")


def test_an_empty_file(read: Read, tmp_path: Path) -> None:
    """A file without a line is said to be empty."""
    (tmp_path / "a.txt").touch()
    assert call(read, path="a.txt").content == "[empty file]"


def test_a_mark_is_no_text(read: Read, tmp_path: Path) -> None:
    """A byte order mark is not shown."""
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfx\n")
    assert call(read, path="a.txt").content == "     1\tx"


@pytest.mark.parametrize(
    ("data", "kind"), [(b"\x89PNG\r\n", "a PNG image"), (b"a\x00b", "binary"), (b"\xff\xfea\x00", "UTF-16 text")]
)
def test_what_is_not_text(read: Read, tmp_path: Path, data: bytes, kind: str) -> None:
    """A binary file is named by its kind and size."""
    (tmp_path / "a").write_bytes(data)
    assert f"a is {kind} of {len(data)} bytes" in failure(read, "invalid", path="a").message


def test_another_encoding(read: Read, tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are shown as far as they go, and said to be so."""
    (tmp_path / "a.txt").write_bytes("größer".encode("latin-1"))
    content = call(read, path="a.txt").content
    assert "gr\ufffd\ufffder" in content
    assert "not UTF-8" in content


def test_a_huge_file(read: Read, tmp_path: Path) -> None:
    """Of 100 GB only a page is read; a line without end is cut, between two characters."""
    with (tmp_path / "a.txt").open("wb") as file:
        file.write("é".encode() * 10_000 + b"\nsecond\n" + b"x\n" * 9000)
        file.truncate(100 << 30)
    content = call(read, path="a.txt", limit=2).content
    first, second, more = content.split("\n")
    assert first.endswith("é [cut]")
    assert len(first) < 2100
    assert second == "     2\tsecond"
    assert more == "[there is more: go on with offset 3]"
    assert call(read, path="a.txt").content.count("\n") == 2000


def test_what_is_no_file(read: Read, tmp_path: Path) -> None:
    """A directory, and nothing at all, are told apart."""
    (tmp_path / "d").mkdir()
    assert "d is a directory" in failure(read, "invalid", path="d").message
    assert "x does not exist" in failure(read, "failed", path="x").message
    assert "argument offset must be 1 or more" in failure(read, "invalid", path="d", offset=0).message
