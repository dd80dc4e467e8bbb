"""A rough estimate: the same for all models, and made without any vocabulary.

Only the provider's own count is right; this is for reserving a call, for `--dry-run`, and for booking a call that broke
off before its usage came. It is deterministic: 4 bytes of UTF-8 a token, which is near for
English prose and source code, and OpenAI's overhead of a chat message: 3 tokens and its role, and 3 to begin the answer
(https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken).
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from agentctl.messages import (
    Attachment,
    Message,
    Part,
    Summary,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    ToolSpec,
    Unknown,
)

_BYTES_A_TOKEN = 4
_A_MESSAGE = 4
_ANSWER = 3
_IMAGE = 1500  # the most that an image in high detail takes on GPT-4o is 1,445: 85, and 170 for each of 8 tiles


def estimate(messages: Iterable[Message]) -> int:
    """Estimate the tokens of a request's messages."""
    return _ANSWER + sum(_A_MESSAGE + sum(map(_estimate_part, message.parts)) for message in messages)


def estimate_tools(tools: Iterable[ToolSpec]) -> int:
    """Estimate the tokens of the tools that a request offers."""
    return sum(tokens_of(json.dumps([tool.name, tool.description, dict(tool.parameters)])) for tool in tools)


def estimate_parts(parts: Iterable[Part]) -> int:
    """Estimate the tokens of an answer that broke off, or of a part of it."""
    return sum(map(_estimate_part, parts))


def _estimate_part(part: Part) -> int:
    match part:
        case Text(text) | Thinking(text) | ToolResult(content=text) | Summary(text):
            return tokens_of(text)
        case ToolCall(name=name, arguments=arguments):
            return tokens_of(name + arguments)
        case Attachment(media_type=media_type, data=data):
            return _IMAGE if media_type.startswith("image/") else _tokens(len(data))
        case Unknown():
            return 0


def tokens_of(text: str) -> int:
    """Estimate the tokens of a text."""
    return _tokens(len(text.encode("utf-8", "surrogatepass")))


def _tokens(size: int) -> int:
    return -(-size // _BYTES_A_TOKEN)
