"""What a conversation is made of: messages of typed parts, and their lossless JSON form."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

_TEXTUAL = frozenset({"application/json", "application/xml", "application/toml", "application/yaml"})
_DECODER = json.JSONDecoder()
_TIGHT = (",", ":")

Role = Literal["system", "user", "assistant", "tool"]
StopReason = Literal["end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal", "cancelled", "error"]

_ROLES = frozenset(get_args(Role))
_STOP_REASONS = frozenset((None, *get_args(StopReason)))


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


@dataclass(frozen=True, slots=True)
class Summary:
    """Stands, in what is sent, for all that was said before the message at the place `kept`.

    Places count from 0 at the root of the conversation.
    """

    text: str
    kept: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """A part of a kind that a newer version wrote: `raw` is its JSON, which is written back as it is and never sent."""

    raw: str

    @property
    def kind(self) -> str:
        """The name of its kind."""
        return str(json.loads(self.raw)["type"])


Known = Text | Thinking | ToolCall | ToolResult | Attachment | Summary
Part = Known | Unknown


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
    def summary(self) -> Summary | None:
        """The summary that it holds of what was said before, if it holds one."""
        return next((part for part in self.parts if isinstance(part, Summary)), None)

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


def dump(message: Message) -> str:
    """Return the message as one line of ASCII JSON, which every database and terminal keeps unharmed."""
    body: dict[str, Any] = {"role": message.role, "parts": [_dump_part(part) for part in message.parts]}
    if message.model is not None:
        body["model"] = message.model
    if message.stop_reason is not None:
        body["stop_reason"] = message.stop_reason
    return json.dumps(body, separators=_TIGHT)


def load(text: str) -> Message:
    """Read a message back from `dump`'s form.

    Raises:
        ValueError: the text is not such a form.
    """
    try:
        body, end = _DECODER.raw_decode(text)  # `loads` looks for blanks around it first
        return _load(body, is_all=end == len(text))
    except ValueError as error:
        raise ValueError(f"not a stored message: {error}") from error
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a stored message: {error!r}") from error


def _load(body: Mapping[str, Any], *, is_all: bool) -> Message:
    if not is_all:
        raise ValueError("something follows it")
    role, parts, model, reason = body["role"], body["parts"], body.get("model"), body.get("stop_reason")
    if type(parts) is not list or (model is not None and type(model) is not str):
        raise ValueError("its parts are no list, or its model is no text")
    if role not in _ROLES or reason not in _STOP_REASONS:
        raise ValueError(f"it is of no known role, or ended in no known way: {role!r}, {reason!r}")
    return Message(role, tuple([_load_part(part) for part in parts]), model, reason)


def _dump_part(part: Part) -> Any:
    return json.loads(part.raw) if isinstance(part, Unknown) else _dump_known(part)


def _dump_known(part: Known) -> dict[str, Any]:
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
        case Summary(text, kept):
            return {"type": "summary", "text": text, "kept": kept}


def _signed(signature: str | None) -> dict[str, str]:
    return {} if signature is None else {"signature": signature}


def _load_part(part: Mapping[str, Any]) -> Part:
    kind = part["type"]
    if reader := _READERS.get(kind):
        return reader(part)
    if not isinstance(kind, str):
        raise ValueError(f"no kind of part: {kind!r}")  # noqa: TRY004 - it is not a caller's mistake
    return _unknown(part)


def _string(part: Mapping[str, Any], name: str) -> str:
    value = part[name]
    if type(value) is str:
        return value
    raise ValueError(f"{name} is no text in a part of the kind {part['type']}")


def _optional(part: Mapping[str, Any], name: str) -> str | None:
    return None if part.get(name) is None else _string(part, name)


def _tool_result(part: Mapping[str, Any]) -> ToolResult:
    if type(part["is_error"]) is not bool:
        raise ValueError(f"neither an error nor none: {part['is_error']!r}")
    return ToolResult(_string(part, "call_id"), _string(part, "content"), part["is_error"])


def _attachment(part: Mapping[str, Any]) -> Attachment:
    data = binascii.a2b_base64(_string(part, "data"), strict_mode=True)
    return Attachment(_string(part, "name"), _string(part, "media_type"), data)


def _summary(part: Mapping[str, Any]) -> Summary:
    if type(part["kept"]) is not int or part["kept"] < 0:
        raise ValueError(f"no place: {part['kept']!r}")
    return Summary(_string(part, "text"), part["kept"])


def _unknown(part: Mapping[str, Any]) -> Unknown:
    return Unknown(json.dumps(part, separators=_TIGHT))


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Part]] = {
    "text": lambda part: Text(_string(part, "text"), _optional(part, "signature")),
    "thinking": lambda part: Thinking(_string(part, "text"), _optional(part, "signature"), _optional(part, "provider")),
    "tool_call": lambda part: ToolCall(
        _string(part, "id"), _string(part, "name"), _string(part, "arguments"), _optional(part, "signature")
    ),
    "tool_result": _tool_result,
    "attachment": _attachment,
    "summary": _summary,
}

KINDS = frozenset(_READERS)
"""The kinds of parts that this version knows, by the names that they are stored under."""
