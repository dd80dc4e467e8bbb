"""An answer of the Messages API: the data of its events in, our events out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agentctl.events import Delta, Done, Notice, Start, StreamEvent, TextDelta, ThinkingDelta, ToolCallDelta
from agentctl.messages import Message, StopReason
from agentctl.providers.anthropic.blocks import redacted
from agentctl.providers.base import Capabilities
from agentctl.providers.counts import inside
from agentctl.providers.decoding import (
    Kept,
    array,
    cache_miss,
    ended_early,
    kind,
    malformed,
    mapping,
    name_or_none,
    parse,
    string,
)
from agentctl.providers.dialect import check
from agentctl.providers.refusal import broken_off, shown
from agentctl.providers.surrogates import Halves, whole_characters
from agentctl.providers.usages.anthropic import merge, read_usage
from agentctl.usage import Usage

_STOP_REASONS: Mapping[str, StopReason] = {
    "end_turn": "end_turn",
    "max_tokens": "max_tokens",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_use",
    "pause_turn": "end_turn",
    "refusal": "refusal",
    "model_context_window_exceeded": "max_tokens",
}
_NOTICES = {
    "pause_turn": "paused a long turn: ask it to go on",
    "model_context_window_exceeded": "broke the answer off: the conversation fills the model's context window",
}


@dataclass(slots=True)
class _Block:
    """A content block that is arriving; `number` counts the blocks, for not every server does it right."""

    kind: str
    number: int
    signature: str | None = None
    argued: bool = False


class Decoder:
    """Decodes one answer; after a failure `partial` and `usage` tell what there was of it.

    A whole answer, from a server that does not stream, is told as if its blocks had been streamed.
    """

    def __init__(self, capabilities: Capabilities, model: str) -> None:
        self._capabilities = capabilities
        self._model = model
        self._kept = Kept(capabilities.provider, model)
        self._open: dict[int, _Block] = {}
        self._blocks = 0  # that have begun
        self._called = False
        self._halves = Halves()
        self._usage: Mapping[str, Any] = {}
        self._diagnosis: str | None = None
        self._stop_reason: StopReason | None = None
        self.begun = False  # there was the beginning of an answer
        self.whole = False  # the server gave its reason to stop
        self.finished = False  # nothing more comes
        self.usage: Usage | None = None
        self.response_id: str | None = None

    def feed(self, data: str) -> Sequence[StreamEvent]:
        """Take the data of one event and return what it tells; events of unknown types tell nothing.

        Raises:
            ProviderError: the server reports an error, or this is no event of an answer.
        """
        event = parse(data)
        self._check(event)
        told: Sequence[StreamEvent] = ()
        match event.get("type"):
            case "message_start":
                told = self._begin(mapping(event.get("message")))
            case "content_block_start":
                told = self._kept.keep(self._start(_index(event), mapping(event.get("content_block"))))
            case "content_block_delta":
                told = self._kept.keep(self._go_on(_index(event), mapping(event.get("delta"))))
            case "content_block_stop":
                told = self._kept.keep(self._close(_index(event)))
            case "message_delta":
                self._count(event)
                told = self._stop(mapping(event.get("delta")))
            case "message_stop":
                self.whole = self.finished = True
            case "message":
                told = self._answer(event)
        return told

    def end(self) -> Done:
        """The whole answer, once the stream has ended.

        Raises:
            ProviderError: the server never said that it was finished.
        """
        if not self.whole:
            raise ended_early(self._capabilities.provider)
        reason = self._stop_reason or "end_turn"
        if reason == "end_turn" and self._called:
            reason = "tool_use"  # not every server that speaks this API tells the difference
        return Done(self._kept.message(reason), self.usage, reason)

    @property
    def partial(self) -> Message | None:
        """What had arrived, as the message of a failed answer."""
        return self._kept.partial

    def _check(self, event: Mapping[str, Any]) -> None:
        """Tell errors from the events of an answer, also answers in another API."""
        if not self.begun:
            check(self._capabilities, event, "messages")
        if event.get("error") or event.get("type") == "error":
            if not self.whole:
                raise broken_off(self._capabilities, event)
            self.finished = True  # the answer is none the worse

    def _begin(self, message: Mapping[str, Any]) -> list[StreamEvent]:
        self._count(message)
        if self.begun:
            return []
        self.begun = True
        self.response_id = name_or_none(message.get("id"))
        return [Start(name_or_none(message.get("model")) or self._model, self.response_id)]

    def _count(self, holder: Mapping[str, Any]) -> None:
        """Take what the server counted so far; what it counts later lacks some of what it told at the beginning."""
        self._usage = merge(self._usage, inside(holder.get("usage")))
        self._diagnosis = _diagnosis(holder) or self._diagnosis
        usage = read_usage(self._usage)
        self.usage = replace(usage, diagnosis=self._diagnosis) if usage and self._diagnosis else usage

    def _start(self, index: int, given: Mapping[str, Any]) -> Iterator[Delta]:
        """What begins with a block, or is all there in it; what tools of the server did tells nothing."""
        block = self._open[index] = _Block(string(given.get("type")), self._blocks)
        self._blocks += 1
        match block.kind:
            case "text":
                yield from self._text(index, given.get("text"))
            case "thinking":
                yield from self._thought(index, given.get("thinking"))
                block.signature = string(given.get("signature") or "") or None
            case "redacted_thinking":
                yield ThinkingDelta("", redacted(string(given.get("data"))))
            case "tool_use":
                self._called = True
                id_ = whole_characters(string(given.get("id") or "")) or f"call_{block.number}"
                yield ToolCallDelta(block.number, id_, whole_characters(string(given.get("name"))))
                if arguments := given.get("input"):
                    yield from self._arguments(index, block, json.dumps(arguments))

    def _go_on(self, index: int, delta: Mapping[str, Any]) -> Iterator[Delta]:
        block = self._open.get(index)
        match delta.get("type"), block and block.kind:
            case "text_delta", "text" | None:
                yield from self._text(index, delta.get("text"))
            case "thinking_delta", "thinking" | None:
                yield from self._thought(index, delta.get("thinking"))
            case "signature_delta", "thinking" if block:
                block.signature = string(delta.get("signature") or "") or None
            case "input_json_delta", "tool_use" if block:
                yield from self._arguments(index, block, string(delta.get("partial_json") or ""))

    def _close(self, index: int) -> Iterator[Delta]:
        """What completes a block: half a character that waited in vain, a signature, the absence of arguments."""
        block = self._open.pop(index, None)
        half = self._halves.rest(index)
        if block and block.kind == "text" and half:
            yield TextDelta(half)
        if block and block.signature is not None:
            yield ThinkingDelta("", block.signature)
        if block and block.kind == "tool_use" and not block.argued:
            yield ToolCallDelta(block.number, arguments="{}")

    def _text(self, index: int, text: object) -> Iterator[Delta]:
        if whole := self._halves.join(index, string(text or "")):
            yield TextDelta(whole)

    def _thought(self, index: int, text: object) -> Iterator[Delta]:
        if whole := self._halves.join(index, string(text or "")):
            yield ThinkingDelta(whole)

    def _arguments(self, index: int, block: _Block, piece: str) -> Iterator[Delta]:
        if whole := self._halves.join(index, piece):
            block.argued = True
            yield ToolCallDelta(block.number, arguments=whole)

    def _stop(self, delta: Mapping[str, Any]) -> list[StreamEvent]:
        """Take the reason to stop, and tell what of it the user should know."""
        given = delta.get("stop_reason")
        if not given:
            return []
        reason = string(given)
        self.whole = True
        self._stop_reason = _STOP_REASONS.get(reason, "end_turn")
        told = _refused(inside(delta.get("stop_details"))) if reason == "refusal" else _NOTICES.get(reason)
        return [Notice(f"{self._capabilities.provider} {told}")] if told else []

    def _answer(self, message: Mapping[str, Any]) -> list[StreamEvent]:
        """An answer that is not streamed."""
        told = self._begin(message)
        for index, block in enumerate(array(message.get("content"))):
            told += self._kept.keep(self._start(index, mapping(block)))
            told += self._kept.keep(self._close(index))
        told += self._stop(message)
        self.whole = self.finished = True
        return told


def _index(event: Mapping[str, Any]) -> int:
    index = event.get("index")
    if isinstance(index, bool) or not isinstance(index, int):
        raise malformed(f"{kind(index)} where the number of a block belongs")
    return index


def _diagnosis(holder: Mapping[str, Any]) -> str | None:
    """Why the server did not read its cache, if it says so.

    Source: https://platform.claude.com/docs/en/build-with-claude/cache-diagnostics.
    """
    reason = inside(inside(holder.get("diagnostics")).get("cache_miss_reason"))
    return cache_miss(reason.get("type"), reason.get("cache_missed_input_tokens"))


def _refused(details: Mapping[str, Any]) -> str:
    """Why the server refused, as far as it says."""
    why = [shown(text) for name in ("category", "explanation") if isinstance(text := details.get(name), str)]
    return ": ".join(("refused to answer", *filter(None, why)))
