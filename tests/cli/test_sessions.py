"""`agentctl sessions`, run as a program over a database that a test has filled."""

from __future__ import annotations

import json
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from support.program import Program

from agentctl.economy import ledger
from agentctl.economy.ledger import Call
from agentctl.messages import Attachment, Message, Text, Thinking, user
from agentctl.store import sessions
from agentctl.store.base import Transaction
from agentctl.store.open import connect
from agentctl.store.sessions import Session
from agentctl.usage import Usage

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"


def fill(program: Program, *names: str | None) -> list[str]:
    """Store sessions of one question and one answer each, and return their ids; the first one's cost is unknown."""
    with closing(connect(f"sqlite:///{program.home}/.local/share/agentctl/agentctl.db")) as database:
        return [database.write(lambda tx, name=name: _fill(tx, name)).id for name in names]  # type: ignore[misc]


def _fill(tx: Transaction, name: str | None) -> Session:
    session = sessions.create(tx, name)
    question = user("why?\nbecause \x1b[31mred", Attachment("a.png", "image/png", b"\0" * 7))
    answer = Message("assistant", (Thinking("hm"), Text("so\ud800")), "openai/gpt", "cancelled")
    session, _ = sessions.append(tx, session, question)
    session, _ = sessions.append(tx, session, answer, status="partial")
    for number, cost in enumerate([Decimal("0.25"), None if name == "unknown" else Decimal("0.000001")]):
        call = Call(f"{session.id} {number}", session.id, "openai", "gpt")
        ledger.charge(tx, call, Usage(1, output=2), cost, "final", None, None)
    return session


def document(program: Program, *args: str) -> Any:
    """The JSON document of a command that succeeds, which its schema describes."""
    done = program.run("sessions", *args, "--json")
    assert (done.code, done.err) == (0, "")
    schema = json.loads((SCHEMAS / f"sessions-{args[0]}.json").read_text())
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(done.json)
    return done.json


def test_a_new_home_has_no_sessions(program: Program) -> None:
    """Where nothing was ever said the list is empty, and that is no error."""
    assert document(program, "list") == []


def test_the_list_is_newest_first(program: Program) -> None:
    """The list has every session, the one used last first, with its messages counted and its exact cost."""
    unknown, named = fill(program, "unknown", "a name")
    first, second = document(program, "list")
    moment = first.pop("updated_at")
    assert [first.pop(name) for name in ("created_at", "cursor")]
    assert first == {
        "id": named,
        "name": "a name",
        "title": "why? because \N{REPLACEMENT CHARACTER}[31mred",
        "tags": [],
        "deleted_at": None,
        "messages": 2,
        "cost_usd": "0.250001",
        "cost_known_usd": "0.250001",
    }
    assert (second["id"], second["cost_usd"], second["cost_known_usd"]) == (unknown, None, "0.25")
    assert second["updated_at"] < moment


def test_a_table_for_people(program: Program) -> None:
    """Without --json the list is a table, an unknown cost is no number, and what is left out is said."""
    ids = fill(program, "unknown", None)
    done = program.run("sessions", "list")
    lines = [line.split("\t") for line in done.out.splitlines()]
    assert (done.code, done.err) == (0, "")
    assert [(line[0], line[1], *line[3:]) for line in lines] == [
        ("id", "name", "messages", "cost", "tags"),
        (ids[1], "why? because \N{REPLACEMENT CHARACTER}[31mred", "2", "$0.25", ""),
        (ids[0], "unknown", "2", "$0.25 + unknown", ""),
    ]
    done = program.run("sessions", "list", "-n", "1")
    assert len(done.out.splitlines()) == 2
    assert "--limit" in done.err


def test_many_sessions(program: Program) -> None:
    """The table shows the newest 50, JSON all of them, and --limit decides for both."""
    fill(program, *[None] * 60)
    assert len(program.run("sessions", "list").out.splitlines()) == 51
    assert len(program.run("sessions", "list", "--limit", "70").out.splitlines()) == 61
    assert len(document(program, "list")) == 60
    assert len(document(program, "list", "--limit", "10")) == 10


def test_a_conversation_in_full(program: Program) -> None:
    """A conversation is shown with its cost, and each message with its text, who wrote it and how it ended."""
    (session_id,) = fill(program, "unknown")
    shown = document(program, "show", session_id)
    assert (shown["id"], shown["name"], shown["cost_usd"], shown["cost_known_usd"]) == (
        session_id,
        "unknown",
        None,
        "0.25",
    )
    question, answer = shown["messages"]
    assert (question["role"], question["status"], question["text"]) == ("user", "final", "why?\nbecause \x1b[31mred")
    assert question["attachments"] == [{"name": "a.png", "media_type": "image/png", "size": 7}]
    assert (answer["role"], answer["status"], answer["text"]) == ("assistant", "partial", "so\ud800")
    assert (answer["model"], answer["stop_reason"], answer["thinking"]) == ("openai/gpt", "cancelled", "hm")
    assert question["created_at"] <= answer["created_at"] <= shown["updated_at"]


@pytest.mark.parametrize("reference", ["a name", "prefix"])
def test_what_a_user_may_call_it(program: Program, reference: str) -> None:
    """A session is shown by its name or the beginning of its id, too."""
    (session_id,) = fill(program, "a name")
    meant = session_id[:10] if reference == "prefix" else reference
    assert document(program, "show", meant)["id"] == session_id


def test_a_conversation_to_read(program: Program) -> None:
    """Without --json a conversation reads from top to bottom, with what is incomplete marked."""
    fill(program, "a name")
    done = program.run("sessions", "show", "a name")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("a name: 2 messages, $0.25\n")
    assert "[a.png, image/png, 7 bytes]\nwhy?\nbecause" in done.out
    assert " · partial\nso" in done.out


def test_a_conversation_gets_a_name(program: Program) -> None:
    """It goes by its new name from then on, `chat -r` too, and an empty name takes it away."""
    (session_id,) = fill(program, None)
    assert document(program, "rename", session_id, "my project") == {"id": session_id, "name": "my project"}
    assert document(program, "show", "my project")["id"] == session_id
    done = program.run("sessions", "rename", "my project", "")
    assert (done.code, done.out, done.err) == (0, "", f"{session_id} has no name\n")
    assert program.run("sessions", "show", "my project").code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "nobody"],
        ["show", ""],
        ["list", "--limit", "0"],
        ["list", "--limit", "9223372036854775807"],
        ["show"],
        ["rename", "nobody", "name"],
        ["rename", "nobody"],
    ],
)
def test_what_makes_no_sense(program: Program, arguments: list[str]) -> None:
    """A session that is not there, or a missing argument, is a usage error with a hint."""
    done = program.run("sessions", *arguments)
    assert (done.code, done.out) == (2, "")
    assert "error:" in done.err
    assert "hint:" in done.err


def test_a_relative_data_directory(program: Program) -> None:
    """A data directory that is given relative to the working directory is there and nowhere else."""
    assert program.run("sessions", "list", "--json", env={"AGENTCTL_DATA_DIR": "data"}).json == []
    assert (program.home / "data" / "agentctl.db").exists()


def test_a_damaged_database(program: Program) -> None:
    """A damaged database is a storage error with a hint, and stays as it is."""
    fill(program, "a name")
    path = program.home / ".local/share/agentctl/agentctl.db"
    damaged = path.read_bytes()[:4096] + b"\xa5" * 100_000
    path.write_bytes(damaged)
    done = program.run("sessions", "list")
    assert (done.code, done.out) == (9, "")
    assert "damaged" in done.err
    assert "hint:" in done.err
    assert path.read_bytes() == damaged
