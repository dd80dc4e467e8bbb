"""A request as the body that Chat Completions takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from agentctl.errors import UsageError
from agentctl.messages import Attachment, Message, Part, Text, ToolCall, ToolResult
from agentctl.providers.base import Capabilities, Request, ToolSpec

Json = dict[str, Any]

_TEXTUAL = frozenset({"application/json", "application/xml", "application/toml", "application/yaml"})


def encode(request: Request, capabilities: Capabilities) -> Json:
    """Return the body that asks for a streamed answer.

    Reasoning is not sent back, for the API has no place for it; nor are tool calls that never got a result, which an
    interrupted turn leaves behind and servers refuse.

    Raises:
        UsageError: the server takes no such attachment, schema or tools.
    """
    _check(request, capabilities)
    answered = {part.call_id for message in request.messages for part in message.parts if isinstance(part, ToolResult)}
    body: Json = {
        "model": request.model,
        "messages": [item for message in request.messages for item in _message(message, answered)],
        "stream": True,
    }
    if capabilities.stream_usage:
        body["stream_options"] = {"include_usage": True}
    if request.max_output is not None:
        body[capabilities.output_limit_field] = request.max_output
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.schema is not None:
        schema = {"name": "answer", "schema": dict(request.schema), "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    return body | dict(capabilities.extra_body)


def _check(request: Request, capabilities: Capabilities) -> None:
    name = capabilities.provider
    if request.schema is not None and not capabilities.json_schema:
        raise UsageError(f"{name} can't follow a JSON schema", hint="ask without --schema, or use another provider")
    if request.tools and not capabilities.tools:
        raise UsageError(f"{name} can't call tools", hint="use another provider")
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, Attachment) and not _is_text(part) and not _accepts(capabilities, part):
                raise UsageError(f"{name} does not take {part.name}: {part.media_type}", hint=_way_out(part))


def _way_out(file: Attachment) -> str:
    if file.media_type == "application/octet-stream":  # what text is taken for that is not UTF-8
        return f"if it is text, make it UTF-8: iconv -t utf-8 {file.name}; else leave it out, or use another provider"
    return "leave it out, or use another provider"


def _accepts(capabilities: Capabilities, file: Attachment) -> bool:
    return file.media_type.startswith(capabilities.media_types)


def _is_text(file: Attachment) -> bool:
    kind = file.media_type.partition(";")[0]
    return kind.startswith("text/") or kind in _TEXTUAL or kind.endswith(("+json", "+xml"))


def _message(message: Message, answered: set[str]) -> Iterator[Json]:
    match message.role:
        case "tool":
            for part in message.parts:
                if isinstance(part, ToolResult):
                    yield {"role": "tool", "tool_call_id": part.call_id, "content": part.content}
        case "assistant":
            yield from _assistant(message, answered)
        case role:
            yield {"role": role, "content": _content(message.parts)}


def _assistant(message: Message, answered: set[str]) -> Iterator[Json]:
    calls = [part for part in message.parts if isinstance(part, ToolCall) and part.id in answered]
    if not (message.text or calls):
        return
    turn: Json = {"role": "assistant", "content": message.text or None}
    if calls:
        turn["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in calls
        ]
    yield turn


def _content(parts: Iterable[Part]) -> str | list[Json]:
    """One string where all is text, because not every server takes a list."""
    items = [_item(part) for part in parts if isinstance(part, Text | Attachment)]
    if all(item["type"] == "text" for item in items):
        return "\n\n".join(item["text"] for item in items)
    return items


def _item(part: Text | Attachment) -> Json:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    if _is_text(part):
        return {"type": "text", "text": _inlined(part)}
    address = f"data:{part.media_type};base64,{part.base64}"
    if part.media_type.startswith("image/"):
        return {"type": "image_url", "image_url": {"url": address}}
    return {"type": "file", "file": {"filename": part.name, "file_data": address}}


def _inlined(file: Attachment) -> str:
    try:
        return f'<file name="{file.name}">\n{file.data.decode()}\n</file>'
    except UnicodeDecodeError as error:
        raise UsageError(f"{file.name} is not UTF-8 text", hint=f"convert it: iconv -t utf-8 {file.name}") from error


def _tool(tool: ToolSpec) -> Json:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}
