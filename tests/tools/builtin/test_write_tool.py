"""Writing whole files."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from support.tooling import call, done, failure, planned

from agentctl.errors import ToolError
from agentctl.tools.builtin.workspace import Workspace
from agentctl.tools.builtin.writing import Write


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """The tool in an empty workspace."""
    return Write(Workspace(tmp_path))


def test_a_new_file(write: Write, tmp_path: Path) -> None:
    """Nothing is written before the plan is run; its diff is of a new file, and missing directories are made."""
    plan = planned(write, path="new/deep/a.txt", content="one\ntwo")
    assert not (tmp_path / "new").exists()
    assert (plan.subject, plan.effect) == ("new/deep/a.txt", "write")
    assert plan.preview == (
        "--- /dev/null\n+++ b/new/deep/a.txt\n@@ -0,0 +1,2 @@\n+one\n+two\n\\ No newline at end of file\n"
    )
    assert done(plan).details == {"bytes": 7}
    assert (tmp_path / "new/deep/a.txt").read_text() == "one\ntwo"
    assert [path.name for path in (tmp_path / "new/deep").iterdir()] == ["a.txt"]


def test_mode_mark_and_line_ends_are_kept(write: Write, tmp_path: Path) -> None:
    """A script stays executable, a mark and CRLF stay where they were; the diff shows only what changes."""
    path = tmp_path / "a.sh"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    path.chmod(0o751)
    plan = planned(write, path="a.sh", content="one\n2\n")
    assert plan.preview == "--- a/a.sh\n+++ b/a.sh\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n"
    done(plan)
    assert path.read_bytes() == b"\xef\xbb\xbfone\r\n2\r\n"
    assert path.stat().st_mode & 0o7777 == 0o751


def test_no_setuid_file_is_made(write: Write, tmp_path: Path) -> None:
    """A file that ran as its owner does not do so with new content."""
    (tmp_path / "a").write_text("x")
    (tmp_path / "a").chmod(0o4755)
    call(write, path="a", content="y")
    assert (tmp_path / "a").stat().st_mode & 0o7777 == 0o755


def test_a_binary_file_is_replaced(write: Write, tmp_path: Path) -> None:
    """What can't be compared is said to be replaced."""
    (tmp_path / "a").write_bytes(b"\x00\x01")
    assert planned(write, path="a", content="x\n").preview.startswith("a is binary of 2 bytes, all replaced by:\n")


def test_a_text_in_another_encoding_is_replaced(write: Write, tmp_path: Path) -> None:
    """Text that is not UTF-8 is not shown as if there were none: what is lost is told of."""
    (tmp_path / "a").write_bytes("Käse\n".encode("latin-1"))
    plan = planned(write, path="a", content="x\n")
    assert plan.preview.startswith("a is text that is not UTF-8, of 5 bytes, all replaced by:\n--- a/a\n")
    assert "+x\n" in plan.preview
    done(plan)
    assert (tmp_path / "a").read_text() == "x\n"


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_read_only_file(write: Write, tmp_path: Path, when: str) -> None:
    """A file that nobody may write to is not replaced by another one, though its directory would allow that."""
    (tmp_path / "a").write_text("old")
    plan = planned(write, path="a", content="new")
    (tmp_path / "a").chmod(0o444)
    with pytest.raises(ToolError, match=r"^a is read-only$") as caught:
        planned(write, path="a", content="new") if when == "before" else done(plan)
    assert caught.value.reason == "denied"
    assert (tmp_path / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_read_only_file_system(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be made the kernel's reason is told, though taking away what was not made fails, too."""

    def refuse(*_: object, **__: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), ".agentctl-x")

    plan = planned(write, path="a", content="x")
    real = os.open
    monkeypatch.setattr(os, "open", lambda *a, **k: refuse() if a[1] & os.O_CREAT else real(*a, **k))
    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(ToolError, match=r"^can't write a: Read-only file system$"):
        done(plan)


@pytest.mark.parametrize("before", [None, "old"])
def test_a_change_in_between_is_kept(write: Write, tmp_path: Path, before: str | None) -> None:
    """What was written after the plan was shown is not overwritten."""
    path = tmp_path / "a.txt"
    if before:
        path.write_text(before)
    plan = planned(write, path="a.txt", content="ours")
    path.write_text("theirs")
    with pytest.raises(ToolError, match="was changed meanwhile"):
        done(plan)
    assert path.read_text() == "theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_what_cant_be_written(write: Write, tmp_path: Path) -> None:
    """A directory, the root, half a character and a read-only place are told apart."""
    (tmp_path / "d").mkdir()
    (tmp_path / "f").touch()
    assert "d is a directory" in failure(write, "invalid", path="d", content="").message
    assert "a directory" in failure(write, "invalid", path=".", content="").message
    assert "surrogate" in failure(write, "invalid", path="a", content="\ud800").message
    assert "f/x" in failure(write, "failed", path="f/x", content="").message


def test_a_great_change_is_shown_at_once(write: Write, tmp_path: Path) -> None:
    """Of two long texts that share little the diff takes out the one and puts in the other, between what they share."""
    (tmp_path / "a").write_text("same\n" + "".join(f"{n}\n" for n in range(20_000)) + "same\n")
    preview = planned(write, path="a", content="same\n" + "".join(f"{n}x\n" for n in range(20_000)) + "same\n").preview
    lines = preview.splitlines()
    assert lines[2:5] == ["@@ -1,20002 +1,20002 @@", " same", "-0"]
    assert lines[-2:] == ["+19999x", " same"]
