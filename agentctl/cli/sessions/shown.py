"""Messages as `agentctl sessions show` prints them."""

from __future__ import annotations

import json
from typing import Any

from agentctl.cli.figures import local_time, rfc3339
from agentctl.cli.render import plain
from agentctl.messages import Attachment, Message, Unknown
from agentctl.store.sessions import Stored

_FIRST_WORDS = 60  # characters


def message_fields(stored: Stored) -> dict[str, Any]:
    """A message in JSON output."""
    message = stored.message
    return {
        "id": stored.id,
        "role": message.role,
        "status": stored.status,
        "text": message.text,
        "thinking": message.thinking,
        "attachments": [
            {"name": part.name, "media_type": part.media_type, "size": len(part.data)} for part in _attachments(message)
        ],
        "tool_calls": [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in message.calls],
        "tool_results": [
            {"call_id": part.call_id, "content": part.content, "is_error": part.is_error} for part in message.results
        ],
        "summary": {"text": message.summary.text, "kept": message.summary.kept} if message.summary else None,
        "unknown_parts": [json.loads(part.raw) for part in _unknown(message)],
        "model": message.model,
        "stop_reason": message.stop_reason,
        "created_at": rfc3339(stored.created_at),
    }


def heading(stored: Stored, length: int | None = None) -> str:
    """Who says it, when, its id or the first `length` characters of it, and how it ended."""
    message = stored.message
    state = [] if stored.status == "final" else [stored.status]
    return " · ".join((message.model or message.role, local_time(stored.created_at), stored.id[:length], *state))


def readable(message: Message) -> str:
    """All that is said in a message, to read."""
    attached = [f"[{part.name}, {part.media_type}, {len(part.data)} bytes]" for part in _attachments(message)]
    said = [message.text] if message.text else []
    summary = message.summary
    summed = [f"[summary of what was said before message {summary.kept + 1}]\n{summary.text}"] if summary else []
    unknown = [f"[a part that this version does not know: {part.kind}]" for part in _unknown(message)]
    called = [f"[called {call.name} with {call.arguments}]" for call in message.calls]
    answered = [f"[{'failed' if part.is_error else 'result'}] {part.content}" for part in message.results]
    return "\n".join((*attached, *summed, *said, *called, *answered, *unknown))


def first_words(message: Message) -> str:
    """How a message begins, in a line."""
    words = plain(" ".join(readable(message)[: 10 * _FIRST_WORDS].split()))
    return words if len(words) <= _FIRST_WORDS else words[: _FIRST_WORDS - 1] + "…"


def _attachments(message: Message) -> list[Attachment]:
    return [part for part in message.parts if isinstance(part, Attachment)]


def _unknown(message: Message) -> list[Unknown]:
    return [part for part in message.parts if isinstance(part, Unknown)]
