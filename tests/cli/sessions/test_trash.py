"""`agentctl sessions delete`, `restore` and `purge`: nothing goes away unasked, and what was to go is gone."""

from __future__ import annotations

import pexpect
import pytest
from support.conversations import database_file, document, opened, talk
from support.program import AGENTCTL, PATIENCE, Program

from agentctl.store import sessions


def test_deleted_and_restored(program: Program) -> None:
    """A deleted conversation is in no list but the trash's, none goes on with it, and restored it is as it was."""
    kept, gone = talk(program, "kept"), talk(program, "gone", name="my plan")
    before = document(program, "list")
    assert document(program, "delete", "my plan") == [{"id": gone.id, "deleted": True}]
    assert [one["id"] for one in document(program, "list")] == [kept.id]
    (trashed,) = document(program, "list", "--deleted")
    assert (trashed["id"], trashed["name"], trashed["deleted_at"] is None) == (gone.id, "my plan", False)
    for command in (["sessions", "show", "my plan"], ["chat", "-r", "my plan", "hi"], ["cost", "--session", gone.id]):
        done = program.run(*command)
        assert (done.code, done.out) == (2, "")
        assert "in the trash" in done.err
        assert f"agentctl sessions restore {gone.id}" in done.err
    assert document(program, "restore", "my plan") == [{"id": gone.id, "deleted": False}]
    assert document(program, "list") == before


def test_chat_does_not_go_on_with_what_was_deleted(program: Program) -> None:
    """`chat -c` takes the latest conversation that is not in the trash, and says when there is none."""
    session = talk(program, "only one")
    program.run("sessions", "delete", session.id)
    done = program.run("chat", "-c", "hi")
    assert done.code == 2
    assert "no session to go on with" in done.err


def test_notes_say_what_happened_and_how_to_undo_it(program: Program) -> None:
    """Without --json each conversation is told of on stderr, and of a deleted one how to get it back."""
    one, two = talk(program, "a"), talk(program, "b")
    done = program.run("sessions", "delete", one.id, two.id, one.id)
    assert (done.code, done.out) == (0, "")
    assert [line.split()[0] for line in done.err.splitlines()] == [one.id, two.id]
    assert f"sessions restore {one.id}" in done.err
    table = program.run("sessions", "list", "--deleted").out.splitlines()
    assert [line.split("\t")[0] for line in table] == ["id", two.id, one.id]
    assert program.run("sessions", "restore", one.id).err == f"{one.id} is back\n"
    assert program.run("sessions", "purge", two.id, "--yes").err == f"{two.id} is gone\n"
    assert program.run("sessions", "list", "--deleted").out.splitlines() == table[:1]


def test_no_word_stays_after_a_purge(program: Program) -> None:
    """The files of the database have no word of a purged conversation any more."""
    session = talk(program, "gannets fly " * 50, "yes")
    program.run("sessions", "delete", session.id)
    files = [database_file(program).with_name(f"agentctl.db{suffix}") for suffix in ("", "-wal", "-shm")]
    assert any(b"gannets" in one.read_bytes() for one in files if one.exists())
    assert document(program, "purge", session.id, "--yes") == [{"id": session.id, "purged": True}]
    assert not any(b"gannets" in one.read_bytes() for one in files if one.exists())
    assert program.run("sessions", "show", session.id).code == 2


def test_nothing_is_purged_unasked(program: Program) -> None:
    """Without --yes and nobody to ask, what is not in the trash, or what is not named: an error, and all is there."""
    kept, gone = talk(program, "kept"), talk(program, "gone")
    program.run("sessions", "delete", gone.id)
    for arguments in (
        [gone.id],
        ["--all"],
        [kept.id, "--yes"],
        ["--yes"],
        [gone.id, "--all", "--yes"],
        [gone.id, "--older-than", "1d", "--yes"],
        ["--all", "--older-than", "soon", "--yes"],
    ):
        done = program.run("sessions", "purge", *arguments)
        assert (done.code, done.out) == (2, "")
        assert "hint:" in done.err
    assert document(program, "purge", "--all", "--older-than", "1d", "--yes") == []
    assert len(document(program, "list", "--deleted")) == 1
    assert [one["id"] for one in document(program, "purge", "--all", "--yes")] == [gone.id]
    assert [one["id"] for one in document(program, "list")] == [kept.id]


@pytest.mark.parametrize(("answer", "left"), [("n", 1), ("y", 0)])
def test_a_terminal_is_asked(program: Program, answer: str, left: int) -> None:
    """In a terminal purge asks, and does what it is told."""
    session = talk(program, "gone")
    program.run("sessions", "delete", session.id)
    child = pexpect.spawn(
        str(AGENTCTL),
        ["sessions", "purge", session.id],
        env=program.environment,
        cwd=str(program.home),
        timeout=PATIENCE,
    )
    child.expect("for good")
    child.sendline(answer)
    child.expect(pexpect.EOF)
    child.wait()
    assert len(document(program, "list", "--deleted")) == left


@pytest.mark.parametrize("command", [["delete"], ["switch", "x"]], ids=["delete", "switch"])
def test_a_conversation_in_use_is_left_alone(program: Program, command: list[str]) -> None:
    """While a turn is under way its conversation is neither deleted nor switched, and that is said."""
    session = talk(program, "a", "b")
    name, *rest = command
    with opened(program) as database, database.lock(session.id, wait=0):
        done = program.run("sessions", name, session.id, *rest)
        assert (done.code, done.out) == (9, "")
        assert "is in use" in done.err
        assert "hint:" in done.err
        assert database.read(lambda tx: sessions.find(tx, session.id)) == session
