"""An answer of Gemini, streamed or whole: its responses in, our events out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from agentctl.events import Delta, Done, Notice, Start, StreamEvent, TextDelta, ThinkingDelta, ToolCallDelta
from agentctl.messages import Message, StopReason
from agentctl.providers.base import Capabilities
from agentctl.providers.decoding import Kept, array, ended_early, malformed, mapping, name_or_none, parse_any, string
from agentctl.providers.dialect import check
from agentctl.providers.google.finish import failure, is_ordinary, is_unset, stop_reason
from agentctl.providers.refusal import broken_off, shown
from agentctl.providers.surrogates import Halves, whole_characters
from agentctl.providers.usages.google import read_usage
from agentctl.usage import Usage

_Kind = Literal["text", "thinking"]
_CLOSED = ""  # a signature that is none, which yet ends a part: the next one has a signature that is not this one's
_WORDS = frozenset({"text", "thought", "thoughtSignature"})


class Decoder:
    """Decodes one answer; after a failure `partial` and `usage` tell what there was of it.

    A streamed answer is a row of responses that each hold some parts more. A server that does not stream sends one, or
    all of them in an array.
    """

    def __init__(self, capabilities: Capabilities, model: str) -> None:
        self._capabilities = capabilities
        self._model = model
        self._kept = Kept(capabilities.provider, model)
        self._started = False
        self._open: _Kind | None = None  # what the next part without a signature goes on with
        self._calls: set[str] = set()  # the ids of the tool calls
        self._halves = Halves()
        self._stop_reason: StopReason | None = None
        self.begun = False  # there was an answer, or a word about why there is none
        self.whole = False  # the server gave its reason to stop
        self.finished = False  # nothing more comes: the API never says so, but by ending the stream
        self.usage: Usage | None = None
        self.response_id: str | None = None

    def feed(self, data: str) -> Sequence[StreamEvent]:
        """Take the data of one event, or a body, and return what it tells.

        Raises:
            ProviderError: the server reports an error or a model's failure, or this is no answer.
        """
        if data.strip() == "[DONE]":  # of servers that imitate the API
            if not self.begun:
                raise ended_early(self._capabilities.provider)
            self.whole = self.finished = True
            return self._kept.keep(self._close())
        value = parse_any(data)
        responses = value if isinstance(value, list) else [value]
        return [event for response in responses for event in self._response(mapping(response))]

    def _response(self, response: Mapping[str, Any]) -> Iterator[StreamEvent]:
        if not self.begun:
            check(self._capabilities, response, "gemini")
        self.usage = read_usage(response) or self.usage
        if error := response.get("error"):
            raise broken_off(self._capabilities, error)
        if not self._started:
            yield self._start(response)
        if feedback := response.get("promptFeedback"):
            yield from self._blocked(mapping(feedback))
        if candidate := _first(array(response.get("candidates") or [])):
            self.begun = True
            content = mapping(candidate.get("content") or {})
            for part in array(content.get("parts") or []):
                yield from self._kept.keep(self._part(mapping(part)))
            if not is_unset(reason := string(candidate.get("finishReason") or "").upper()):
                yield from self._kept.keep(self._close())
                yield from self._finish(reason, candidate)

    def end(self) -> Done:
        """The whole answer, once the stream has ended.

        Raises:
            ProviderError: the server never said that it was finished.
        """
        if not self.whole:
            raise ended_early(self._capabilities.provider)
        reason = self._stop_reason or "end_turn"
        if reason == "end_turn" and self._calls:
            reason = "tool_use"  # the API does not tell the difference
        return Done(self._kept.message(reason), self.usage, reason)

    @property
    def partial(self) -> Message | None:
        """What had arrived, as the message of a failed answer."""
        return self._kept.partial

    def _start(self, response: Mapping[str, Any]) -> StreamEvent:
        self._started = True
        self.response_id = name_or_none(response.get("responseId"))
        return Start(name_or_none(response.get("modelVersion")) or self._model, self.response_id)

    def _part(self, part: Mapping[str, Any]) -> Iterator[Delta]:
        """What one part says; parts of a kind that is not known here say nothing."""
        signature = string(part.get("thoughtSignature") or "") or None
        if call := part.get("functionCall"):
            yield from self._close()
            yield self._call(mapping(call), signature)
        elif blob := part.get("inlineData"):
            yield from self._say("text", _described(mapping(blob)))
        elif part.keys() <= _WORDS or "text" in part:
            kind: _Kind = "thinking" if part.get("thought") else "text"
            text = string(part.get("text") or "")
            yield from self._sign(kind, text, signature) if signature else self._say(kind, text)

    def _say(self, kind: _Kind, text: str) -> Iterator[Delta]:
        """More of a part without a signature: the API cuts it anywhere."""
        if not text:
            return
        if self._open != kind:
            yield from self._close()
            self._open = kind
        if whole := self._halves.join(kind, text):
            yield _delta(kind, whole)

    def _sign(self, kind: _Kind, text: str, signature: str) -> Iterator[Delta]:
        """A part with a signature, which is never joined with one that has none."""
        goes_on = self._open == kind
        yield from self._close()
        if goes_on:
            yield _delta(kind, "", _CLOSED)
        yield _delta(kind, whole_characters(text), signature)

    def _close(self) -> Iterator[Delta]:
        """End the open part: half a character at its end has waited in vain."""
        if self._open and (half := self._halves.rest(self._open)):
            yield _delta(self._open, half)
        self._open = None

    def _call(self, call: Mapping[str, Any], signature: str | None) -> ToolCallDelta:
        index = len(self._calls)
        id_ = whole_characters(string(call.get("id") or ""))
        if not id_ or id_ in self._calls:  # older models give none, and its result must name one
            id_ = "_".join(("call", *([self.response_id] if self.response_id else []), str(index)))
        self._calls.add(id_)
        name = whole_characters(string(call.get("name") or ""))
        return ToolCallDelta(index, id_, name, _dump(mapping(call.get("args") or {})), signature)

    def _blocked(self, feedback: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """Tell why the prompt gets no answer, if that is so."""
        reason = string(feedback.get("blockReason") or "").upper()
        if is_unset(reason):
            return
        self.begun = self.whole = True
        self._stop_reason = "refusal"
        yield self._notice("does not answer this", reason, feedback.get("blockReasonMessage"))

    def _finish(self, reason: str, candidate: Mapping[str, Any]) -> Iterator[StreamEvent]:
        words = candidate.get("finishMessage")
        if error := failure(self._capabilities.provider, reason, shown(words) if isinstance(words, str) else ""):
            raise error
        self.whole = True
        self._stop_reason = stop_reason(reason)
        if not is_ordinary(reason):
            yield self._notice("stopped its answer", reason, words)

    def _notice(self, what: str, reason: str, words: object) -> Notice:
        text = f"{self._capabilities.provider} {what}: {shown(reason)}"
        return Notice(f"{text}: {shown(words)}" if words and isinstance(words, str) else text)


def _delta(kind: _Kind, text: str, signature: str | None = None) -> Delta:
    return TextDelta(text, signature) if kind == "text" else ThinkingDelta(text, signature)


def _first(candidates: Sequence[object]) -> Mapping[str, Any] | None:
    """The candidate of index 0, which is the answer; the API can give alternatives, which nobody asked for."""
    return next((candidate for candidate in map(mapping, candidates) if not candidate.get("index")), None)


def _described(blob: Mapping[str, Any]) -> str:
    """A word about a file in the answer, for which an answer has no place."""
    media_type, data = string(blob.get("mimeType") or "a file"), string(blob.get("data") or "")
    size = len(data.rstrip("=")) * 3 // 4
    return f"[{shown(media_type)} of {size:,} bytes, which can't be kept here]"


def _dump(arguments: Mapping[str, Any]) -> str:
    try:
        return whole_characters(json.dumps(arguments, ensure_ascii=False, allow_nan=False))
    except (ValueError, RecursionError) as error:
        raise malformed("arguments of a tool call that JSON has no form for") from error
