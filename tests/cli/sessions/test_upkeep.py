"""`agentctl sessions verify`, `stats` and `gc`: what there is, whether it is sound, and what is of no use."""

from __future__ import annotations

import json
from pathlib import Path

from support.conversations import database_file, document, opened, spoil, talk
from support.privileges import run_unprivileged
from support.program import Program
from support.schemas import validate

from agentctl.store import sessions


def scripted(program: Program, tmp: Path) -> str:
    """The name of a model that says ok, at most three times in a conversation."""
    script = tmp / "ok.jsonl"
    script.write_text('{"type": "text", "text": "ok"}\n{"type": "done"}\n' * 3)
    return f"scripted/{script}"


def test_nothing_is_wrong(program: Program) -> None:
    """A home without a database and a sound one leave with 0, and it is said how much was read."""
    assert document(program, "verify") == {"sessions": 0, "findings": []}
    assert program.run("sessions", "verify", "nobody").code == 2
    session = talk(program, "a", "b")
    program.run("sessions", "delete", talk(program, "c").id)
    assert document(program, "verify") == {"sessions": 2, "findings": []}
    assert program.run("sessions", "verify").err == "2 conversations are sound\n"
    assert document(program, "verify", session.id)["sessions"] == 1


def test_damage_is_found_and_set_aside(program: Program, tmp_path: Path) -> None:
    """A damaged message stops its conversation, which goes on once that is set aside; and each step says so."""
    session = talk(program, "first", "answer", "second", "end", name="s")
    damaged = document(program, "show", "s")["messages"][1]["id"]
    spoil(database_file(program), f"UPDATE messages SET body = 'x' WHERE id = '{damaged}'")
    done = program.run("sessions", "verify", "--json")
    validate("sessions-verify", done.json)
    (finding,) = done.json["findings"]
    assert (done.code, finding["kind"], finding["message_id"]) == (9, "damaged", damaged)
    assert "--quarantine" in done.err
    done = program.run("sessions", "verify", "s")
    assert done.code == 9
    assert done.out.startswith(f"session {session.id}, message {damaged}: damaged: its checksum differs\n")
    model = scripted(program, tmp_path)
    for command in (["sessions", "show", "s"], ["chat", "-r", "s", "-m", model, "go on"], ["sessions", "fork", "s"]):
        done = program.run(*command)
        assert (done.code, done.out) == (9, "")
        assert "agentctl sessions verify --quarantine" in done.err
    assert f"{damaged[:8]}" in program.run("sessions", "show", "s", "--tree").out
    assert document(program, "verify", "--quarantine")["findings"][0]["kind"] == "set_aside"
    done = program.run("sessions", "verify")
    assert (done.code, done.err) == (0, "1 conversation is sound, but for what was set aside\n")
    shown = document(program, "show", "s")["messages"]
    assert (shown[1]["status"], shown[1]["text"]) == ("damaged", f"[message {damaged} is damaged and was set aside]")
    assert "\u00b7 damaged\n" in program.run("sessions", "show", "s").out
    done = program.run("chat", "-r", "s", "-m", model, "go on")
    assert (done.code, done.out) == (0, "ok\n")
    assert f"not sent, as they are damaged and were set aside: {damaged}" in done.err
    assert document(program, "stats")["damaged"] == 1
    done = program.run("sessions", "fork", "s", "--json")
    assert (done.json["messages"], done.json["left_out"]) == (5, [damaged])
    assert f"message {damaged} is damaged and was not copied" in done.err


def test_counts(program: Program, tmp_path: Path) -> None:
    """The counts are those of what is kept: by role, tag, model and month, and what is in the trash."""
    talk(program, "a", "b", "c", name="long")
    program.run("sessions", "tag", "long", "x")
    program.run("sessions", "delete", talk(program, "d").id)
    assert program.run("chat", "-m", scripted(program, tmp_path), "hi").code == 0
    found = document(program, "stats")
    assert (found["sessions"], found["deleted"], found["branches"], found["messages"]) == (2, 1, 3, 6)
    assert (found["by_role"], found["by_tag"]) == ({"assistant": 2, "user": 4}, {"x": 1})
    assert [(one["sessions"], one["calls"]) for one in found["by_model"]] == [(1, 1)]
    assert sum(found["by_day"].values()) == sum(found["by_month"].values()) == 6
    assert (found["longest"][0]["name"], found["longest"][0]["messages"]) == ("long", 3)
    assert found["bytes"] > 100_000
    table = program.run("sessions", "stats").out.splitlines()
    assert {"sessions\t\t2", "messages of\tuser\t4", "messages in\tlong\t3"} <= set(table)


def test_what_is_of_no_use(program: Program) -> None:
    """Old events go and what waits is indexed, but for a dry run, which only counts; conversations stay."""
    talk(program, "a", "b")
    assert program.run("sessions", "search", "a").code == 0  # which indexes them
    before = document(program, "list")
    spoil(
        database_file(program),
        "UPDATE outbox SET at = 5",
        "DELETE FROM search_documents",
        "INSERT INTO search_backlog SELECT id FROM messages",
    )
    counted = {"events": 3, "strays": 2, "backlog": 2, "drafts": 0}
    for arguments, expected in (
        (["--dry-run"], counted),
        ([], counted),
        (["--vacuum"], dict.fromkeys(counted, 0)),
    ):
        found = document(program, "gc", *arguments)
        assert {name: found[name] for name in counted} == expected
    assert document(program, "list") == before
    assert document(program, "verify")["findings"] == []
    assert "0 old events" in program.run("sessions", "gc").err


def test_room_is_given_back(program: Program) -> None:
    """--vacuum makes the file smaller after much was purged."""
    big = talk(program, json.dumps(list(range(100_000))))
    program.run("sessions", "delete", big.id)
    program.run("sessions", "purge", big.id, "--yes")
    found = document(program, "gc", "--vacuum")
    assert found["bytes_after"] < found["bytes"] - 500_000
    assert database_file(program).stat().st_size == found["bytes_after"]


def test_drafts_of_the_dead(program: Program) -> None:
    """A draft whose session is in use is not told to be of a dead process; one that nobody writes is."""
    session = talk(program, "a")
    with opened(program) as database:
        database.write(lambda tx: sessions.open_draft(tx, session, "run"))
        with database.lock(session.id, wait=0):
            assert document(program, "gc", "--dry-run")["drafts"] == 0
        assert document(program, "gc", "--dry-run")["drafts"] == 1
    assert [one["kind"] for one in program.run("sessions", "verify", "--json").json["findings"]] == ["draft"]


def test_an_index_that_is_none_stops_no_purge(program: Program) -> None:
    """A session is purged though the index of words is spoilt, and what is left is found by its words again."""
    gone = talk(program, "alpha")
    talk(program, "alpha too")
    assert program.run("sessions", "search", "alpha").code == 0
    program.run("sessions", "delete", gone.id)
    spoil(database_file(program), "UPDATE search_index_data SET block = X'00ff'")
    assert program.run("sessions", "purge", gone.id, "--yes").code == 0
    assert len(document(program, "search", "alpha")) == 1
    assert document(program, "verify")["findings"] == []


def test_words_that_are_not_indexed(program: Program) -> None:
    """Verify names the command that indexes what is not, and after that nothing is wrong."""
    talk(program, "alpha")
    spoil(database_file(program), "DELETE FROM search_backlog", "DELETE FROM search_documents")
    done = program.run("sessions", "verify")
    assert (done.code, "1 thing is wrong in 1 conversation\n" in done.err) == (9, True)
    assert "agentctl sessions gc" in done.err
    assert document(program, "gc")["backlog"] == 1
    assert document(program, "verify")["findings"] == []
    assert len(document(program, "search", "alpha")) == 1


def test_where_nothing_can_be_written(program: Program) -> None:
    """What only reads works in a directory that can't be written, and what writes says why it does not."""
    session = talk(program, "alpha", name="s")
    assert program.run("sessions", "search", "alpha").code == 0
    directory = database_file(program).parent
    directory.chmod(0o555)
    try:
        for command in (["list"], ["show", "s"], ["verify"], ["search", "alpha"], ["stats"], ["export", "s"]):
            done = run_unprivileged(program, "sessions", *command)
            assert (done.code, command) == (0, command), done.err
        done = run_unprivileged(program, "sessions", "delete", session.id)
        assert (done.code, "agentctl.db is read-only" in done.err) == (9, True)
    finally:
        directory.chmod(0o755)
    assert program.run("sessions", "rename", "s", "t").code == 0
