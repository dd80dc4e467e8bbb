"""`agentctl sessions search`, run as a program over a database that a test has filled."""

from __future__ import annotations

import json
import os
import pty
from contextlib import closing
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from support.program import Program

from agentctl.messages import user
from agentctl.store import sessions
from agentctl.store.base import Transaction
from agentctl.store.open import connect

SCHEMA = Path(__file__).parents[3] / "docs" / "schemas" / "sessions-search.json"


def fill(program: Program, *texts: str) -> str:
    """Store a session of these texts and return its id."""

    def work(tx: Transaction) -> str:
        session = sessions.create(tx, "a name")
        for text in texts:
            session, _ = sessions.append(tx, session, user(text))
        return session.id

    with closing(connect(f"sqlite:///{program.home}/.local/share/agentctl/agentctl.db")) as database:
        return database.write(work)


def test_json_of_what_was_found(program: Program) -> None:
    """Each hit has its session, message, time and snippet with the places of what was found, as its schema says."""
    session_id = fill(program, "the kernel panic", "something else")
    done = program.run("sessions", "search", "KERNEL", "--json")
    assert (done.code, done.err) == (0, "")
    schema = json.loads(SCHEMA.read_text())
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(done.json)
    (hit,) = done.json
    assert hit["session"] == {"id": session_id, "name": "a name", "title": "the kernel panic"}
    assert (hit["role"], hit["snippet"], hit["matches"]) == ("user", "the kernel panic", [[4, 10]])


def test_people_see_the_session_and_the_snippet(program: Program) -> None:
    """A hit is two lines: where, and what."""
    session_id = fill(program, "the kernel\npanic")
    where, what = program.run("sessions", "search", "panic").out.splitlines()
    assert where.startswith(f"{session_id} · a name · user · ")
    assert what == "    the kernel panic"


def test_words_with_a_dash_are_left_out(program: Program) -> None:
    """-word needs no escape wherever it stands, and unknown options are still refused."""
    fill(program, "alpha beta", "alpha gamma")
    for arguments in (
        ["alpha", "-beta"],
        ["-beta", "alpha", "-n", "5"],
        ["-n5", "alpha", "--", "-beta"],
        ["-nada", "alpha", "-beta"],
    ):
        done = (
            program.run("sessions", "search", *arguments, "--json")
            if "--" not in arguments
            else program.run("sessions", "search", "--json", *arguments)
        )
        assert [hit["snippet"] for hit in done.json] == ["alpha gamma"], arguments
    refused = program.run("sessions", "search", "alpha", "--beta")
    assert (refused.code, refused.out) == (2, "")


@pytest.mark.parametrize(
    "arguments",
    [("-alpha",), ('"alpha',), ("!",), ("alpha", "--role", "x"), ("alpha", "--since", "x"), ("a", "--session", "x")],
)
def test_a_bad_query_is_a_usage_error(program: Program, arguments: tuple[str, ...]) -> None:
    """It ends with 2 and a hint."""
    fill(program, "alpha")
    done = program.run("sessions", "search", *arguments)
    assert (done.code, done.out) == (2, "")
    assert "hint:" in done.err


def test_a_new_home_has_nothing_to_find(program: Program) -> None:
    """Where nothing was ever said nothing is found, and no database is made."""
    assert program.run("sessions", "search", "word", "--json").json == []
    assert program.run("sessions", "search", "word").err == "nothing was found\n"
    assert not (program.home / ".local").exists()


def test_a_terminal_shows_what_was_found_in_bold(program: Program) -> None:
    """The words stand out, and control characters of the message do not reach the terminal."""
    fill(program, "the \x1b]0;evil\x07 kernel")
    leader, follower = pty.openpty()
    process = program.start("sessions", "search", "kernel", stdout=follower, stderr=follower)
    os.close(follower)
    assert process.wait(program.patience) == 0
    shown = os.read(leader, 65536).decode()
    os.close(leader)
    assert "\x1b[1mkernel\x1b[0m" in shown
    assert "\x1b]" not in shown
    assert "\x07" not in shown
