"""`agentctl sessions fork`, `branches`, `switch`, `tag`, and what `show` shows of them."""

from __future__ import annotations

import json

import pytest
from support.conversations import document, opened, say, talk
from support.program import Program

from agentctl.store import sessions
from agentctl.store.sessions import Session


def messages(program: Program, session: Session) -> list[str]:
    """The ids of the messages of a conversation."""
    return [one["id"] for one in document(program, "show", session.id)["messages"]]


def test_a_copy(program: Program) -> None:
    """A copy up to a message has what was said till then, knows where it is from, and both go on apart."""
    session = talk(program, "a", "b", "c", "d", name="first")
    second = messages(program, session)[1]
    document(program, "tag", "first", "draft")
    made = document(program, "fork", "first", "--at", second, "--name", "second")
    assert (made["name"], made["messages"], made["left_out"]) == ("second", 2, [])
    shown = document(program, "show", "second")
    assert [one["text"] for one in shown["messages"]] == ["a", "b"]
    assert shown["forked_from"] == made["forked_from"] == {"session_id": session.id, "message_id": second}
    assert (shown["tags"], shown["title"]) == (["draft"], "a")
    assert document(program, "show", "first")["forked_from"] is None
    done = program.run("sessions", "fork", "first")
    assert [one["text"] for one in document(program, "show", done.out.strip())["messages"]] == ["a", "b", "c", "d"]
    assert "4 messages of first" in done.err


def test_another_way_from_an_earlier_message(program: Program) -> None:
    """After a switch the conversation goes on from there, branches are listed so, and back is a switch as well."""
    session = talk(program, "a", "b", "c", "d")
    second = messages(program, session)[1]
    now = document(program, "switch", session.id, second, "--name", "other")
    assert (now["id"], now["head_id"], now["messages"]) == (session.id, second, 2)
    with opened(program) as database:
        database.write(lambda tx: say(tx, sessions.get(tx, session.id), "e"))
    root, other = document(program, "branches", session.id)
    assert (root["active"], root["messages"], root["own_messages"]) == (False, 4, 4)
    assert (other["name"], other["active"], other["messages"], other["own_messages"]) == ("other", True, 3, 1)
    assert (other["parent_id"], other["forked_after"]) == (root["id"], second)
    assert [one["text"] for one in document(program, "show", session.id)["messages"]] == ["a", "b", "e"]
    assert len(document(program, "show", session.id, "--branch", root["id"])["messages"]) == 4
    assert document(program, "switch", session.id, root["id"])["messages"] == 4
    assert document(program, "show", session.id, "--branch", "other")["messages"][2]["text"] == "e"
    lines = [line.split("\t") for line in program.run("sessions", "branches", session.id).out.splitlines()]
    assert [(line[1], line[4], line[6]) for line in lines] == [
        ("name", "messages", "active"),
        ("", "4", "*"),
        ("other", "3", ""),
    ]
    assert program.run("sessions", "switch", session.id, "other").err.startswith(
        f"{session.id} goes on after 3 messages"
    )


def test_the_ids_that_show_prints_can_be_named(program: Program) -> None:
    """A message goes by the beginning of its id that `show` and `show --tree` print."""
    session = talk(program, "a", "b", "c")
    thread = program.run("sessions", "show", session.id).out
    short = next(line.split(" \u00b7 ")[2] for line in thread.splitlines() if line.startswith("openai/gpt"))
    assert document(program, "switch", session.id, short)["messages"] == 2
    tree = program.run("sessions", "show", session.id, "--tree").out
    assert f"* {short} openai/gpt: b" in tree
    assert document(program, "fork", session.id, "--at", short)["messages"] == 2


def test_a_tree(program: Program) -> None:
    """The tree has the messages of all branches, and marks the active one."""
    session = talk(program, "a", "b", "c")
    document(program, "switch", session.id, messages(program, session)[1], "--name", "other")
    found = document(program, "show", session.id, "--tree")["messages"]
    assert [(one["seq"], one["words"], one["active"]) for one in found] == [
        (0, "a", True),
        (1, "b", True),
        (2, "c", False),
    ]
    head, *lines = program.run("sessions", "show", session.id, "--tree").out.splitlines()
    assert head.endswith(": 3 messages")
    assert lines[1].endswith("openai/gpt: b  [other, active]")


def test_what_is_stored(program: Program) -> None:
    """Raw messages are a line of JSON each, as they are stored."""
    session = talk(program, "a", "b")
    first, second = program.run("sessions", "show", "--raw", session.id).lines
    assert (first["seq"], first["parent_id"], second["parent_id"], first["status"]) == (0, None, first["id"], "final")
    assert json.loads(first["body"])["parts"] == [{"type": "text", "text": "a"}]
    assert (len(first["body_sha256"]), first["branch_id"]) == (64, session.branch_id)


def test_tags(program: Program) -> None:
    """Tags are given and taken, shown in lists, and find their conversations."""
    one, _ = talk(program, "a", name="one"), talk(program, "b", name="two")
    assert document(program, "tag", "one", "y", "x") == {"id": one.id, "tags": ["x", "y"]}
    assert [found["name"] for found in document(program, "list", "--tag", "x")] == ["one"]
    assert document(program, "list", "--tag", "x")[0]["tags"] == ["x", "y"]
    assert program.run("sessions", "show", "one").out.startswith("one: 1 messages, $0 +x +y\n")
    assert program.run("sessions", "tag", "one", "x", "--remove").err == f"{one.id} has the tags y\n"
    assert program.run("sessions", "tag", "one", "y", "--remove").err == f"{one.id} has no tags\n"


def test_pages_of_a_list(program: Program) -> None:
    """A page ends with a cursor that the next one begins after, for people and in JSON, until there is no more."""
    for name in "abcde":
        talk(program, name, name=name)
    first = document(program, "list", "-n", "2")
    second = document(program, "list", "-n", "2", "--cursor", first[-1]["cursor"])
    third = document(program, "list", "-n", "2", "--cursor", second[-1]["cursor"])
    assert [one["name"] for one in (*first, *second, *third)] == ["e", "d", "c", "b", "a"]
    done = program.run("sessions", "list", "-n", "2")
    assert f"--cursor {first[-1]['cursor']}" in done.err
    assert program.run("sessions", "list", "-n", "2", "--cursor", second[-1]["cursor"]).err == ""


def test_filters_of_a_list(program: Program) -> None:
    """A list has what its filters say: by name or title, by model, and by time as `cost` takes it."""
    talk(program, "why is the sky blue?", "so", name=None)
    talk(program, "x", name="plan 9")
    for arguments, number in (
        (["--name", "SKY"], 1),
        (["--name", "plan*"], 1),
        (["--model", "openai/*"], 1),
        (["--since", "1h"], 2),
        (["--until", "1h"], 0),
        (["--since", "2026-01-01", "--name", "nothing like it"], 0),
    ):
        assert len(document(program, "list", *arguments)) == number


@pytest.mark.parametrize(
    "arguments",
    [
        ["fork", "nobody"],
        ["fork", "first", "--at", "nobody"],
        ["fork", "first", "--name", ""],
        ["switch", "first", "nobody"],
        ["switch", "first"],
        ["branches", "nobody"],
        ["show", "first", "--branch", "nobody"],
        ["show", "first", "--tree", "--raw"],
        ["show", "first", "--tree", "--branch", "x"],
        ["tag", "first", "a b"],
        ["tag", "first"],
        ["delete"],
        ["delete", "first", "nobody"],
        ["restore", "first"],
        ["list", "--cursor", "x"],
        ["list", "--since", "soon"],
        ["list", "--since", "1h", "--until", "2h"],
        ["list", "--deleted", "--name", "x"],
        ["verify", "nobody"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense(program: Program, arguments: list[str]) -> None:
    """What is not there, or not said as it should be, is a usage error with a hint, and changes nothing."""
    talk(program, "a", "b", name="first")
    before = document(program, "list")
    done = program.run("sessions", *arguments)
    assert (done.code, done.out) == (2, "")
    assert "error:" in done.err
    assert "hint:" in done.err
    assert document(program, "list") == before
