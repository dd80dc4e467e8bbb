"""Parts of messages as the content blocks of the API. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from agentctl.messages import Attachment, Part, Text, Thinking, ToolCall, ToolResult
from agentctl.providers.history import is_image
from agentctl.providers.surrogates import whole_characters
from agentctl.providers.writable import arguments

Json = dict[str, Any]
Thoughts = Literal["none", "signed", "all"]

_REDACTED = '{"type":"redacted_thinking","data":'  # how `redacted` begins, and no plain signature, which is base 64
_LONGEST_NAME = 128  # characters, of a tool


def blocks(parts: Iterable[Part], thoughts: Thoughts = "signed") -> list[Json]:
    """Return the blocks that stand for the parts; blank text, which the API refuses, has none.

    Args:
        parts: of one turn.
        thoughts: which of them have a block.
    """
    return [block for part in parts for block in _block(part, thoughts)]


def redacted(data: str) -> str:
    """Return the signature of a thought that nobody may read, and that is sent back as it came."""
    return f"{_REDACTED}{json.dumps(data)}}}"


def _block(part: Part, thoughts: Thoughts) -> Iterator[Json]:
    match part:
        case Text(text):
            if text.strip():
                yield {"type": "text", "text": whole_characters(text)}
        case Thinking():
            if thoughts == "all" or (thoughts == "signed" and part.signature):
                yield _thought(part.text, part.signature or "")
        case ToolCall():
            yield {"type": "tool_use", "id": part.id, "name": _name(part.name), "input": arguments(part.arguments)}
        case ToolResult():
            yield _result(part)
        case Attachment():
            yield _file(part)


def _thought(text: str, signature: str) -> Json:
    if signature.startswith(_REDACTED):
        return {"type": "redacted_thinking", "data": json.loads(signature)["data"]}
    return {"type": "thinking", "thinking": text, "signature": signature}


def _name(name: str) -> str:
    """A name of a tool that the API takes: others allow more, and models make names up."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", name)[:_LONGEST_NAME] or "_"


def _result(result: ToolResult) -> Json:
    block: Json = {"type": "tool_result", "tool_use_id": result.call_id}
    content = whole_characters(result.content)
    if result.is_error:
        return block | {"content": content or "error", "is_error": True}  # an empty error is refused
    return block | {"content": content} if content else block


def _file(file: Attachment) -> Json:
    source = {"type": "base64", "media_type": file.media_type, "data": file.base64}
    if is_image(file):
        return {"type": "image", "source": source}
    return {"type": "document", "source": source, "title": whole_characters(file.name)}
