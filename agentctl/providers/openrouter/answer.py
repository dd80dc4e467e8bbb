"""A streamed answer of OpenRouter: that of Chat Completions, with signed reasoning, and a word on who answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from agentctl.events import Delta, Notice, Start, StreamEvent, ThinkingDelta
from agentctl.providers.base import Capabilities
from agentctl.providers.decoding import array, mapping, name_or_none, string
from agentctl.providers.openai.answer import Decoder
from agentctl.providers.openrouter import details

_LOOSE = 512  # pieces of reasoning kept before they are merged
_REASONING = frozenset({"reasoning", "reasoning_content", "reasoning_details"})


class Answer(Decoder):
    """Decodes one answer.

    Blocks of reasoning are kept as the signature of what was shown of them, as soon as something else begins.

    Args:
        capabilities: what the server reports.
        model: the model that was asked.
        fallbacks: the models that may answer in its place; where one does, the user is told.
    """

    def __init__(self, capabilities: Capabilities, model: str, fallbacks: Sequence[str] = ()) -> None:
        super().__init__(capabilities, model)
        self._fallbacks = fallbacks
        self._pieces: list[Mapping[str, Any]] = []
        self._news: str | None = None
        self._behind: str | None = None  # the provider that serves it

    def feed(self, data: str) -> Sequence[StreamEvent]:
        """Take the data of one event and return what it tells; see `Decoder.feed`."""
        events = super().feed(data)
        if self.usage and self._behind:
            self.usage = replace(self.usage, served_by=self._behind)
        first = next((at for at, event in enumerate(events) if isinstance(event, Delta)), None) if self._news else None
        if self._news and first is not None:
            events, self._news = [*events[:first], Notice(self._news), *events[first:]], None
        return events

    def announce(self, response_id: str) -> Start:
        """Take the name of the answer that is to come."""
        self.response_id = response_id
        return Start(self._model, response_id)

    def _start(self, chunk: Mapping[str, Any]) -> Start:
        announced = self.response_id
        start = super()._start(chunk)
        self.response_id = start.response_id or announced
        self._behind = behind = name_or_none(chunk.get("provider"))
        if start.model in self._fallbacks or self._model.startswith("openrouter/"):
            self._news = f"{start.model} answers{f' at {behind}' if behind else ''}, in place of {self._model}"
        return Start(start.model, self.response_id)

    def _deltas(self, delta: Mapping[str, Any]) -> Iterator[Delta]:
        if pieces := delta.get("reasoning_details"):
            yield from self._reasoning([mapping(piece) for piece in array(pieces)], delta.get("reasoning"))
            delta = {name: value for name, value in delta.items() if name not in _REASONING}
        if any(delta.get(name) for name in ("content", "refusal", "tool_calls")):
            yield from self._signature()
        yield from super()._deltas(delta)

    def _reasoning(self, pieces: Sequence[Mapping[str, Any]], text: object) -> Iterator[Delta]:
        self._pieces += pieces
        if len(self._pieces) >= _LOOSE:
            self._pieces = [*details.merge(self._pieces)]
        shown = string(text or "") or "".join(map(details.readable, pieces))
        if whole := self._halves.join("thinking", shown):
            yield ThinkingDelta(whole)

    def _signature(self) -> Iterator[Delta]:
        """What is to be kept of the reasoning so far; it closes its part."""
        if self._pieces:
            yield ThinkingDelta("", details.dump(self._pieces))
            self._pieces = []

    def _last_half(self) -> Iterator[Delta]:
        yield from super()._last_half()
        yield from self._signature()
