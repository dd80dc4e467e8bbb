"""A request as the body that Chat Completions takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from agentctl.breakpoints import NO_CACHE
from agentctl.messages import Attachment, Message, Part, Text, Thinking, ToolCall, ToolResult, ToolSpec
from agentctl.providers.base import Capabilities, Effort, ReasoningField, Request
from agentctl.providers.history import is_image
from agentctl.providers.openai.caching import MARK, marked, options
from agentctl.providers.openai.generations import generation, nearest
from agentctl.providers.openai.strict import is_strict
from agentctl.providers.places import carried, speaks
from agentctl.providers.remarks import remarks
from agentctl.providers.versions import takes_marks
from agentctl.providers.writable import arguments_text

Json = dict[str, Any]

LONGEST_KEY = 64  # characters of `prompt_cache_key`


def encode(request: Request, capabilities: Capabilities) -> Json:
    """Return the body that asks for a streamed answer.

    Reasoning is sent back only where the server has a place for it: the API itself has none. `request` is as
    `history.adapt` leaves it.
    """
    body: Json = {
        "model": request.model,
        "messages": _messages(request, capabilities),
        "stream": capabilities.stream_schema or request.schema is None,
    }
    if capabilities.stream_usage and body["stream"]:
        body["stream_options"] = {"include_usage": True}
    if request.max_output is not None:
        body[capabilities.output_limit_field] = request.max_output
    effort = effort_of(request, capabilities)
    if request.temperature is not None and generation(request.model).takes_temperature(effort):
        body["temperature"] = request.temperature
    if effort is not None:
        body |= _thinking(effort, capabilities)
    if request.schema is not None:
        schema = {"name": "answer", "schema": dict(request.schema), "strict": is_strict(request.schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    if request.tools:
        body["tools"] = [tool(one) for one in request.tools]
    if request.session_id is not None and capabilities.cache_key and request.cache != NO_CACHE:
        body["prompt_cache_key"] = request.session_id[:LONGEST_KEY]
    if capabilities.cache_key:
        body |= options(request.cache, request.model)
    return body | dict(capabilities.extra_body)


def effort_of(request: Request, capabilities: Capabilities) -> Effort | None:
    """The wish for as much thinking as this, or for the nearest amount that server and model know; None for none."""
    wish = request.effort if capabilities.effort else None
    if wish is None or (wish == "none" and capabilities.no_thinking):
        return wish
    return nearest(wish, [one for one in capabilities.efforts if one in generation(request.model).efforts])


def told(request: Request, capabilities: Capabilities) -> tuple[str, ...]:
    """What becomes of the wishes that `encode` does not send as they are."""
    effort = effort_of(request, capabilities)
    return remarks(
        capabilities.provider,
        request,
        effort=effort,
        temperature=generation(request.model).takes_temperature(effort),
        strict=request.schema is not None and is_strict(request.schema),
    )


def _thinking(effort: Effort, capabilities: Capabilities) -> Json:
    off = effort == "none" and capabilities.no_thinking
    return dict(capabilities.no_thinking) if off else {"reasoning_effort": effort}


def _messages(request: Request, capabilities: Capabilities) -> list[Json]:
    marks = capabilities.cache_key and takes_marks(request.model)
    places = carried(request.cache if marks else None, [*map(speaks, request.messages)])
    return [
        turn
        for number, message in enumerate(request.messages)
        for turn in closed(turns(message, capabilities.reasoning_field), MARK if number in places else None)
    ]


def closed(items: Iterable[Json], mark: Json | None) -> list[Json]:
    """The turns of a message, with a mark at the end of the last if there is one to put."""
    turns = [*items]
    return [*turns[:-1], turns[-1] | {"content": marked(turns[-1]["content"], mark)}] if mark else turns


def turns(message: Message, reasoning: ReasoningField = "") -> Iterator[Json]:
    """What stands for a message: nothing for an empty one, one turn for each result of a tool.

    Args:
        message: what was said.
        reasoning: where the server wants its reasoning back.
    """
    match message.role:
        case "tool":
            for part in message.parts:
                if isinstance(part, ToolResult):
                    yield {"role": "tool", "tool_call_id": part.call_id, "content": part.content}
        case "assistant":
            yield from _assistant(message, reasoning)
        case role:
            yield {"role": role, "content": _content(message.parts)}


def _assistant(message: Message, reasoning: ReasoningField) -> Iterator[Json]:
    calls = [part for part in message.parts if isinstance(part, ToolCall)]
    if not (message.text or calls):
        return
    turn: Json = {"role": "assistant", "content": message.text or None}
    if calls:
        turn["tool_calls"] = [_call(call) for call in calls]
    if reasoning == "content" and message.thinking:
        turn["content"] = [_chunk(part) for part in message.parts if isinstance(part, Text | Thinking)]
    elif reasoning == "reasoning_content" and calls:
        turn["reasoning_content"] = message.thinking  # an empty one too: its lack is refused
    yield turn


def _call(call: ToolCall) -> Json:
    """A call of a tool; servers that fill a template with its arguments refuse what is no JSON."""
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": arguments_text(call.arguments)},
    }


def _chunk(part: Text | Thinking) -> Json:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    thought: Json = {"type": "thinking", "thinking": [{"type": "text", "text": part.text}]}
    return thought if part.signature is None else {**thought, "signature": part.signature}


def _content(parts: Iterable[Part]) -> str | list[Json]:
    """One string where all is text, because not every server takes a list."""
    items = [_item(part) for part in parts if isinstance(part, Text | Attachment)]
    if all(item["type"] == "text" for item in items):
        return "\n\n".join(item["text"] for item in items)
    return items


def _item(part: Text | Attachment) -> Json:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    address = f"data:{part.media_type};base64,{part.base64}"
    if is_image(part):
        return {"type": "image_url", "image_url": {"url": address}}
    return {"type": "file", "file": {"filename": part.name, "file_data": address}}


def tool(spec: ToolSpec) -> Json:
    """A tool as it is sent."""
    function = {"name": spec.name, "description": spec.description, "parameters": dict(spec.parameters)}
    return {"type": "function", "function": function}
