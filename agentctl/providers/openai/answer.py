"""A streamed answer of Chat Completions: the data of its events in, our events out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agentctl.events import Delta, Done, Start, StreamEvent, TextDelta, ThinkingDelta, ToolCallDelta
from agentctl.messages import Message, StopReason
from agentctl.providers.base import Capabilities
from agentctl.providers.counts import inside
from agentctl.providers.decoding import Kept, array, ended_early, mapping, name_or_none, parse, string
from agentctl.providers.dialect import check
from agentctl.providers.refusal import broken_off
from agentctl.providers.surrogates import Halves, whole_characters
from agentctl.providers.usages.openai import read_usage
from agentctl.usage import Usage

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


class Decoder:
    """Decodes one answer; after a failure `partial` and `usage` tell what there was of it.

    A whole answer, from a server that does not stream, is one big chunk.
    """

    def __init__(self, capabilities: Capabilities, model: str) -> None:
        self._capabilities = capabilities
        self._model = model
        self._started = False
        self._kept = Kept(capabilities.provider, model)
        self._calls: set[int] = set()  # the tool calls seen
        self._ids: list[str] = []  # of tool calls that the server does not count
        self._halves = Halves()
        self._stop_reason: StopReason | None = None
        self.begun = False  # there was a chunk of an answer
        self.whole = False  # the server gave its reason to stop: at most the usage is still to come
        self.finished = False  # nothing more comes
        self.usage: Usage | None = None
        self.response_id: str | None = None

    def feed(self, data: str) -> Sequence[StreamEvent]:
        """Take the data of one event and return what it tells.

        Raises:
            ProviderError: the server reports an error, or this is no chunk of an answer.
        """
        if data == "[DONE]":
            if not self.begun:
                raise ended_early(self._capabilities.provider)
            self.whole = self.finished = True
            return self._kept.keep(self._last_half())
        chunk = parse(data)
        if not self.begun:
            check(self._capabilities, chunk, "chat")
        groq = inside(chunk.get("x_groq"))
        if chunk.get("usage") or groq.get("usage"):
            self.usage = read_usage(chunk)  # the chunk tells the service tier
            self.finished = self.whole and self._capabilities.stream_usage  # the usage that we asked for is the last
        error = chunk.get("error") or groq.get("error")
        if error and not self.whole:  # else it is about a limit that the answer itself tells of
            raise broken_off(self._capabilities, error)
        events: list[StreamEvent] = [] if self._started else [self._start(chunk)]
        if choices := chunk.get("choices"):
            self.begun = True
            if choice := _first(array(choices)):
                events += self._kept.keep(self._choice(choice))
        return events

    def _choice(self, choice: Mapping[str, Any]) -> Iterator[Delta]:
        yield from self._deltas(mapping(choice.get("delta") or choice.get("message") or {}))
        if reason := choice.get("finish_reason"):
            yield from self._last_half()
            self._finish(string(reason), choice)

    def end(self) -> Done:
        """The whole answer, once the stream has ended.

        Raises:
            ProviderError: the server never said that it was finished.
        """
        if not self.whole:
            raise ended_early(self._capabilities.provider)
        reason = self._stop_reason or "end_turn"
        if reason == "end_turn" and self._calls:
            reason = "tool_use"  # not every server tells the difference
        return Done(self._kept.message(reason), self.usage, reason)

    @property
    def partial(self) -> Message | None:
        """What had arrived, as the message of a failed answer."""
        return self._kept.partial

    def _start(self, chunk: Mapping[str, Any]) -> Start:
        self._started = True
        self.response_id = name_or_none(chunk.get("id"))
        return Start(name_or_none(chunk.get("model")) or self._model, self.response_id)

    def _deltas(self, delta: Mapping[str, Any]) -> Iterator[Delta]:
        thought = delta.get("reasoning_content") or delta.get("reasoning")
        if thought and (whole := self._halves.join("thinking", string(thought))):
            yield ThinkingDelta(whole)
        if content := delta.get("content"):
            yield from self._content(content)
        if refused := delta.get("refusal"):
            self._stop_reason = "refusal"
            if whole := self._halves.join("text", string(refused)):
                yield TextDelta(whole)
        if calls := delta.get("tool_calls"):
            yield from map(self._call, array(calls))

    def _content(self, content: object) -> Iterator[Delta]:
        """Text, or a list of text and reasoning, as Mistral's models that reason answer."""
        for item in content if isinstance(content, list) else [{"type": "text", "text": content}]:
            part = mapping(item)
            if part.get("type") == "text" and (whole := self._halves.join("text", string(part.get("text") or ""))):
                yield TextDelta(whole)
            elif part.get("type") == "thinking":
                thoughts = "".join(string(mapping(one).get("text") or "") for one in array(part.get("thinking") or []))
                signature = name_or_none(part.get("signature"))
                if (whole := self._halves.join("thinking", thoughts)) or signature:
                    yield ThinkingDelta(whole, signature)

    def _last_half(self) -> Iterator[Delta]:
        """What stands for half a character at the end of the text; elsewhere it is worth nothing."""
        if half := self._halves.rest("text"):
            yield TextDelta(half)

    def _call(self, item: object) -> ToolCallDelta:
        call = mapping(item)
        function = mapping(call.get("function") or {})
        id_, name = (whole_characters(string(text or "")) for text in (call.get("id"), function.get("name")))
        index = self._index(call.get("index"), id_, name)
        if index not in self._calls:
            self._calls.add(index)
            id_ = id_ or f"call_{index}"  # some servers give none, and its result must name one
        arguments = function.get("arguments") or ""
        text = json.dumps(arguments) if isinstance(arguments, dict) else string(arguments)  # Mistral may send an object
        return ToolCallDelta(index, id_ or None, name or None, self._halves.join(index, text))

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
        self.whole = True
        if self._stop_reason is None:
            self._stop_reason = _STOP_REASONS.get(reason, "end_turn")


def _first(choices: Sequence[object]) -> Mapping[str, Any] | None:
    """The choice of index 0, which is the answer; the API can give alternatives, which nobody asked for."""
    return next((choice for choice in map(mapping, choices) if not choice.get("index")), None)
