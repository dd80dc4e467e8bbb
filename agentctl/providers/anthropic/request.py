"""A request as the body that the Messages API takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from agentctl.messages import Message, ToolSpec
from agentctl.providers.anthropic.blocks import blocks
from agentctl.providers.anthropic.generations import generation
from agentctl.providers.anthropic.marks import THOUGHTS, mark
from agentctl.providers.anthropic.thinking import effort_level, effort_sent, thinking, thoughts
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.remarks import remarks

Json = dict[str, Any]

_USUAL_OUTPUT = 32_000  # tokens, where nobody wishes a limit and the model could do more
_SAFE_OUTPUT = 8_192  # tokens, where it is not known what the model can
_UNCOUNTED = frozenset({"max_tokens", "stream", "temperature", "diagnostics"})  # no part of a question for the size
_BLANK: Json = {"type": "text", "text": "[a blank message]"}  # for the API takes none, nor a turn without a block


def encode(request: Request, capabilities: Capabilities) -> Json:
    """Return the body that asks for a streamed answer.

    Left out is what the model's generation refuses: a temperature, where it takes none or thinks, and its earlier
    thoughts, where thinking is off. `request` is as `history.adapt` leaves it.
    """
    model = generation(request.model)
    max_tokens = _max_tokens(request)
    config = thinking(request, capabilities, model, max_tokens)
    said = [blocks(message.parts, thoughts(config, model)) for message in request.messages]
    said, tools = mark(request.cache, request.messages, said, [_tool(tool) for tool in request.tools])
    body: Json = {
        "model": request.model,
        "max_tokens": max_tokens,
        "messages": _turns(request.messages, said),
        "stream": True,
    }
    if system := _system(request.messages, said):
        body["system"] = system
    if tools:
        body["tools"] = tools
    if config:
        body["thinking"] = config
    if output := _output(request, effort_level(request, capabilities, model)):
        body["output_config"] = output
    if request.temperature is not None and model.temperature and config in (None, {"type": "disabled"}):
        body["temperature"] = request.temperature
    if capabilities.cache_diagnosis and request.cache and request.cache.breakpoints:
        # Where there is no earlier answer, null has this request remembered for the next.
        body["diagnostics"] = {"previous_message_id": request.previous_response_id}
    return body | dict(capabilities.extra_body)


def told(request: Request, capabilities: Capabilities) -> tuple[str, ...]:
    """What becomes of the wishes that `encode` does not send as they are."""
    body = encode(request, capabilities)
    effort = effort_sent(request, capabilities, generation(request.model), body.get("thinking"))
    return remarks(capabilities.provider, request, effort=effort, temperature="temperature" in body)


def count(request: Request, capabilities: Capabilities) -> Json:
    """Return the body that asks how many tokens of input the request has."""
    body = encode(replace(request, cache=None), capabilities)
    return {name: value for name, value in body.items() if name not in _UNCOUNTED}


def _max_tokens(request: Request) -> int:
    """The most tokens to answer with, which the API wants to be told."""
    if request.max_output is not None:
        return request.max_output
    return _SAFE_OUTPUT if request.output_ceiling is None else min(request.output_ceiling, _USUAL_OUTPUT)


def _system(messages: Sequence[Message], said: Iterable[list[Json]]) -> list[Json]:
    """What stands above the conversation: blocks and no string, for blocks can carry a cache breakpoint."""
    return [block for message, own in zip(messages, said, strict=True) if message.role == "system" for block in own]


def _turns(messages: Sequence[Message], said: Iterable[list[Json]]) -> list[Json]:
    """The conversation in turns of user and assistant, which alternate; results of tools are the user's."""
    turns: list[Json] = []
    talk = ((message.role, own) for message, own in zip(messages, said, strict=True) if message.role != "system")
    for role, run in groupby(talk, lambda pair: "assistant" if pair[0] == "assistant" else "user"):
        content = _orderly([block for _, own in run for block in own]) or ([_BLANK] if role == "user" else [])
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += content
        elif content:
            turns.append({"role": role, "content": content})
    if turns and turns[-1]["role"] == "assistant":
        turns[-1]["content"] = _to_go_on_with(turns[-1]["content"])
    return turns


def _orderly(content: list[Json]) -> list[Json]:
    """The blocks of a turn with the results of tools first and no thought last, after which nothing was said."""
    while content and content[-1]["type"] in THOUGHTS:
        content = content[:-1]
    return sorted(content, key=lambda block: block["type"] != "tool_result")


def _to_go_on_with(content: list[Json]) -> list[Json]:
    """The blocks of a last turn that the assistant is to go on with: it may not end in a blank."""
    *before, last = content
    return [*before, {**last, "text": last["text"].rstrip()}] if last["type"] == "text" else content


def _output(request: Request, effort: str | None) -> Json:
    output: Json = {} if effort is None else {"effort": effort}
    if request.schema is not None:
        output["format"] = {"type": "json_schema", "schema": dict(request.schema)}
    return output


def _tool(tool: ToolSpec) -> Json:
    return {"name": tool.name, "description": tool.description, "input_schema": dict(tool.parameters)}
