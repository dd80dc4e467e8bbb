"""What a conversation is made of: messages of typed parts, and their lossless JSON form."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

_TEXTUAL = frozenset({"application/json", "application/xml", "application/toml", "application/yaml"})

Role = Literal["system", "user", "assistant", "tool"]
StopReason = Literal["end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal", "cancelled", "error"]


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text. `signature`, if its provider gave one, is kept and sent back like that of `Thinking`."""

    text: str
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class Thinking:
    """A model's reasoning.

    `signature` is what the provider wants back with it, in the form that its codec gave it: kept byte for byte and sent
    back to it alone.
    """

    text: str
    signature: str | None = None
    provider: str | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model's request to run a tool; `arguments` is the JSON text just as the model wrote it."""

    id: str
    name: str
    arguments: str
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool that a model may call; `parameters` is the JSON Schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool answered to the call `call_id`."""

    call_id: str
    content: str
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file sent along: an image, a document or text, told apart by its media type."""

    name: str
    media_type: str
    data: bytes

    @property
    def base64(self) -> str:
        """The bytes in base 64."""
        return base64.b64encode(self.data).decode("ascii")

    @property
    def is_text(self) -> bool:
        """Whether it is sent as text, which every model takes."""
        kind = self.media_type.partition(";")[0]
        return kind.startswith("text/") or kind in _TEXTUAL or kind.endswith(("+json", "+xml"))

    def inlined(self, errors: Literal["strict", "replace"] = "strict") -> str:
        """The file as it stands in the text.

        Raises:
            UnicodeDecodeError: it is not UTF-8, and `errors` is strict.
        """
        return f'<file name="{self.name}">\n{self.data.decode(errors=errors)}\n</file>'


Part = Text | Thinking | ToolCall | ToolResult | Attachment


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation.

    `model` (`provider/model`) and `stop_reason` are set on answers of a model only.
    """

    role: Role
    parts: tuple[Part, ...]
    model: str | None = None
    stop_reason: StopReason | None = None

    @property
    def text(self) -> str:
        """The text parts, joined: what a reader sees."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def thinking(self) -> str:
        """The reasoning parts, joined."""
        return "".join(part.text for part in self.parts if isinstance(part, Thinking))

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The tool calls."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))

    @property
    def results(self) -> tuple[ToolResult, ...]:
        """The results of tool calls."""
        return tuple(part for part in self.parts if isinstance(part, ToolResult))


def user(text: str, *attachments: Attachment) -> Message:
    """A user's message; attachments come before the text that speaks of them."""
    return Message("user", (*attachments, Text(text)) if text else attachments)


def as_sent(messages: Iterable[Message]) -> tuple[Message, ...]:
    """What of a conversation is sent: the last system message first, and no empty ones, which providers refuse."""
    said = list(messages)
    system = [message for message in said if message.role == "system"][-1:]
    return (*system, *(message for message in said if message.role != "system" and message.parts))


def dump(message: Message) -> str:
    """Return the message as one line of ASCII JSON, which every database and terminal keeps unharmed."""
    body: dict[str, Any] = {"role": message.role, "parts": [_dump_part(part) for part in message.parts]}
    if message.model is not None:
        body["model"] = message.model
    if message.stop_reason is not None:
        body["stop_reason"] = message.stop_reason
    return json.dumps(body, separators=(",", ":"))


def load(text: str) -> Message:
    """Read a message back from `dump`'s form.

    Raises:
        ValueError: the text is not such a form.
    """
    try:
        body = json.loads(text)
        parts = tuple(_load_part(part) for part in body["parts"])
        return Message(body["role"], parts, body.get("model"), body.get("stop_reason"))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a stored message: {error!r}") from error


def _dump_part(part: Part) -> dict[str, Any]:
    match part:
        case Text(text, signature):
            return {"type": "text", "text": text, **_signed(signature)}
        case Thinking(text, signature, provider):
            return {"type": "thinking", "text": text, "signature": signature, "provider": provider}
        case ToolCall(id_, name, arguments, signature):
            return {"type": "tool_call", "id": id_, "name": name, "arguments": arguments, **_signed(signature)}
        case ToolResult(call_id, content, is_error):
            return {"type": "tool_result", "call_id": call_id, "content": content, "is_error": is_error}
        case Attachment(name, media_type):
            return {"type": "attachment", "name": name, "media_type": media_type, "data": part.base64}


def _signed(signature: str | None) -> dict[str, str]:
    return {} if signature is None else {"signature": signature}


def _load_part(part: Mapping[str, Any]) -> Part:
    match part["type"]:
        case "text":
            return Text(part["text"], part.get("signature"))
        case "thinking":
            return Thinking(part["text"], part["signature"], part["provider"])
        case "tool_call":
            return ToolCall(part["id"], part["name"], part["arguments"], part.get("signature"))
        case "tool_result":
            return ToolResult(part["call_id"], part["content"], part["is_error"])
        case "attachment":
            return Attachment(part["name"], part["media_type"], base64.b64decode(part["data"]))
    raise ValueError(f"unknown part type {part['type']!r}")
