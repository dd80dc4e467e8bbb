"""A streamed response: the data of its events in, our events out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from agentctl.events import Delta, Done, Start, StreamEvent
from agentctl.messages import Message, StopReason
from agentctl.providers.base import Capabilities
from agentctl.providers.counts import inside
from agentctl.providers.decoding import Kept, array, cache_miss, ended_early, mapping, name_or_none, parse
from agentctl.providers.dialect import check
from agentctl.providers.refusal import broken_off
from agentctl.providers.responses.items import Items
from agentctl.providers.usages.openai import read_usage
from agentctl.usage import Usage

_CUT_SHORT: Mapping[str | None, StopReason] = {"max_output_tokens": "max_tokens", "content_filter": "refusal"}

_ENDS = frozenset(f"response.{end}" for end in ("completed", "incomplete", "failed", "cancelled", "done"))


class Decoder:
    """Decodes one answer; after a failure `partial` and `usage` tell what there was of it.

    A whole answer, from a server that does not stream, is the response that would end the stream.

    Args:
        capabilities: whose answer it is.
        model: the model that was asked.
        limit: the most tokens that it might answer with.
    """

    def __init__(self, capabilities: Capabilities, model: str, limit: int | None = None) -> None:
        self._capabilities = capabilities
        self._model = model
        self._limit = limit
        self._kept = Kept(capabilities.provider, model)
        self._items = Items()
        self._started = False
        self._stop_reason: StopReason = "end_turn"
        self.begun = False  # there was an event of an answer
        self.finished = False  # the whole response was there, and nothing more comes
        self.usage: Usage | None = None
        self.response_id: str | None = None

    def feed(self, data: str) -> Sequence[StreamEvent]:
        """Take the data of one event and return what it tells.

        Raises:
            ProviderError: the server reports an error, or this is no event of an answer.
        """
        if self.finished or data == "[DONE]":  # which gateways add
            return ()
        event = parse(data)
        if not self.begun:
            check(self._capabilities, event, "responses")
        kind = name_or_none(event.get("type")) or ""
        if kind.startswith("response."):
            return self._told(kind, event, mapping(event.get("response") or {}))
        if "output" in event or event.get("object") == "response":
            return self._told("", event, event)
        if kind == "error" or event.get("error"):
            raise broken_off(self._capabilities, event)
        return ()  # such as `keepalive`

    def _told(self, kind: str, event: Mapping[str, Any], response: Mapping[str, Any]) -> Sequence[StreamEvent]:
        self.begun = True
        if response.get("usage"):
            usage, diagnosis = read_usage(response), _diagnosis(response)
            self.usage = replace(usage, diagnosis=diagnosis) if usage and diagnosis else usage
        self.response_id = self.response_id or name_or_none(response.get("id"))
        ends = not kind or kind in _ENDS
        deltas = self._kept.keep(self._last(kind, response) if ends else self._items.feed(kind, event))
        if self._started or not (response or deltas):
            return deltas
        self._started = True
        return [Start(name_or_none(response.get("model")) or self._model, self.response_id), *deltas]

    def _last(self, kind: str, response: Mapping[str, Any]) -> Iterator[Delta]:
        """Take the response that ends a stream, or is all there is."""
        status = name_or_none(response.get("status")) or kind.removeprefix("response.")
        if status in ("failed", "cancelled"):
            raise broken_off(self._capabilities, response.get("error") or f"the response is {status}")
        if status in ("queued", "in_progress") and not kind:
            return  # the server goes on with it in the background
        yield from self._items.finish(array(response.get("output") or []))
        self._stop_reason = self._reason(status, mapping(response.get("incomplete_details") or {}))
        self.finished = True

    def _reason(self, status: str, details: Mapping[str, Any]) -> StopReason:
        if status == "incomplete" and (reason := _CUT_SHORT.get(name_or_none(details.get("reason")))):
            return reason
        if self._items.refused:
            return "refusal"
        if self._items.calls:
            return "tool_use"
        cut = self._limit is not None and self.usage is not None and self.usage.output >= self._limit
        return "max_tokens" if cut else "end_turn"  # llama.cpp says `completed` of what it cut

    @property
    def whole(self) -> bool:
        """Whether all of it was there: the usage comes with the end."""
        return self.finished

    def end(self) -> Done:
        """The whole answer, once the stream has ended.

        Raises:
            ProviderError: the server never said that it was finished.
        """
        if not self.finished:
            raise ended_early(self._capabilities.provider)
        return Done(self._kept.message(self._stop_reason), self.usage, self._stop_reason)

    @property
    def partial(self) -> Message | None:
        """What had arrived, as the message of a failed answer."""
        return self._kept.partial


def _diagnosis(response: Mapping[str, Any]) -> str | None:
    """Why the server did not read its cache, if it says so.

    Source: https://developers.openai.com/api/docs/guides/prompt-caching/diagnostics.
    """
    found = inside(response.get("prompt_cache_diagnostics"))
    kind = found.get("type")
    if kind == "cache_hit":
        return None
    return cache_miss(found.get("reason") if kind == "cache_miss" else kind, found.get("cache_missed_tokens"))


def chat_instead(provider: str) -> str:
    """What to do about a server that does not speak this API."""
    return f"if it speaks Chat Completions alone: `agentctl config set servers.{provider}.api chat`"
