"""`agentctl sessions export`, run as a program."""

from __future__ import annotations

import json
import os
import pty
import stat
from contextlib import ExitStack, closing

import pytest
from support.appender import Appender
from support.program import Program
from support.talks import database_of, fill, path_of

from agentctl.store import sessions

HEADERS = {"jsonl": '{"format":"agentctl.sessions"', "markdown": "# ", "html": "<!DOCTYPE html>"}


@pytest.mark.parametrize("form", HEADERS)
def test_a_file_of_each_form(program: Program, form: str) -> None:
    """-O writes a file that only its owner can read, replaces an old one as a whole, and says what it has."""
    one, _ = fill(program, ["hello"], ["other"])
    program.run("sessions", "export", "--all", "-O", "out")
    done = program.run("sessions", "export", one, "--format", form, "-O", "out", "--json")
    assert done.json == {"file": "out", "format": form, "sessions": 1, "flaws": []}
    path = program.home / "out"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert text.startswith(HEADERS[form])
    assert "hello" in text
    assert "other" not in text
    assert program.run("sessions", "export", one, "--format", form).out == text
    assert [one.name for one in program.home.glob(".out*")] == []


def test_all_of_them(program: Program) -> None:
    """--all is all that are not in the trash, and none is no error."""
    assert len(program.run("sessions", "export", "--all").lines) == 2
    ids = fill(program, ["one"], ["two"])
    done = program.run("sessions", "export", "--all", "-O", "all.jsonl")
    assert (done.out, done.err) == ("", "2 conversations in all.jsonl\n")
    lines = [json.loads(line) for line in (program.home / "all.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines if line.get("type") == "session"] == sorted(ids)
    assert (lines[-1]["sessions"], lines[-1]["messages"]) == (2, 2)


@pytest.mark.parametrize(
    "arguments",
    [(), ("x", "--all"), ("nothing",), ("--all", "--json"), ("--all", "-O", "file/below"), ("--all", "-O", "/")],
)
def test_what_can_not_be_exported(program: Program, arguments: tuple[str, ...]) -> None:
    """It ends with 2 and a hint, and leaves no file behind."""
    fill(program, ["one"])
    (program.home / "file").touch()
    done = program.run("sessions", "export", *arguments)
    assert (done.code, done.out) == (2, "")
    assert "hint:" in done.err


def test_it_is_of_one_moment_while_others_write(program: Program) -> None:
    """Exported while writers append, it has of each conversation a beginning without a gap, and can be imported."""
    ids = fill(program, *[["first"]] * 3)
    with ExitStack() as stack:
        writers = [stack.enter_context(Appender(f"sqlite:///{path_of(program)}", one, 60)) for one in ids]
        for writer in writers:
            writer.begin()
        for writer in writers:
            writer.acknowledged(5)
        assert program.run("sessions", "export", "--all", "-O", "export.jsonl").code == 0
        for writer in writers:
            writer.acknowledged(60)
    other = Program(program.home / "other")
    other.home.mkdir()
    done = other.run("sessions", "import", program.home / "export.jsonl", "--json").json
    counts = {one["id"]: one["messages"] for one in done["sessions"]}
    assert set(counts) == set(ids)
    assert all(6 <= count <= 61 for count in counts.values())
    with closing(database_of(program)) as whole, closing(database_of(other)) as part:
        for session_id, count in counts.items():
            said, taken = (
                database.read(lambda tx, one=session_id: sessions.thread(tx, sessions.get(tx, one)))  # type: ignore[misc]
                for database in (whole, part)
            )
            assert said[:count] == taken


def test_a_terminal_gets_no_control_characters(program: Program) -> None:
    """What was said can't take over the terminal that shows it."""
    (session_id,) = fill(program, ["a \x1b]0;evil\x07 b"])
    for form in HEADERS:
        leader, follower = pty.openpty()
        process = program.start("sessions", "export", session_id, "--format", form, stdout=follower)
        os.close(follower)
        shown = b""
        while b"b" not in shown or process.poll() is None:
            try:
                shown += os.read(leader, 65536)
            except OSError:
                break
        process.communicate(timeout=program.patience)
        os.close(leader)
        assert process.returncode == 0
        assert b"\x1b" not in shown
        assert b"\x07" not in shown
