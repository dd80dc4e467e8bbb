"""What is rated: an answer of a conversation, and what is said of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agentctl.cli.figures import rfc3339
from agentctl.cli.render import plain
from agentctl.errors import UsageError
from agentctl.ids import new_id
from agentctl.store import outcomes, sessions
from agentctl.store.base import Transaction
from agentctl.store.outcomes import Outcome

USER = "user"
"""Who rates, where no grader is named."""
VERSION = "1"
_WORDS = {"good": 1.0, "bad": 0.0}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, and the question that it is to."""

    session_id: str
    message_id: str
    prompt: str
    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of an answer: how good it is, from 0 to 1, by whom, and why."""

    value: float
    grader: str = USER
    version: str = VERSION
    note: str | None = None


def find(tx: Transaction, reference: str, message: str | None) -> Answer:
    """Return the answer that a user means: the last one of a conversation, or the one whose id is given or begun.

    Raises:
        UsageError: there is none.
    """
    session = sessions.find(tx, reference)
    place = session if message is None else sessions.locate(tx, session, message)
    thread = sessions.thread(tx, place)
    while thread and message is None and thread[-1].message.role != "assistant":
        thread.pop()
    if not thread or thread[-1].message.role != "assistant":
        what = "has no answer yet" if message is None else f"has no answer {message!r}: that is something else"
        raise UsageError(
            f"session {session.id} {what}", hint=f"`agentctl sessions show {session.id} --json` has the ids of answers"
        )
    questions = [stored.message.text for stored in thread if stored.message.role == "user"]
    return Answer(session.id, thread[-1].id, questions[-1] if questions else "", thread[-1].message.text)


def say(tx: Transaction, answer: Answer, said: Said) -> Outcome:
    """Record what is said of an answer."""
    note = said.note and said.note.encode("utf-8", "replace").decode()
    outcome = Outcome(
        new_id(), answer.session_id, answer.message_id, said.grader, said.version, said.value, note, sessions.now()
    )
    outcomes.add(tx, outcome)
    return outcome


def read_rating(text: str) -> float:
    """Read a rating.

    Raises:
        UsageError: it is none.
    """
    try:
        value = _WORDS[text] if text in _WORDS else float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise UsageError(f"{text[:40]!r} is no rating", hint="it is good, bad, or a number from 0 to 1")
    return value


def document(outcome: Outcome) -> dict[str, Any]:
    """An outcome in JSON output."""
    return {"id": outcome.id, "session_id": outcome.session_id, "message_id": outcome.message_id, **rating(outcome)}


def rating(outcome: Outcome) -> dict[str, Any]:
    """What an outcome says, in JSON output that is about its message."""
    return {
        "grader": outcome.grader,
        "version": outcome.version,
        "value": outcome.value,
        "note": outcome.note,
        "created_at": rfc3339(outcome.at),
    }


def told(outcome: Outcome) -> str:
    """What an outcome says, in a line."""
    return f"rated {outcome.value:g} by {outcome.grader}{f': {plain(outcome.note)}' if outcome.note else ''}"


def by_message(found: Iterable[Outcome]) -> Mapping[str, list[Outcome]]:
    """Outcomes by the message that they are of."""
    grouped: defaultdict[str, list[Outcome]] = defaultdict(list)
    for outcome in found:
        grouped[outcome.message_id].append(outcome)
    return grouped
