"""A request as the body that `generateContent` takes.

Source: https://ai.google.dev/api/generate-content, google-genai 3.4 types.py;
https://ai.google.dev/gemini-api/docs/thought-signatures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agentctl.messages import Attachment, Message, Part, Role, Text, Thinking, ToolCall, ToolResult, ToolSpec
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.google.schema import known_words
from agentctl.providers.google.thinking import thinking_config
from agentctl.providers.history import call_names
from agentctl.providers.versions import GEMINI_3, gemini
from agentctl.providers.writable import arguments

Json = dict[str, Any]

UNSIGNED = "skip_thought_signature_validator"
"""Stands for the signature of a call that no model of Gemini made: the one that the documents name for this."""


def encode(request: Request, capabilities: Capabilities) -> Json:
    """Return the body that asks for an answer; `request` is as `history.adapt` leaves it.

    What of it a cache can hold comes first: the system's instruction, the tools and the beginning of the contents. A
    `cachedContent` stands for just these, and is refused beside them.
    """
    body: Json = _opening(request)
    body["contents"] = list(_contents(request))
    if config := _config(request):
        body["generationConfig"] = config
    extra = dict(capabilities.extra_body)
    if config and isinstance(more := extra.get("generationConfig"), Mapping):
        extra["generationConfig"] = config | dict(more)
    return body | extra


def _opening(request: Request) -> Json:
    if request.cache and request.cache.resource:
        return {"cachedContent": request.cache.resource}
    body: Json = {}
    if system := [part for message in request.messages if message.role == "system" for part in _parts(message)]:
        body["systemInstruction"] = {"parts": system}
    if request.tools:
        body["tools"] = [{"functionDeclarations": [_tool(tool) for tool in request.tools]}]
    return body


def _config(request: Request) -> Json:
    config: Json = {}
    if request.max_output is not None:
        config["maxOutputTokens"] = request.max_output
    if request.temperature is not None:
        config["temperature"] = request.temperature
    if request.schema is not None:
        config["responseMimeType"] = "application/json"
        config["responseJsonSchema"] = known_words(request.schema)
    if thinking := thinking_config(request.model, request.effort, request.max_output):
        config["thinkingConfig"] = thinking
    return config


def _tool(tool: ToolSpec) -> Json:
    return {
        "name": tool.name,
        "description": tool.description,
        "parametersJsonSchema": known_words(tool.parameters),
    }


def _contents(request: Request) -> Iterator[Json]:
    """The turns: neighbours of one role are one, but results of calls stay apart from the user's words."""
    names = call_names(request.messages)
    newer = gemini(request.model) >= GEMINI_3
    signed = _current_turn(request.messages) if newer else len(request.messages)
    covered = request.cache.covered if request.cache and request.cache.resource else 0
    content: Json = {}
    last: Role | None = None
    for number, message in enumerate(request.messages):
        parts = [] if message.role == "system" or number < covered else _parts(message, names, ids=newer)
        if not parts:
            continue
        if number >= signed:
            _sign(parts)
        if message.role == last:
            content["parts"] += parts
            continue
        if content:
            yield content
        content, last = {"role": "model" if message.role == "assistant" else "user", "parts": parts}, message.role
    if content:
        yield content


def _current_turn(messages: Sequence[Message]) -> int:
    """The place of the first message after the user's last: in it signatures are looked for, and missed."""
    users = (number for number, message in enumerate(messages) if message.role == "user")
    return max(users, default=-1) + 1


def _sign(parts: Sequence[Json]) -> None:
    """Sign the first call of a step if it is not: of calls made at once Gemini signs but the first."""
    first = next((part for part in parts if "functionCall" in part), None)
    if first is not None:
        first.setdefault("thoughtSignature", UNSIGNED)


def _parts(message: Message, names: Mapping[str, str] | None = None, *, ids: bool = False) -> list[Json]:
    """The parts of a message, given the tool of each call, and whether calls and results carry ids.

    Older models tell calls apart by their order.
    """
    found = (_part(part, names or {}, ids=ids) for part in message.parts)
    return [part for part in found if part is not None]


def _part(part: Part, names: Mapping[str, str], *, ids: bool) -> Json | None:
    match part:
        case Text(text, signature):
            return {"text": text, **_signature(signature)}
        case Thinking(text, signature):  # unsigned, it is but a summary, which tells the model nothing
            return {"text": text, "thought": True, **_signature(signature)} if signature else None
        case ToolCall(id_, name, text, signature):
            call = {**_id(id_, ids=ids), "name": name, "args": arguments(text)}
            return {"functionCall": call, **_signature(signature)}
        case ToolResult(id_, content, is_error):
            said = {"error" if is_error else "output": content}
            return {"functionResponse": {**_id(id_, ids=ids), "name": names[id_], "response": said}}
        case Attachment(_, media_type):
            return {"inlineData": {"mimeType": media_type, "data": part.base64}}
    return None


def _id(id_: str, *, ids: bool) -> Json:
    return {"id": id_} if ids else {}


def _signature(signature: str | None) -> Json:
    return {"thoughtSignature": signature} if signature else {}
