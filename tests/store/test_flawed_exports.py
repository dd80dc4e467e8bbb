"""Exports of what is damaged or missing: they have what is left, mark what is not, and tell of it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from support.exports import imported
from support.talks import converse, go_on

from agentctl.exchange import html, jsonl, markdown
from agentctl.exchange.transcript import transcript
from agentctl.messages import user
from agentctl.store import sessions
from agentctl.store.base import Database
from agentctl.store.open import connect


def spoil(url: str, *statements: str) -> None:
    """Change the file behind the program's back."""
    with closing(sqlite3.connect(Path(url.removeprefix("sqlite:///")))) as raw, raw:
        raw.execute("DROP TRIGGER messages_are_not_updated")
        raw.execute("DROP TRIGGER messages_are_not_deleted")
        for statement in statements:
            raw.execute(statement)


def lines(database: Database, session_id: str) -> tuple[bytes, list[str]]:
    """The export, and what was told."""
    told: list[str] = []
    return database.read(lambda tx: b"".join(jsonl.export(tx, [session_id], told.append))), told


def document(database: Database, session_id: str, form: object) -> tuple[str, list[str]]:
    """The document, and what was told."""
    told: list[str] = []
    export = html.export if form is html else markdown.export
    data = database.read(lambda tx: b"".join(export([transcript(tx, session_id, told.append)])))
    return data.decode(), told


def test_missing_messages_are_marked(url: str) -> None:
    """A hole and an end that lacks are told, stand in the documents, and make an export that is not imported."""
    with closing(connect(url)) as one:
        session = one.write(lambda tx: converse(tx, *map(str, range(7)))).id
        spoil(url, "DELETE FROM messages WHERE seq IN (2, 3, 6)")
        data, told = lines(one, session)
        assert told == [
            f"session {session}: messages 3\N{EN DASH}4 are missing",
            f"session {session}: message 7 is missing",
        ]
        assert json.loads(data.splitlines()[-1])["messages"] == data.count(b'"type":"message"') == 4
        for form in (html, markdown):
            text, told = document(one, session, form)
            assert len(told) == 2
            assert "Messages 3\N{EN DASH}4" in text
            assert "Message 7" in text
            assert "missing" in text


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("DELETE FROM branches WHERE parent_branch_id IS NOT NULL", "active branch is missing"),
        ("DELETE FROM branches WHERE parent_branch_id IS NULL", "hang in the air"),
        ("UPDATE branches SET parent_branch_id = id WHERE parent_branch_id IS NOT NULL", "hang in the air"),
    ],
)
def test_missing_branches_are_told(url: str, statement: str, what: str) -> None:
    """Messages that no branch leads to are told of, and the file has as many as it says."""
    with closing(connect(url)) as one:
        session = one.write(lambda tx: converse(tx, "root", "left"))
        before = one.read(lambda tx: sessions.rows(tx, session.id))[0]
        place = sessions.after(session, session.branch_id, before["id"], 0)
        fork = one.write(lambda tx: go_on(tx, place, "right"))
        one.write(lambda tx: sessions.switch(tx, fork, fork))
        spoil(url, statement)
        data, told = lines(one, session.id)
        assert any(what in one for one in told)
        assert any("on no branch" in one for one in told)
        assert json.loads(data.splitlines()[-1])["messages"] == data.count(b'"type":"message"')
        text, told = document(one, session.id, html)
        assert told
        assert "missing" in text


@pytest.mark.parametrize("body", ["{ ", "[" * 5000, '{"role": "user", "parts": [{"type": "text", "text": 5}]}', "\x00"])
def test_a_body_that_is_no_message_is_exported_as_damaged(url: str, body: str) -> None:
    """One whose checksum is right and that makes no sense goes out as text, is told, and comes in as damaged."""
    with closing(connect(url)) as one, closing(connect(":memory:")) as other:
        session = one.write(lambda tx: converse(tx, "a")).id
        digest = sha256(body.encode()).hexdigest()
        quoted = f"CAST(X'{body.encode().hex()}' AS TEXT)"
        spoil(url, f"UPDATE messages SET body = {quoted}, body_sha256 = '{digest}'")
        data, told = lines(one, session)
        assert len(told) == 1
        assert "is damaged" in told[0]
        fields = json.loads(data.splitlines()[2])
        assert (fields["damaged"], fields["text"]) == (True, body)
        imported(other, data)
        assert lines(other, session)[0] == data
        text, told = document(one, session, markdown)
        assert "This message is damaged" in text
        assert len(told) == 1


@pytest.mark.parametrize("record", ["garbage", "[1]", "[" * 5000, '{"cost": {"known_pusd": "x"}}', '{"cost": 5}'])
def test_a_record_that_is_garbage_does_no_harm(url: str, record: str) -> None:
    """What was imported beside a session or message and is damaged is left out, and that is told."""
    with closing(connect(url)) as one, closing(connect(":memory:")) as other:
        session = one.write(lambda tx: converse(tx, "a")).id
        spoil(
            url,
            f"INSERT INTO imports SELECT session_id, id, 'x', '{record}' FROM messages",
            f"INSERT INTO imports SELECT id, '', 'x', '{record}' FROM sessions",
        )
        data, told = lines(one, session)
        assert len(told) == (0 if record.startswith("{") else 2)
        assert json.loads(data.splitlines()[1])["cost"] == {"known_pusd": 0, "unknown_calls": 0}
        imported(other, data)
        document(one, session, html)


def test_nothing_untrusted_is_markup_in_markdown() -> None:
    """Tags in the line of facts are escaped, and no control character gets through from anywhere."""
    with closing(connect(":memory:")) as database:
        session = database.write(lambda tx: converse(tx, user("a\x1b[31m\r\nb\u202e"), name="n")).id
        database.write(lambda tx: tx.execute("exchange.add_tag", tag="<b>[x](y)", session_id=session))
        text, told = document(database, session, markdown)
        assert "\\<b\\>\\[x\\](y)" in text
        assert not set("\x1b\r\u202e") & set(text)
        assert "\nb" in text
        assert not told
