"""What a model is asked: the messages of a conversation and how it is to answer, as one request.

A turn sends it and an estimate counts it, so that what is estimated is what would be sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from agentctl.context import as_sent, standing
from agentctl.messages import Message, Text, ToolSpec
from agentctl.providers.base import Effort, Request
from agentctl.repair import unsaid
from agentctl.store import sessions
from agentctl.store.base import Transaction
from agentctl.store.sessions import Session, Stored

COLD = 31 * 24 * 3600 * 1_000_000  # µs: longer than any cache lives


@dataclass(frozen=True, slots=True)
class Options:
    """How the model is asked to answer; see `Request`."""

    max_output: int | None = None
    temperature: float | None = None
    schema: Mapping[str, Any] | None = None
    effort: Effort | None = None
    tools: tuple[ToolSpec, ...] = ()


def opening(system: str | None, message: Message | None) -> tuple[Message, ...]:
    """What a turn adds to a conversation before the answer; `system` is a system message of its own, if any.

    A turn without a message goes on where the conversation stands.
    """
    said = () if message is None else (message,)
    return said if system is None else (Message("system", (Text(system),)), *said)


def unanswered(messages: Sequence[Message], following: Sequence[Message]) -> tuple[Message, ...]:
    """The results of tool calls that nobody ran, where what follows the answer with them brings none."""
    calls = messages[-1].calls if messages else ()
    if not calls or any(message.role == "tool" for message in following):
        return ()
    return (unsaid(calls),)


def compose(
    model: str, messages: Sequence[Message], options: Options, *, ceiling: int | None, session_id: str | None
) -> Request:
    """Make the request.

    Args:
        model: the provider's own name for it.
        messages: all that was said, and what is asked now.
        options: how it is to answer.
        ceiling: the most tokens that it can answer with, if that is known.
        session_id: the conversation; None if it is not kept.
    """
    return Request(
        model,
        as_sent(messages),
        options.max_output,
        options.temperature,
        options.schema,
        options.tools,
        output_ceiling=ceiling,
        effort=options.effort,
        session_id=session_id,
    )


@dataclass(frozen=True, slots=True)
class History:
    """A session, and what was said in it, oldest first.

    `asked_at` is when each of its requests was made, in epoch µs: there is one for each answer. Those before the last
    summary are told to be long ago; see `asked_times`. `damaged` are the ids of messages that were found damaged and
    set aside: nothing is left of them but their place.
    """

    session: Session
    messages: tuple[Message, ...]
    asked_at: tuple[int, ...]
    damaged: tuple[str, ...] = ()


def read(tx: Transaction, session_id: str) -> History:
    """Return the history of a session.

    Raises:
        UsageError: there is none, or it is in the trash.
    """
    session = sessions.get_kept(tx, session_id)
    thread = sessions.thread(tx, session)
    messages = tuple(map(_as_said, thread))
    asked = ((one.created_at, place) for place, (one, answer) in enumerate(pairwise(thread)) if _is_answer(answer))
    damaged = tuple(stored.id for stored in thread if stored.status == "damaged")
    return History(session, messages, asked_times(messages, asked), damaged)


def _as_said(stored: Stored) -> Message:
    return Message(stored.message.role, ()) if stored.status == "damaged" else stored.message


def _is_answer(stored: Stored) -> bool:
    return stored.message.role == "assistant"


def asked_times(messages: Sequence[Message], asked: Iterable[tuple[int, int]]) -> tuple[int, ...]:
    """Return when requests were made, given that and their places, for who asks what a cache may still have.

    A request before the last summary began with something else than those after it: what a cache has of it is of no
    use, as if it were long ago.
    """
    found = standing(messages)
    return tuple(at - COLD if found and place < found.at else at for at, place in asked)


def left_out(history: History | None) -> str | None:
    """What to tell the user of the damaged messages that are not sent; None if there are none."""
    damaged = history.damaged if history else ()
    return f"not sent, as they are damaged and were set aside: {', '.join(damaged)}" if damaged else None


def last_model(messages: Sequence[Message]) -> str | None:
    """The model (`provider/model`) that answered last; None if none did."""
    return next(filter(None, (message.model for message in reversed(messages))), None)
