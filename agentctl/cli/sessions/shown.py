"""How messages are shown."""

from __future__ import annotations

from typing import Any

from agentctl.cli.figures import local_time, rfc3339
from agentctl.messages import Attachment, Message
from agentctl.store.sessions import Stored


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
        "model": message.model,
        "stop_reason": message.stop_reason,
        "created_at": rfc3339(stored.created_at),
    }


def heading(stored: Stored) -> str:
    """Who said it, and when."""
    message = stored.message
    incomplete = ["partial"] if stored.status == "partial" else []
    return " · ".join((message.model or message.role, local_time(stored.created_at), *incomplete))


def readable(message: Message) -> str:
    """What was said, with a line for each file, call and result."""
    attached = [f"[{part.name}, {part.media_type}, {len(part.data)} bytes]" for part in _attachments(message)]
    said = [message.text] if message.text else []
    called = [f"[called {call.name} with {call.arguments}]" for call in message.calls]
    answered = [f"[{'failed' if part.is_error else 'result'}] {part.content}" for part in message.results]
    return "\n".join((*attached, *said, *called, *answered))


def _attachments(message: Message) -> list[Attachment]:
    return [part for part in message.parts if isinstance(part, Attachment)]
