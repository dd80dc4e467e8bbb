"""A streamed answer of Chat Completions: the data of its events in, our events out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agentctl.assembly import assemble, coalesce
from agentctl.errors import ProviderError
from agentctl.events import Delta, Done, Start, StreamEvent, TextDelta, ThinkingDelta, ToolCallDelta
from agentctl.messages import Message, StopReason
from agentctl.providers.base import Capabilities
from agentctl.providers.openai.refusal import broken_off
from agentctl.usage import Usage

_MOST_TOKENS = 10**12  # as the ledger takes
_LOOSE = 512  # deltas kept before they are joined: a long answer is then no heavier than its text

_STOP_REASONS: Mapping[str, StopReason] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
    "stop_sequence": "stop_sequence",  # from here on: what gateways to other APIs pass through
    "end_turn": "end_turn",
    "max_tokens": "max_tokens",
    "tool_use": "tool_use",
    "refusal": "refusal",
}

_scan = json.JSONDecoder().raw_decode


class Decoder:
    """Decodes one answer; after a failure `partial` and `usage` tell what there was of it.

    A whole answer, from a server that does not stream, is one big chunk.
    """

    def __init__(self, capabilities: Capabilities, model: str) -> None:
        self._capabilities = capabilities
        self._model = model
        self._started = False
        self._joined: list[Delta] = []
        self._loose: list[Delta] = []
        self._begun: set[int] = set()  # the tool calls seen
        self._ids: list[str] = []  # of tool calls that the server does not count
        self._stop_reason: StopReason | None = None
        self.finished = False  # the server said so: nothing more comes
        self.usage: Usage | None = None

    def feed(self, data: str) -> Sequence[StreamEvent]:
        """Take the data of one event and return what it tells.

        Raises:
            ProviderError: the server reports an error, or this is no chunk of an answer.
        """
        if data == "[DONE]":
            self.finished = True
            return ()
        chunk = _parse(data)
        if usage := chunk.get("usage"):
            self.usage = read_usage(_mapping(usage))
        if error := chunk.get("error"):
            raise broken_off(self._capabilities, error)
        events = [] if self._started else [self._start(chunk)]
        if choices := chunk.get("choices"):
            choice = _mapping(_list(choices)[0])
            for delta in self._deltas(_mapping(choice.get("delta") or choice.get("message") or {})):
                events.append(delta)
                self._loose.append(delta)
            if reason := choice.get("finish_reason"):
                self._finish(_string(reason), choice)
        if len(self._loose) >= _LOOSE:
            self._joined += coalesce(self._loose)
            self._loose.clear()
        return events

    def end(self) -> Done:
        """The whole answer, once the stream has ended.

        Raises:
            ProviderError: the server never said that it was finished.
        """
        reason = self._stop_reason or ("end_turn" if self.finished else None)
        if reason is None:
            provider = self._capabilities.provider
            raise ProviderError(f"{provider} ended its answer early", hint="send it again", transient=True)
        if reason == "end_turn" and self._begun:
            reason = "tool_use"  # not every server tells the difference
        return Done(self._message(reason), self.usage, reason)

    @property
    def partial(self) -> Message | None:
        """What had arrived, as the message of a failed answer."""
        return self._message("error") if self._joined or self._loose else None

    def _message(self, reason: StopReason) -> Message:
        provider = self._capabilities.provider
        parts = assemble((*self._joined, *self._loose), provider)
        return Message("assistant", parts, f"{provider}/{self._model}", reason)

    def _start(self, chunk: Mapping[str, Any]) -> StreamEvent:
        self._started = True
        model, id_ = chunk.get("model"), chunk.get("id")
        return Start(model if isinstance(model, str) else self._model, id_ if isinstance(id_, str) else None)

    def _deltas(self, delta: Mapping[str, Any]) -> Iterator[Delta]:
        if thought := delta.get("reasoning_content") or delta.get("reasoning"):
            yield ThinkingDelta(_string(thought))
        if text := delta.get("content"):
            yield TextDelta(_string(text))
        if refused := delta.get("refusal"):
            self._stop_reason = "refusal"
            yield TextDelta(_string(refused))
        if calls := delta.get("tool_calls"):
            yield from map(self._call, _list(calls))

    def _call(self, item: object) -> ToolCallDelta:
        call = _mapping(item)
        function = _mapping(call.get("function") or {})
        id_, name = _string(call.get("id") or ""), _string(function.get("name") or "")
        index = self._index(call.get("index"), id_, name)
        if index not in self._begun:
            self._begun.add(index)
            id_ = id_ or f"call_{index}"  # some servers give none, and its result must name one
        return ToolCallDelta(index, id_ or None, name or None, _string(function.get("arguments") or ""))

    def _index(self, index: object, id_: str, name: str) -> int:
        """The call's index; where the server does not count its calls, a new id or a name begins a call."""
        if isinstance(index, int):
            return index
        if id_ and id_ in self._ids:
            return self._ids.index(id_)
        if id_ or name:
            self._ids.append(id_)
        return max(len(self._ids) - 1, 0)

    def _finish(self, reason: str, choice: Mapping[str, Any]) -> None:
        if reason == "error":
            raise broken_off(self._capabilities, choice.get("error"))
        if self._stop_reason is None:
            self._stop_reason = _STOP_REASONS.get(reason, "end_turn")


def read_usage(raw: Mapping[str, Any]) -> Usage:
    """Return a usage object's tokens in disjoint buckets; `prompt_tokens` includes what was read and written.

    Source: https://platform.openai.com/docs/guides/prompt-caching
    """
    details = raw.get("prompt_tokens_details")
    details = details if isinstance(details, Mapping) else {}
    read, written = _count(details.get("cached_tokens")), _count(details.get("cache_write_tokens"))
    return Usage(
        uncached_input=max(0, _count(raw.get("prompt_tokens")) - read - written),
        cache_read=read,
        cache_write_short=written,
        output=_count(raw.get("completion_tokens")),
        raw=raw,
    )


def _count(value: object) -> int:
    """A number of tokens; what can't be one is 0, for no answer may be lost over it."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and 0 <= value <= _MOST_TOKENS else 0


def _parse(data: str) -> dict[str, Any]:
    text = data.strip()
    try:
        chunk, end = _scan(text)
    except (ValueError, RecursionError) as error:
        raise _malformed("JSON that does not parse") from error
    if end != len(text):
        raise _malformed("more than one JSON value in an event")
    return _mapping(chunk)


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _malformed(f"a {type(value).__name__} where an object belongs")
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise _malformed(f"a {type(value).__name__} where an array belongs")
    return value


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise _malformed(f"a {type(value).__name__} where a string belongs")
    if not value.isascii():
        value = _whole_characters(value)
    return value


def _whole_characters(text: str) -> str:
    """The text with halves of surrogate pairs replaced: nothing can print or store them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _malformed(what: str) -> ProviderError:
    return ProviderError(f"the server sent a malformed answer: {what}", hint="check the base URL")
