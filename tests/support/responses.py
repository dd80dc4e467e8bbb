"""Answers as the Responses API streams them, for `support.server`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from support.server import Step, sse, stream

Json = dict[str, Any]

USAGE: Json = {
    "input_tokens": 9,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 3,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 12,
}


def response(
    *output: Mapping[str, Any], status: str = "completed", usage: Mapping[str, Any] | None = USAGE, **more: Any
) -> Json:
    """A response, as events hold it, and as it comes whole where nothing is streamed."""
    common = {"id": "resp_1", "object": "response", "created_at": 1790000000, "model": "m", "error": None}
    return {**common, "status": status, "output": [*output], "usage": usage, **more}


def created() -> Json:
    """The first event."""
    return {"type": "response.created", "response": response(status="in_progress", usage=None)}


def ended(*output: Mapping[str, Any], **more: Any) -> Json:
    """The last event, named after its response's status."""
    last = response(*output, **more)
    return {"type": f"response.{last['status']}", "response": last}


def message(text: str, id_: str = "msg_1", **more: Any) -> Json:
    """An item of text."""
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "id": id_, "role": "assistant", "status": "completed", "content": content, **more}


def reasoning(*summary: str, id_: str = "rs_1", encrypted: str | None = "gAAA==") -> Json:
    """An item of reasoning, which the model alone can read but for its summary."""
    parts = [{"type": "summary_text", "text": text} for text in summary]
    return {"id": id_, "type": "reasoning", "summary": parts, "encrypted_content": encrypted}


def call(name: str, arguments: str = "{}", id_: str = "1") -> Json:
    """An item that calls a tool."""
    ids = {"id": f"fc_{id_}", "call_id": f"call_{id_}"}
    return {"type": "function_call", **ids, "name": name, "arguments": arguments, "status": "completed"}


def added(index: int, item: Mapping[str, Any]) -> Json:
    """The event that an item begins."""
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def done(index: int, item: Mapping[str, Any]) -> Json:
    """The event that an item is there."""
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def delta(name: str, text: str, index: int = 0, **more: Any) -> Json:
    """A piece of a text of the item at `index`."""
    place = {"item_id": f"item_{index}", "output_index": index, "content_index": 0}
    return {"type": f"response.{name}.delta", **place, "delta": text, **more}


def events(*texts: str, **more: Any) -> list[Json]:
    """The events of an answer in these pieces of text; `more` goes into the response that ends it."""
    item = message("".join(texts), "item_0")
    deltas = [delta("output_text", text) for text in texts]
    return [created(), added(0, {**item, "content": []}), *deltas, done(0, item), ended(item, **more)]


def answering(*texts: str, **more: Any) -> list[Step]:
    """A whole streamed answer, ready to be a script."""
    return stream(*sse(*events(*texts, **more)))


def opening(*texts: str, then: Sequence[Step] = ()) -> list[Step]:
    """The beginning of a streamed answer, left open; `then` says what follows: a stall, a drop, more bytes."""
    return [*stream(*sse(*events(*texts)[: len(texts) + 2]), end=False), *then]
