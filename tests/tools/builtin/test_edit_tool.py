"""Replacing pieces of files."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tooling import call, done, failure, planned

from agentctl.errors import ToolError
from agentctl.tools.builtin.difference import unified
from agentctl.tools.builtin.editing import Edit, replaced
from agentctl.tools.builtin.workspace import Workspace


@pytest.fixture
def edit(tmp_path: Path) -> Edit:
    """The tool in a workspace with one file."""
    (tmp_path / "a.py").write_text("def a():\n    return 1\n\ndef b():\n    return 1\n")
    return Edit(Workspace(tmp_path))


def test_a_unique_piece(edit: Edit, tmp_path: Path) -> None:
    """A piece that is there once is replaced, after its diff was shown."""
    plan = planned(edit, path="a.py", old_string="def b", new_string="def c")
    assert (plan.subject, plan.effect, plan.summary) == ("a.py", "write", "edit a.py")
    assert plan.preview.splitlines()[2:] == [
        "@@ -1,5 +1,5 @@", " def a():", "     return 1", " ", "-def b():", "+def c():", "     return 1",
    ]  # fmt: skip
    assert "def b" in (tmp_path / "a.py").read_text()
    assert "a.py edited" in done(plan).content
    assert "def c" in (tmp_path / "a.py").read_text()


def test_a_piece_that_is_not_unique(edit: Edit, tmp_path: Path) -> None:
    """The lines are named where there are several; all are replaced if that is asked for."""
    error = failure(edit, "invalid", path="a.py", old_string="return 1", new_string="return 2")
    assert "not unique in a.py: it is at lines 2, 5" in error.message
    call(edit, path="a.py", old_string="return 1", new_string="return 2", replace_all=True)
    assert (tmp_path / "a.py").read_text().count("return 2") == 2


def test_pieces_that_overlap_are_not_unique() -> None:
    """Two places that share a letter are two."""
    with pytest.raises(ToolError, match="not unique"):
        replaced("aaa", "aa", "b", "f")


@pytest.mark.parametrize(
    ("old", "hint"),
    [
        ("def b():\n\treturn 1", "line 4 differs from it in white space only: 'def b():'"),
        ("def bb():", "the closest is line 4: 'def b():'"),
        ("something else altogether", "read the file again"),
    ],
)
def test_a_piece_that_is_not_there(edit: Edit, old: str, hint: str) -> None:
    """What comes closest is named."""
    error = failure(edit, "invalid", path="a.py", old_string=old, new_string="x")
    assert error.message == "old_string is not in a.py"
    assert error.hint == hint


def test_line_ends_are_those_of_the_file(edit: Edit, tmp_path: Path) -> None:
    """A model that knows line feeds only edits a CRLF file with a mark, which keeps both; mixed ends stay mixed."""
    (tmp_path / "w.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    call(edit, path="w.txt", old_string="one\ntwo", new_string="1\n2\n3")
    assert (tmp_path / "w.txt").read_bytes() == b"\xef\xbb\xbf1\r\n2\r\n3\r\n"
    (tmp_path / "m.txt").write_bytes(b"one\r\ntwo\nthree\r")
    call(edit, path="m.txt", old_string="two", new_string="2")
    assert (tmp_path / "m.txt").read_bytes() == b"one\r\n2\nthree\r"
    same = {"path": "w.txt", "old_string": "1\r\n2", "new_string": "1\n2"}
    assert "nothing would change" in failure(edit, "invalid", **same).message


def test_what_cant_be_edited(edit: Edit, tmp_path: Path) -> None:
    """A missing file, other encodings, binary files and edits that change nothing are told apart."""
    (tmp_path / "l.txt").write_bytes(b"gr\xf6\xdfer")
    (tmp_path / "b").write_bytes(b"\x00")
    pieces = {"old_string": "x", "new_string": "y"}
    assert "x.py does not exist" in failure(edit, "failed", path="x.py", **pieces).message
    assert "not UTF-8: byte 2" in failure(edit, "invalid", path="l.txt", **pieces).message
    assert "binary" in failure(edit, "invalid", path="b", **pieces).message
    assert "the same" in failure(edit, "invalid", path="a.py", old_string="x", new_string="x").message
    assert "must not be empty" in failure(edit, "invalid", path="a.py", old_string="", new_string="x").message


def test_a_file_that_changed_meanwhile(edit: Edit, tmp_path: Path) -> None:
    """What was shown is what is replaced, or nothing is."""
    plan = planned(edit, path="a.py", old_string="def b", new_string="def c")
    (tmp_path / "a.py").write_text("def b")
    with pytest.raises(ToolError, match="was changed meanwhile"):
        done(plan)
    assert (tmp_path / "a.py").read_text() == "def b"


def test_a_file_too_long_to_edit(edit: Edit, tmp_path: Path) -> None:
    """A huge file is refused by its size, unread."""
    (tmp_path / "big").touch()
    os.truncate(tmp_path / "big", 100 << 30)
    assert "too long" in failure(edit, "invalid", path="big", old_string="x", new_string="y").message


TEXTS = st.text(alphabet="ab\n \u00e9\u2028\f\r", max_size=30)


@given(TEXTS, st.text(alphabet="ab\n \u00e9", min_size=1, max_size=4), TEXTS)
def test_an_edit_is_one_replacement(text: str, old: str, new: str) -> None:
    """Where a piece is there exactly once, the edit is `str.replace`; else it is refused."""
    places = [n for n in range(len(text)) if text.startswith(old, n)]
    if len(places) == 1 and old != new:
        assert replaced(text, old, new, "f") == text.replace(old, new, 1)
    else:
        with pytest.raises(ToolError):
            replaced(text, old, new, "f")


def test_a_long_piece_is_looked_for_in_time(edit: Edit, tmp_path: Path) -> None:
    """Where a piece of many lines was meant in a file of many more is found at once, or not at all."""
    (tmp_path / "a").write_text("x\n" * 60_000 + "\ty\n")
    start = time.process_time()
    for end, hint in (
        ("z", "the closest is line 1: 'x'"),
        ("y", "line 58001 differs from it in white space only: 'x'"),
    ):
        error = failure(edit, "invalid", path="a", old_string="x\n" * 2000 + end, new_string="")
        assert error.hint == hint
    assert time.process_time() - start < 3


def test_lines_that_repeat_are_compared_in_time(tmp_path: Path) -> None:
    """Of texts of few different lines, whose comparison takes a cube of their number, there is a diff at once."""
    old, new = ("".join(f"{n % kinds}\n" for n in range(count)) for kinds, count in ((3, 1400), (2, 1500)))
    start = time.process_time()
    diff = unified(old, new, "f")
    assert time.process_time() - start < 2  # it takes a tenth; without a bound a quarter of a minute
    (tmp_path / "f").write_text(old)
    subprocess.run(["git", "apply", "-"], input=diff.encode(), cwd=tmp_path, check=True)
    assert (tmp_path / "f").read_text() == new


@given(old=TEXTS, new=TEXTS)
def test_a_diff_can_be_applied(tmp_path_factory: pytest.TempPathFactory, old: str, new: str) -> None:
    """`git apply` makes the new text of the old by the diff that was shown."""
    directory = tmp_path_factory.mktemp("diff")
    (directory / "f").write_bytes(old.encode())
    diff = unified(old, new, "f")
    if diff:
        command = ["git", "apply", "--whitespace=nowarn", "--unidiff-zero", "-"]
        subprocess.run(command, input=diff.encode(), cwd=directory, check=True)
    assert (directory / "f").read_bytes() == new.encode()
