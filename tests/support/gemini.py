"""Answers of Gemini's generateContent as they are streamed, for `support.server`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from support.server import Step, sse, stream

USAGE: dict[str, Any] = {"promptTokenCount": 9, "candidatesTokenCount": 3, "totalTokenCount": 12}


def text(words: str, signature: str | None = None, *, thought: bool = False) -> dict[str, Any]:
    """A part of text, or of thoughts."""
    part: dict[str, Any] = {"text": words}
    if thought:
        part["thought"] = True
    return part if signature is None else {**part, "thoughtSignature": signature}


def call(
    name: str, arguments: Mapping[str, Any] | None = None, id_: str | None = None, signature: str | None = None
) -> dict[str, Any]:
    """A part that calls a tool."""
    function = {"name": name, "args": dict(arguments or {}), **({} if id_ is None else {"id": id_})}
    return {"functionCall": function, **({} if signature is None else {"thoughtSignature": signature})}


def response(
    *parts: Mapping[str, Any],
    finish: str | None = None,
    usage: Mapping[str, Any] | None = None,
    model: str = "gemini-3.8-flash",
    **more: Any,
) -> dict[str, Any]:
    """One response of a stream: some parts, and at the end the reason it finished."""
    candidate: dict[str, Any] = {"content": {"parts": [dict(part) for part in parts], "role": "model"}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    told = {} if usage is None else {"usageMetadata": dict(usage)}
    return {"candidates": [candidate], **told, "modelVersion": model, "responseId": "r-1", **more}


def responses(
    *parts: Mapping[str, Any], finish: str = "STOP", usage: Mapping[str, Any] | None = USAGE, **more: Any
) -> list[dict[str, Any]]:
    """The responses of an answer, a part in each; every one tells what is used so far, the last one all of it."""
    early = None if usage is None else {"promptTokenCount": usage["promptTokenCount"]}
    *before, last = parts or (text(""),)
    return [
        *(response(part, usage=early, **more) for part in before),
        response(last, finish=finish, usage=usage, **more),
    ]


def generation(
    *parts: Mapping[str, Any], finish: str = "STOP", usage: Mapping[str, Any] | None = USAGE, **more: Any
) -> list[Step]:
    """A whole streamed answer, ready to be a script."""
    return stream(*sse(*responses(*parts, finish=finish, usage=usage, **more)))


def opening(
    *parts: Mapping[str, Any], then: Sequence[Step] = (), usage: Mapping[str, Any] | None = USAGE
) -> list[Step]:
    """The beginning of a streamed answer, left open; `then` says what follows: a stall, a drop, more bytes."""
    return [*stream(*sse(*(response(part, usage=usage) for part in parts)), end=False), *then]
