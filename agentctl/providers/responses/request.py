"""A request as the body that the Responses API takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from agentctl.breakpoints import NO_CACHE
from agentctl.messages import Attachment, Message, Part, Text, Thinking, ToolCall, ToolResult, ToolSpec
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.history import is_image
from agentctl.providers.openai.caching import MARK, marked, options
from agentctl.providers.openai.generations import generation
from agentctl.providers.openai.request import LONGEST_KEY, effort_of
from agentctl.providers.openai.strict import is_strict
from agentctl.providers.places import carried, speaks
from agentctl.providers.responses import signature
from agentctl.providers.responses.items import BREAK
from agentctl.providers.versions import takes_marks
from agentctl.providers.writable import arguments_text

Json = dict[str, Any]

_MEASURED = ("model", "input", "tools", "text", "reasoning")  # what may be asked to be counted


def encode(request: Request, capabilities: Capabilities) -> Json:
    """Return the body that asks for a streamed answer. `request` is as `history.adapt` leaves it.

    The system's message is an item and not `instructions`, so that it stays where it stands, and can end in a
    breakpoint of the prompt cache.
    """
    body: Json = {
        "model": request.model,
        "input": _input(request),
        "stream": True,
        "store": False,
    }
    effort = effort_of(request, capabilities)
    if generation(request.model).efforts:  # models that do not reason answer 400 to it
        body["include"] = ["reasoning.encrypted_content"]
    if request.max_output is not None:
        body["max_output_tokens"] = request.max_output
    if request.temperature is not None and generation(request.model).takes_temperature(effort):
        body["temperature"] = request.temperature
    if effort is not None:
        body["reasoning"] = {"effort": effort} | ({} if effort == "none" else {"summary": "auto"})
    if request.schema is not None:
        schema = {"type": "json_schema", "name": "answer", "schema": dict(request.schema)}
        body["text"] = {"format": schema | {"strict": is_strict(request.schema)}}
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    if request.session_id is not None and request.cache != NO_CACHE:
        body["prompt_cache_key"] = request.session_id[:LONGEST_KEY]
    body |= options(request.cache, request.model)
    if (compared := _compared(request, capabilities)) is not None:
        body["prompt_cache_options"] = {**body.get("prompt_cache_options", {}), "comparison_response_id": compared}
    return body | dict(capabilities.extra_body)


def measure(request: Request, capabilities: Capabilities) -> Json:
    """Return the body that asks how many tokens of input `encode`'s has."""
    body = encode(replace(request, cache=None), capabilities)
    return {name: body[name] for name in _MEASURED if name in body}


def _compared(request: Request, capabilities: Capabilities) -> str | None:
    """The answer with whose request this one is to be compared, where something is kept and the model can."""
    keeps = request.cache is not None and request.cache != NO_CACHE
    knows = capabilities.cache_diagnosis and takes_marks(request.model)
    return request.previous_response_id if keeps and knows else None


def _input(request: Request) -> list[Json]:
    places = carried(request.cache if takes_marks(request.model) else None, [*map(speaks, request.messages)])
    said = [[*_items(message)] for message in request.messages]
    return [item for at, own in enumerate(said) for item in ([*own[:-1], _closed(own[-1])] if at in places else own)]


def _closed(item: Json) -> Json:
    """The item with a mark at its end."""
    field = "output" if item["type"] == "function_call_output" else "content"
    return item | {field: marked(item[field], MARK, "input_text")}


def _items(message: Message) -> Iterator[Json]:
    match message.role:
        case "tool":
            for part in message.parts:
                if isinstance(part, ToolResult):
                    yield {"type": "function_call_output", "call_id": part.call_id, "output": part.content}
        case "assistant":
            yield from _answer(message.parts)
        case role:
            content = [_content(part) for part in message.parts if isinstance(part, Text | Attachment)]
            yield {"type": "message", "role": role, "content": content}


def _answer(parts: tuple[Part, ...]) -> Iterator[Json]:
    """What a model said, in its order; reasoning that nothing came of, as of an answer cut short, is refused."""
    last = max((at for at, part in enumerate(parts) if isinstance(part, Text | ToolCall)), default=-1)
    spoken = False
    for part in parts[: last + 1]:
        match part:
            case Thinking(_, kept) if (item := signature.load(kept)).get("type") == "reasoning":
                yield item
            case Text(text, kept):
                yield _said(text.removeprefix(BREAK) if spoken else text) | signature.load(kept)
                spoken = True
            case ToolCall(id_, name, text):
                yield {"type": "function_call", "call_id": id_, "name": name, "arguments": arguments_text(text)}


def _said(text: str) -> Json:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "role": "assistant", "content": content}


def _content(part: Text | Attachment) -> Json:
    if isinstance(part, Text):
        return {"type": "input_text", "text": part.text}
    address = f"data:{part.media_type};base64,{part.base64}"
    if is_image(part):
        return {"type": "input_image", "detail": "auto", "image_url": address}
    return {"type": "input_file", "filename": part.name, "file_data": address}


def _tool(tool: ToolSpec) -> Json:
    """A tool; unless told otherwise this API makes its schema a strict one, with every property required."""
    shape = {"type": "function", "name": tool.name, "description": tool.description}
    return {**shape, "parameters": dict(tool.parameters), "strict": False}
