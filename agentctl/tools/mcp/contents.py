"""What MCP servers send back, in words: text as it is, of all else what it is and how large."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agentctl.tools.base import Outcome

if TYPE_CHECKING:
    from mcp_types import BlobResourceContents, CallToolResult, ContentBlock, TextResourceContents


def outcome(result: CallToolResult) -> Outcome:
    """What a model is told of the result: its blocks; what is structured, where there is no text."""
    told = [described(block) for block in result.content]
    if result.structured_content is not None and not any(block.type == "text" for block in result.content):
        told.insert(0, json.dumps(result.structured_content, ensure_ascii=False))
    return Outcome("\n".join(told), is_error=bool(result.is_error))


def described(block: ContentBlock) -> str:
    """A block of content in words."""
    match block.type:
        case "text":
            return block.text
        case "image" | "audio":
            return f"[{block.type}: {block.mime_type}, {_size(block.data)} bytes]"
        case "resource":
            return inlined(block.resource)
        case "resource_link":
            facts = [block.uri, block.title or block.name, block.mime_type, block.description]
            return f"[resource: {', '.join(fact for fact in facts if fact)}]"


def inlined(contents: TextResourceContents | BlobResourceContents) -> str:
    """The text of a resource, marked as such; of other resources, what it is."""
    text = getattr(contents, "text", None)
    if text is not None:
        return f"<resource uri={json.dumps(contents.uri)}>\n{text}\n</resource>"
    kind = contents.mime_type or "of no stated type"
    return f"[resource: {contents.uri}, {kind}, {_size(getattr(contents, 'blob', ''))} bytes]"


def joined(contents: Sequence[TextResourceContents | BlobResourceContents]) -> str:
    """All parts of a resource."""
    return "\n".join(inlined(each) for each in contents)


def _size(base64: str) -> int:
    return len(base64) * 3 // 4 - base64[-2:].count("=")
