"""Answers of Anthropic's Messages API as they are streamed, for `support.server`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from support.server import Step, sse, stream

Event = dict[str, Any]
Block = tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]  # how a content block begins, and its deltas

USAGE: dict[str, Any] = {"input_tokens": 9, "output_tokens": 3}


def text(*pieces: str) -> Block:
    """A block of text that comes in these pieces."""
    return {"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in pieces]


def thinking(*pieces: str, signature: str | None = "c2ln") -> Block:
    """A block of thought, and its signature."""
    deltas: list[Mapping[str, Any]] = [{"type": "thinking_delta", "thinking": piece} for piece in pieces]
    if signature is not None:
        deltas.append({"type": "signature_delta", "signature": signature})
    return {"type": "thinking", "thinking": "", "signature": ""}, deltas


def redacted(data: str) -> Block:
    """A thought that nobody may read."""
    return {"type": "redacted_thinking", "data": data}, []


def tool_use(id_: str, name: str, *pieces: str) -> Block:
    """A call of a tool, whose arguments come in these pieces."""
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *pieces)]
    return {"type": "tool_use", "id": id_, "name": name, "input": {}}, deltas


def start(usage: Mapping[str, Any] | None = USAGE, model: str = "claude-sonnet-4-5") -> Event:
    """The first event of an answer."""
    message = {"id": "msg_1", "type": "message", "role": "assistant", "content": [], "model": model}
    told = {} if usage is None else {"usage": {**usage, "output_tokens": 1}}
    return {"type": "message_start", "message": {**message, "stop_reason": None, "stop_sequence": None, **told}}


def opened(index: int, block: Block) -> list[Event]:
    """The events of a block, but for its end."""
    content, deltas = block
    return [
        {"type": "content_block_start", "index": index, "content_block": dict(content)},
        *({"type": "content_block_delta", "index": index, "delta": dict(delta)} for delta in deltas),
    ]


def closed(*blocks: Block) -> list[Event]:
    """The events of whole blocks."""
    return [
        event
        for index, block in enumerate(blocks)
        for event in (*opened(index, block), {"type": "content_block_stop", "index": index})
    ]


def stop(reason: str = "end_turn", usage: Mapping[str, Any] | None = USAGE, **more: Any) -> list[Event]:
    """The last two events of an answer."""
    told = {} if usage is None else {"usage": {"output_tokens": usage["output_tokens"]}}
    delta = {"stop_reason": reason, "stop_sequence": None, **more}
    return [{"type": "message_delta", "delta": delta, **told}, {"type": "message_stop"}]


def events(
    *blocks: Block, reason: str = "end_turn", usage: Mapping[str, Any] | None = USAGE, model: str = "claude-sonnet-4-5"
) -> list[Event]:
    """The events of an answer that is made of these blocks."""
    return [start(usage, model), {"type": "ping"}, *closed(*blocks), *stop(reason, usage)]


def message(
    *blocks: Block, reason: str = "end_turn", usage: Mapping[str, Any] | None = USAGE, model: str = "claude-sonnet-4-5"
) -> list[Step]:
    """A whole streamed answer, ready to be a script."""
    return stream(*sse(*events(*blocks, reason=reason, usage=usage, model=model)))


def opening(*blocks: Block, usage: Mapping[str, Any] | None = USAGE, then: Sequence[Step] = ()) -> list[Step]:
    """The beginning of a streamed answer, left open in its last block; `then` says what follows."""
    *whole, last = blocks or (None,)
    begun = [start(usage), *closed(*(block for block in whole if block)), *(opened(len(whole), last) if last else [])]
    return [*stream(*sse(*begun), end=False), *then]


def error(type_: str, words: str, **more: Any) -> Event:
    """An error, as a body or as an event."""
    return {"type": "error", "error": {"type": type_, "message": words, **more}, "request_id": "req_1"}
