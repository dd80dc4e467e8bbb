"""`agentctl sessions import`, run as a program over exports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from support.program import Program
from support.talks import fill

SCHEMA = Path(__file__).parents[3] / "docs" / "schemas" / "sessions-import.json"


@pytest.fixture
def other(tmp_path: Path) -> Program:
    """Another home."""
    home = tmp_path / "other"
    home.mkdir()
    return Program(home)


def test_conversations_move_to_another_home(program: Program, other: Program) -> None:
    """What was exported is imported, once, and goes on there: exported again, it is the same file."""
    (session_id,) = fill(program, ["hello", "again"], name="greeting")
    program.run("sessions", "export", "--all", "-O", "export.jsonl")
    file = program.home / "export.jsonl"
    tried = other.run("sessions", "import", file, "--dry-run", "--json").json
    assert other.run("sessions", "list", "--json").json == []
    done = other.run("sessions", "import", file, "--json").json
    assert {**tried, "dry_run": False} == done
    schema = json.loads(SCHEMA.read_text())
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(done)
    added = {"id": session_id, "name": "greeting", "new": True, "messages": 2}
    assert done == {"dry_run": False, "messages": 2, "sessions": [added]}
    assert other.run("sessions", "export", "--all").out == file.read_text()
    again = other.run("sessions", "import", file)
    assert (again.code, again.out, again.err) == (0, "", "0 messages were added, of 1 conversations\n")
    assert other.run("sessions", "show", "greeting", "--json").json["messages"][1]["text"] == "again"
    assert len(other.run("sessions", "search", "hello", "--json").json) == 1


def test_people_see_what_was_added(program: Program, other: Program) -> None:
    """A line tells of each conversation, and a remark how many messages there were."""
    (session_id,) = fill(program, ["hello"], name="greeting")
    program.run("sessions", "export", "--all", "-O", "export.jsonl")
    done = other.run("sessions", "import", program.home / "export.jsonl")
    assert done.out == f"{session_id} · greeting · 1 messages\n"
    assert done.err == "1 messages were added, of 1 conversations\n"


def test_a_changed_file_is_refused(program: Program, other: Program) -> None:
    """The line is named, the code is that of a usage error, and nothing of any conversation is there."""
    fill(program, ["hello"], ["world"])
    text = program.run("sessions", "export", "--all").out
    path = other.home / "changed.jsonl"
    path.write_text(text.replace("world", "w0rld"))
    done = other.run("sessions", "import", path)
    assert (done.code, done.out) == (2, "")
    number = next(number for number, line in enumerate(text.splitlines(), 1) if '"text":"world"' in line)
    # The session's title has the word as well, in the line before.
    assert f"error: line {number - 1} differs from its checksum" in done.err
    assert "hint:" in done.err
    assert other.run("sessions", "list", "--json").json == []


@pytest.mark.parametrize("content", [b"", b"{}", b"\0\xff", b"SQLite format 3\0", b"[1]\n", None])
def test_a_file_of_something_else(program: Program, content: bytes | None) -> None:
    """A file that is no export, whatever it is called, or is not there, is refused with a hint."""
    path = program.home / "export.jsonl"
    if content is not None:
        path.write_bytes(content)
    done = program.run("sessions", "import", path)
    assert (done.code, done.out) == (2, "")
    assert "hint:" in done.err
    assert "Traceback" not in done.err
