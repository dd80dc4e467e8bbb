"""Texts: whatever can be said comes back as it was said."""

from __future__ import annotations

from contextlib import closing
from functools import partial

from agentctl.errors import StorageError
from agentctl.messages import Message, ToolCall, ToolResult, user
from agentctl.store import sessions, toolcalls
from agentctl.store.base import Transaction
from agentctl.store.toolcalls import Allowed, Ended, Round
from agentctl.testing.conformance.check import Store, check, expect, refused

_TEXTS = (
    "",
    " \t\r\n ",
    "a\0b\0",
    "\x1a0 \x1a1 \x1a\x1a \x01\x7f\x85",
    """'; DROP TABLE messages; -- "quoted" `\\` %s %(x)s :id $1 ? {}""",
    "naïve Ærøskøbing 日本語 한국어 עברית عربى",
    "e\u0301 is not \u00e9; \u202eright to left\u202c; \ufeff\ufffe\uffff",
    "👩\u200d👩\u200d👧 🏳\ufe0f\u200d🌈 \U0010ffff",
)
_LONG = "1 MB of Ünïcode. " * 60_000


@check()
def any_text_comes_back(store: Store) -> None:
    """Any text of a message comes back as it was, also U+0000, quotes, half characters and 1 MB."""
    wanted = [*_TEXTS, _LONG, "half a character: \ud83d"]
    with closing(store.open()) as database:
        session = start = database.write(sessions.create)
        for text in wanted:
            session, _ = database.write(partial(sessions.append, session=session, message=user(text)))
        thread = database.read(partial(sessions.thread, session=session))
        expect([stored.message.text for stored in thread], wanted, "the texts")
        expect(database.read(partial(sessions.get, session_id=start.id)), session, "where the session stands")


@check()
def any_output_of_a_tool_comes_back(store: Store) -> None:
    """What tools were asked and brought comes back as it was, also U+0000 and what quotes a statement."""
    with closing(store.open()) as database:
        for number, text in enumerate((*_TEXTS, _LONG)):
            found = database.write(partial(_run_a_tool, number=number, text=text))
            expect(found, text, "the output of a tool")


@check()
def any_name_comes_back(store: Store) -> None:
    """A session is found by any name that can be printed, and by no other that looks like it."""
    wanted = [
        "it's",
        'a "b" %s',
        "100%",
        "under_score",
        "ünïcode 日本語",
        "👩👩👧",
        "Case",
        "case",
        "e\u0301",
        "\u00e9",
    ]
    with closing(store.open()) as database:
        made = [database.write(partial(sessions.create, name=name)) for name in wanted]
        found = [database.read(partial(sessions.find, reference=name)) for name in wanted]
        expect([one.id for one in found], [one.id for one in made], "the sessions of the names")
        expect([one.name for one in found], wanted, "the names")


@check()
def drafts_are_kept_in_order(store: Store) -> None:
    """The pieces of a draft come back in their order, whole characters or not, until it is closed."""
    pieces = [*_TEXTS, "\ud83d", "\ude00"]
    with closing(store.open()) as database:
        session = database.write(sessions.create)
        database.write(partial(sessions.open_draft, session=session, run_id="run"))
        for seq in reversed(range(len(pieces))):
            database.write(partial(sessions.add_draft, run_id="run", seq=seq, chunk=pieces[seq]))
        (draft,) = database.read(sessions.drafts)
        expect((draft.session, draft.chunks), (session, pieces), "the draft")
        database.write(partial(sessions.close_draft, run_id="run"))
        expect(database.read(sessions.drafts), [], "the drafts after it was closed")


@check()
def what_does_not_fit_is_refused(store: Store) -> None:
    """A value that no column can hold is a StorageError, never another value, and what follows works."""
    with closing(store.open()) as database:
        session = database.write(partial(sessions.create, name="before"))
        for now, title in ((2**63, None), (1, "\ud800")):
            work = partial(_touch, session_id=session.id, now=now, title=title)
            refused(StorageError, partial(database.write, work), f"the values {now} and {title!r}")
        expect(database.read(partial(sessions.get, session_id=session.id)), session, "the session")


def _touch(tx: Transaction, session_id: str, now: int, title: str | None) -> None:
    tx.one("sessions.touch", id=session_id, now=now, title=title)


def _run_a_tool(tx: Transaction, number: int, text: str) -> str | None:
    session = sessions.create(tx)
    call = ToolCall(f"call {number}", "tool", text)
    session, _ = sessions.append(tx, session, Message("assistant", (call,)))
    around = Round(f"run-{number}", session)
    toolcalls.ask(tx, around, [call])
    toolcalls.start(tx, around.run_id, 0, Allowed("read", text, text, "user"))
    toolcalls.end(tx, around.run_id, 0, Ended("finished", "cut", text), kept=True)
    toolcalls.conclude(tx, around, [ToolResult(call.id, "cut")])
    return toolcalls.output(tx, session.id, toolcalls.handle(around.run_id, 0))


CHECKS = (
    any_text_comes_back,
    any_output_of_a_tool_comes_back,
    any_name_comes_back,
    drafts_are_kept_in_order,
    what_does_not_fit_is_refused,
)
