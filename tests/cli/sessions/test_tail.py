"""`agentctl sessions tail`, run as a program beside others that store messages."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from support.appender import Appender
from support.program import Program

from agentctl.messages import user
from agentctl.store import sessions
from agentctl.store.base import Transaction
from agentctl.store.open import connect

SCHEMA = Path(__file__).parents[3] / "docs" / "schemas" / "sessions-tail.json"
WRITERS, EACH = (8, 300) if os.environ.get("AGENTCTL_TEST_FULL") else (3, 40)


def url_of(program: Program) -> str:
    return f"sqlite:///{program.home}/.local/share/agentctl/agentctl.db"


def say(program: Program, *texts: str, name: str | None = None) -> str:
    """Store a session of these texts and return its id."""

    def work(tx: Transaction) -> str:
        session = sessions.create(tx, name)
        for text in texts:
            session, _ = sessions.append(tx, session, user(text))
        return session.id

    with closing(connect(url_of(program))) as database:
        return database.write(work)


def line(process: subprocess.Popen[bytes]) -> Any:
    """The next document that it prints."""
    assert process.stdout
    return json.loads(process.stdout.readline())


def stop(process: subprocess.Popen[bytes]) -> tuple[int, bytes, bytes]:
    """Press Ctrl-C; return the code it leaves with and what else it had printed."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_what_is_stored_is_printed_once_in_order(program: Program) -> None:
    """With writers in other processes nothing is missed and nothing comes twice, before and after it begins."""
    ids = [say(program, f"first {number}") for number in range(WRITERS)]
    with ExitStack() as stack:
        writers = [stack.enter_context(Appender(url_of(program), session_id, EACH)) for session_id in ids]
        for writer in writers:
            writer.begin()
        early = [writer.acknowledged(EACH // 4) for writer in writers]
        process = stack.enter_context(program.start("sessions", "tail", "--json", "--since", "1d"))
        told = [early[number] + writer.acknowledged(EACH) for number, writer in enumerate(writers)]
        lines = [line(process) for _ in range(WRITERS * (EACH + 1))]
        assert stop(process) == (130, b"", b"")
    for number, session_id in enumerate(ids):
        mine = [one["message"]["text"] for one in lines if one["session"]["id"] == session_id]
        assert mine == [f"first {number}", *told[number]]


def test_it_begins_with_the_last_or_with_what_comes(program: Program) -> None:
    """-n tells how many of the last messages come first; of one session, only its messages come, as the schema says."""
    one = say(program, "one a", "one b", name="one")
    say(program, "two a")
    with program.start("sessions", "tail", "one", "-n", "1", "--json") as process:
        first = line(process)
        say(program, "three")
        with Appender(url_of(program), one, 1) as writer:
            writer.begin()
            (text,) = writer.acknowledged(1)
        second = line(process)
        assert stop(process) == (130, b"", b"")
    schema = json.loads(SCHEMA.read_text())
    Draft202012Validator.check_schema(schema)
    for document in (first, second):
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(document)
    assert (first["message"]["text"], first["session"]) == ("one b", {"id": one, "name": "one"})
    assert second["message"]["text"] == text


def test_a_reader_who_left_ends_it_quietly(program: Program) -> None:
    """When nobody reads any more it ends by itself, without a word and though nothing is stored."""
    say(program, "text")
    process = program.start("sessions", "tail", "-n", "1", "--json")
    assert line(process)["message"]["text"] == "text"
    assert process.stdout
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr
    assert process.stderr.read() == b""
    process.stderr.close()


def test_people_see_who_said_what(program: Program) -> None:
    """A message has a line of its session and time, and what was said."""
    say(program, "hello\nyou", name="greeting")
    with program.start("sessions", "tail", "-n", "5") as process:
        assert process.stdout
        assert process.stdout.readline().startswith(b"greeting \xc2\xb7 user \xc2\xb7 ")
        assert [process.stdout.readline() for _ in range(3)] == [b"hello\n", b"you\n", b"\n"]
        assert stop(process) == (130, b"", b"")


def test_no_such_session(program: Program) -> None:
    """It is said at once."""
    done = program.run("sessions", "tail", "nothing")
    assert (done.code, done.out) == (2, "")
    assert "hint:" in done.err
