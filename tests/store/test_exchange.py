"""Exports in JSON Lines: all of a session comes back, any change of the file is seen, and nothing is taken in twice."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.exports import exported, imported, resealed, whole
from support.parts import MESSAGES
from support.talks import converse, go_on

from agentctl.economy import ledger
from agentctl.errors import UsageError
from agentctl.exchange import html, markdown
from agentctl.exchange.transcript import transcript
from agentctl.messages import Attachment, Message, ToolCall, ToolResult, user
from agentctl.store import search, sessions
from agentctl.store.base import Database, Transaction
from agentctl.store.open import connect
from agentctl.store.search.finding import find
from agentctl.store.search.query import parse


def branched(tx: Transaction, said: list[Message], forks: list[int]) -> None:
    """Store a session that begins with `said` and forks at some of its messages."""
    places = [sessions.create(tx, "a name")]
    for message in said:
        places.append(go_on(tx, places[-1], message))
    for number, fork in enumerate(forks):
        place = places[fork % len(places)]
        places.append(go_on(tx, place, f"fork {number}"))


@settings(max_examples=50)
@given(st.lists(st.tuples(st.lists(MESSAGES, max_size=4), st.lists(st.integers(0, 9), max_size=3)), max_size=3))
def test_what_is_exported_comes_back(conversations: list[tuple[list[Message], list[int]]]) -> None:
    """An export that was imported into an empty database is exported again byte by byte; again, it adds nothing."""
    with closing(connect(":memory:")) as one, closing(connect(":memory:")) as other:
        for said, forks in conversations:
            one.write(lambda tx, said=said, forks=forks: branched(tx, said, forks))  # type: ignore[misc]
        data = exported(one)
        assert sum(stored.messages for stored in imported(other, data, keep=False)) == data.count(b'"type":"message"')
        assert exported(other).count(b"\n") == 2
        assert all(stored.new for stored in imported(other, data))
        assert exported(other) == data
        assert not any(stored.new or stored.messages for stored in imported(other, data))
        assert exported(other) == data
        assert other.check() == []


def test_all_of_a_session_is_kept() -> None:
    """Tags, branches, names, times and what it cost are told; costs are not charged where it is imported."""
    with closing(connect(":memory:")) as one, closing(connect(":memory:")) as other:
        data = whole(one)
        session = json.loads(data.splitlines()[1])
        assert (session["name"], session["title"], session["tags"]) == ("n", "question", ["t"])
        assert [branch["fork_seq"] for branch in session["branches"]] == [0, 2]
        assert session["cost"] == {"known_pusd": 250_000_000_000, "unknown_calls": 1}
        imported(other, data)
        assert exported(other) == data
        assert other.read(lambda tx: ledger.session_cost(tx, session["id"])).known == 0
        found = other.read(lambda tx: sessions.get(tx, session["id"]))
        assert found == one.read(lambda tx: sessions.get(tx, session["id"]))
        assert search.catch_up(other) == 4
        assert len(other.read(lambda tx: find(tx, parse("way"), 9))) == 2


def test_a_session_that_went_on_is_brought_up_to_date() -> None:
    """What was said since the last import is added, and what it cost since is known; what went on here stays."""
    with closing(connect(":memory:")) as one, closing(connect(":memory:")) as other:
        session = one.write(lambda tx: converse(tx, "a"))
        imported(other, exported(one))
        session = one.write(lambda tx: go_on(tx, session, "b", "c"))
        (stored,) = imported(other, exported(one))
        assert (stored.new, stored.messages) == (False, 2)
        assert exported(other) == exported(one)
        other.write(lambda tx: go_on(tx, session, "d"))
        before = exported(other)
        assert [stored.messages for stored in imported(other, exported(one))] == [0]
        assert exported(other) == before
        one.write(lambda tx: go_on(tx, session, "e"))
        with pytest.raises(UsageError, match="went on in another way here, from its message 4 on") as caught:
            imported(other, exported(one))
        assert caught.value.hint
        assert exported(other) == before


@given(st.data())
@settings(max_examples=60)
def test_a_file_that_was_changed_anywhere_is_refused(data: st.DataObject) -> None:
    """A byte that was changed, taken out or put in, or an end that lacks, is seen, and nothing is kept."""
    with closing(connect(":memory:")) as one, closing(connect(":memory:")) as other:
        good = whole(one)
        place = data.draw(st.integers(0, len(good) - 1))
        changed = data.draw(
            st.sampled_from(
                [
                    good[:place],
                    good[:place] + good[place + 1 :],
                    good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :],
                    good[:place] + b"0" + good[place:],
                ]
            )
        )
        with pytest.raises(UsageError) as caught:
            imported(other, changed)
        assert caught.value.hint
        assert "line " in caught.value.message or "no export" in caught.value.message
        assert exported(other).count(b"\n") == 2


def moved(data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    return b"".join([*lines[:2], lines[3], lines[2], *lines[4:]])


FORGED: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a line taken out": (
        lambda data: b"".join(data.splitlines(keepends=True)[:3] + data.splitlines(keepends=True)[4:]),
        "line 4",
    ),
    "a line twice": (
        lambda data: b"".join(data.splitlines(keepends=True)[:3] + data.splitlines(keepends=True)[2:]),
        "line 4",
    ),
    "lines in another order": (moved, "line 3"),
    "another body": (
        lambda data: resealed(data, 2, lambda fields: fields.update(body={"role": "user", "parts": []})),
        "line 3 has a message that differs",
    ),
    "another role": (
        lambda data: resealed(data, 2, lambda fields: fields.update(role="assistant")),
        "line 3 has a message of another role",
    ),
    "no time": (
        lambda data: resealed(data, 2, lambda fields: fields.pop("created_at")),
        "line 3 has no such created_at",
    ),
    "a truth for a number": (
        lambda data: resealed(data, 1, lambda fields: fields.update(created_at=True)),
        "line 2 has no such created_at",
    ),
    "a record of nothing": (
        lambda data: resealed(data, 2, lambda fields: fields.update(imported={"source": 3})),
        "line 3 has no such imported",
    ),
    "a cost of text": (
        lambda data: resealed(data, 1, lambda fields: fields.update(cost={"known_pusd": "1"})),
        "line 2",
    ),
    "another count": (
        lambda data: resealed(data, 6, lambda fields: fields.update(messages=9)),
        "line 7 tells of more or less",
    ),
    "another version": (
        lambda data: resealed(data, 0, lambda fields: fields.update(version=2)),
        "no export that this program knows",
    ),
}


@pytest.mark.parametrize(("forge", "why"), FORGED.values(), ids=FORGED)
def test_what_makes_no_sense_is_refused(forge: Callable[[bytes], bytes], why: str) -> None:
    """A file whose lines are sound and that is none all the same is refused with its line, and nothing is kept."""
    with closing(connect(":memory:")) as one, closing(connect(":memory:")) as other:
        with pytest.raises(UsageError, match=why):
            imported(other, forge(whole(one)))
        assert exported(other).count(b"\n") == 2


def test_ids_of_something_else_are_refused() -> None:
    """A message or branch of another content under the same id is a clash, and nothing of its session is added."""
    with closing(connect(":memory:")) as one, closing(connect(":memory:")) as other:
        data = whole(one)
        imported(other, data)
        session = json.loads(data.splitlines()[1])
        (second,) = [other.write(lambda tx: converse(tx, "else")).id]
        elsewhere = resealed(data, 1, lambda fields: fields.update(id="0" * 26, name="forged"))
        before = exported(other)
        with pytest.raises(UsageError, match=f"another branch has the id {session['branches'][0]['id']}"):
            imported(other, elsewhere)
        assert exported(other) == before
        assert second in before.decode()


def test_damaged_messages_come_along(url: str) -> None:
    """A message whose checksum differs is exported as it is, told so, and comes back as damaged as it was."""
    with closing(connect(url)) as one, closing(connect(":memory:")) as other:
        session = one.write(lambda tx: converse(tx, "a", "b"))
        with closing(sqlite3.connect(Path(url.removeprefix("sqlite:///")))) as raw, raw:
            raw.execute("DROP TRIGGER messages_are_not_updated")
            raw.execute("UPDATE messages SET body = '{ ' WHERE seq = 1")
        data = exported(one)
        imported(other, data)
        assert exported(other) == data
        for document in (html, markdown):
            text = one.read(lambda tx, form=document: b"".join(form.export([transcript(tx, session.id)])))  # type: ignore[misc]
            assert b"This message is damaged." in text


def test_a_body_in_another_form_of_json_is_kept(url: str) -> None:
    """A message that was stored with other blanks is exported as text, so that its checksum stays true."""
    with closing(connect(url)) as one, closing(connect(":memory:")) as other:
        one.write(lambda tx: converse(tx, "a"))
        with closing(sqlite3.connect(Path(url.removeprefix("sqlite:///")))) as raw, raw:
            raw.execute("DROP TRIGGER messages_are_not_updated")
            body = '{"role": "user", "parts": []}'
            raw.execute("UPDATE messages SET body = ?, body_sha256 = ?", [body, sha256(body.encode()).hexdigest()])
        data = exported(one)
        assert json.loads(data.splitlines()[2])["text"] == body
        imported(other, data)
        assert exported(other) == data


def document(form: object, *said: Message | str) -> str:
    with closing(connect(":memory:")) as database:
        session = database.write(lambda tx: converse(tx, *said, name="<b>name</b>"))
        exporter = html.export if form is html else markdown.export
        return database.read(lambda tx: b"".join(exporter([transcript(tx, session.id)]))).decode()


@given(MESSAGES)
def test_html_has_nothing_but_text(message: Message) -> None:
    """Whatever was said, the tags in the document are ours."""
    text = document(html, message, "<script>alert(1)</script> & \x1b[31m \u202e")
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp;" in text
    assert "&lt;b&gt;name&lt;/b&gt;" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "default-src 'none'" in text
    assert "color-scheme" in text


def test_html_keeps_code_and_images() -> None:
    """A block of code is preformatted, an image is in the document, and another file is named."""
    text = document(
        html,
        "see:\n```python\nif a < b:\n    pass\n```\nbehind",
        user("", Attachment("p.png", "image/png", b"\x89PNG"), Attachment("d.svg", "image/svg+xml", b"<svg/>")),
        Message("assistant", (ToolCall("1", "run", '{"a": "<"}'),)),
        Message("tool", (ToolResult("1", "<out>", is_error=True),)),
    )
    assert "<pre><code>if a &lt; b:\n    pass</code></pre>" in text
    assert "<p>behind</p>" in text
    assert 'src="data:image/png;base64,iVBORw=="' in text
    assert "image/svg+xml, 6 bytes" in text
    assert text.count("data:image") == 1
    assert "<p>Failed:</p>\n<pre><code>&lt;out&gt;</code></pre>" in text


def test_markdown_keeps_what_was_said() -> None:
    """What was said stands as it was said, headings can't be forged by names, and results are fenced."""
    text = document(
        markdown,
        "# a *b*",
        user("", Attachment("a_b.txt", "text/plain", b"x")),
        Message("tool", (ToolResult("1", "a\n````\nb"),)),
    )
    assert text.startswith("# \\<b\\>name\\</b\\>\n")
    assert "\n# a *b*\n" in text
    assert "Attached: a\\_b.txt (text/plain, 1 bytes)" in text
    assert "`````\na\n````\nb\n`````" in text


def test_a_document_is_of_the_active_branch() -> None:
    """Of a session that forked, what is read is its active branch, from the root on."""
    with closing(connect(":memory:")) as database:
        session = database.write(lambda tx: converse(tx, "root"))
        database.write(lambda tx: go_on(tx, session, "active"))
        database.write(lambda tx: go_on(tx, session, "aside"))
        text = database.read(lambda tx: b"".join(markdown.export([transcript(tx, session.id)]))).decode()
        assert "root" in text
        assert "active" in text
        assert "aside" not in text


def test_backends_take_from_each_other(database: Database) -> None:
    """What one backend exports another imports, and exports again as the same file."""
    with closing(connect(":memory:")) as other:
        data = whole(other)
        assert [stored.messages for stored in imported(database, data)] == [4]
        assert exported(database) == data
        assert [stored.messages for stored in imported(database, data)] == [0]
        assert imported(database, data, keep=False)[0].new is False
        assert search.catch_up(database) == 4
        assert len(database.read(lambda tx: find(tx, parse("way"), 9))) == 2
        session = json.loads(data.splitlines()[1])
        document = database.read(lambda tx: b"".join(markdown.export([transcript(tx, session["id"])])))
        assert b"openai/gpt" in document
        with pytest.raises(UsageError, match="another branch"):
            imported(database, resealed(data, 1, lambda fields: fields.update(id="0" * 26)))
