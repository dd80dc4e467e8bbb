"""What a model is asked: the messages of a conversation and how it is to answer, as one request.

A turn sends it and an estimate counts it, so that what is estimated is what would be sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from agentctl.messages import Message, Text, ToolResult, ToolSpec, as_sent
from agentctl.providers.base import Effort, Request
from agentctl.store import sessions
from agentctl.store.base import Transaction
from agentctl.store.sessions import Session

_NOBODY = "This was not run: there were no tools here."


@dataclass(frozen=True, slots=True)
class Options:
    """How the model is asked to answer; see `Request`."""

    max_output: int | None = None
    temperature: float | None = None
    schema: Mapping[str, Any] | None = None
    effort: Effort | None = None
    tools: tuple[ToolSpec, ...] = ()


def opening(system: str | None, message: Message) -> tuple[Message, ...]:
    """What a turn adds to a conversation before the answer; `system` is a system message of its own, if any."""
    return (message,) if system is None else (Message("system", (Text(system),)), message)


def unanswered(messages: Sequence[Message], following: Sequence[Message]) -> tuple[Message, ...]:
    """The results of tool calls that nobody ran, where what follows the answer with them brings none."""
    calls = messages[-1].calls if messages else ()
    if not calls or any(message.role == "tool" for message in following):
        return ()
    return (Message("tool", tuple(ToolResult(call.id, _NOBODY, is_error=True) for call in calls)),)


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

    `asked_at` is when each of its requests was made, in epoch µs: there is one for each answer. `damaged` are the ids
    of messages that are left out, because they were found damaged and set aside.
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
    whole = [stored for stored in thread if stored.status != "damaged"]
    asked_at = (asked.created_at for asked, answer in pairwise(whole) if answer.message.role == "assistant")
    damaged = tuple(stored.id for stored in thread if stored.status == "damaged")
    return History(session, tuple(stored.message for stored in whole), tuple(asked_at), damaged)


def left_out(history: History | None) -> str | None:
    """What to tell the user of the damaged messages that are not sent; None if there are none."""
    damaged = history.damaged if history else ()
    return f"not sent, as they are damaged and were set aside: {', '.join(damaged)}" if damaged else None


def last_model(messages: Sequence[Message]) -> str | None:
    """The model (`provider/model`) that answered last; None if none did."""
    return next(filter(None, (message.model for message in reversed(messages))), None)
