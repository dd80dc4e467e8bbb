"""Chat Completions answers as an OpenAI-compatible server streams them, for `support.server`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from support.server import Step, sse, stream

USAGE: dict[str, Any] = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}


def event(
    delta: Mapping[str, Any] | None = None, *, finish: str | None = None, model: str = "m", **more: Any
) -> dict[str, Any]:
    """One chunk of a streamed answer: a delta, and at the end the reason it finished."""
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    common = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1790000000, "model": model}
    return {**common, "choices": [choice], **more}


def events(
    *texts: str, usage: Mapping[str, Any] | None = USAGE, finish: str = "stop", model: str = "m"
) -> list[dict[str, Any]]:
    """The chunks of an answer in these pieces of text, usage last as `include_usage` asks for it."""
    chunks = [event({"role": "assistant", "content": ""}, model=model)]
    chunks += [event({"content": text}, model=model) for text in texts]
    chunks.append(event(finish=finish, model=model))
    return chunks if usage is None else [*chunks, {**event(model=model), "choices": [], "usage": usage}]


def completion(
    *texts: str, usage: Mapping[str, Any] | None = USAGE, finish: str = "stop", model: str = "m"
) -> list[Step]:
    """A whole streamed answer, ready to be a script."""
    return stream(*sse(*events(*texts, usage=usage, finish=finish, model=model), "[DONE]"))


def opening(*texts: str, model: str = "m", then: Sequence[Step] = ()) -> list[Step]:
    """The beginning of a streamed answer, left open; `then` says what follows: a stall, a drop, more bytes."""
    return [*stream(*sse(*events(*texts, model=model)[: len(texts) + 1]), end=False), *then]
