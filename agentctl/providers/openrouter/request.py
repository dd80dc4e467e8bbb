"""A request as the body that OpenRouter takes: that of Chat Completions, and how it is to be routed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from agentctl.breakpoints import TOOLS
from agentctl.messages import Message, Thinking
from agentctl.providers.anthropic.marks import control
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.caching import rules
from agentctl.providers.openai import request as chat
from agentctl.providers.openrouter import details
from agentctl.providers.places import carried, speaks
from agentctl.settings.values import OpenRouterSettings

Json = dict[str, Any]

_LONGEST_SESSION = 256  # characters of a session's name


def encode(request: Request, capabilities: Capabilities, wishes: OpenRouterSettings) -> Json:
    """Return the body that asks for a streamed answer. `request` is as `history.adapt` leaves it.

    Reasoning goes back as it came: the provider behind OpenRouter checks what it signed.
    """
    body = chat.encode(replace(request, messages=(), effort=None), capabilities)
    body |= _marked(request, capabilities)
    if wishes.models:
        body["models"] = list(wishes.models)
    if preferences := routing(wishes.routing, strict=request.schema is not None):
        body["provider"] = preferences
    if request.effort is not None:
        body["reasoning"] = {"effort": request.effort}
    if request.session_id:
        body["session_id"] = request.session_id[:_LONGEST_SESSION]
    return body


def _marked(request: Request, capabilities: Capabilities) -> Json:
    """The messages and the tools, marked where the cache of the model behind it takes that.

    Marks are Anthropic's for all: OpenRouter says them in the words of the provider that it asks.
    """
    cache = rules(capabilities, request.model)
    places = carried(request.cache if cache.marks else None, [*map(speaks, request.messages)])
    said = [(_turns(one), control(places[at]) if at in places else None) for at, one in enumerate(request.messages)]
    fields: Json = {"messages": [turn for turns, mark in said for turn in chat.closed(turns, mark)]}
    if TOOLS in places and cache.tools and request.tools:
        *before, last = [chat.tool(one) for one in request.tools]
        fields["tools"] = [*before, last | control(places[TOOLS])]
    if cache.declines and request.cache is not None and not request.cache.implicit:
        fields["prompt_cache_options"] = {"mode": "explicit"}
    return fields


def routing(wishes: Mapping[str, Any], *, strict: bool = False) -> Json:
    """Return the wishes, by the names of their settings, as OpenRouter's `provider` object.

    Args:
        wishes: such as `{"order": ("anthropic",), "max_price.prompt": Decimal(3)}`.
        strict: let only those answer that know every parameter, unless there is a wish about that: any other would
            leave out the JSON schema without a word.
    """
    preferences: Json = {"require_parameters": True} if strict else {}
    for name, value in wishes.items():
        group, _, field = name.partition(".")
        if field:
            preferences.setdefault(group, {})[field] = _plain(value)
        elif group != "partition":
            preferences[group] = _plain(value)
    if partition := wishes.get("partition"):
        by = {"by": preferences["sort"]} if "sort" in preferences else {}
        preferences["sort"] = by | {"partition": partition}
    return preferences


def _plain(value: object) -> object:
    match value:
        case Decimal():
            return f"{value:f}"
        case tuple():
            return list(value)
    return value


def _turns(message: Message) -> Iterator[Json]:
    for turn in chat.turns(message):
        if isinstance(turn["content"], list):
            turn["content"] = [_item(item) for item in turn["content"]]
        yield turn | _reasoning(message) if message.role == "assistant" else turn


def _reasoning(message: Message) -> Json:
    """The blocks of reasoning; a text without its block is worth nothing to the model, and some refuse it."""
    signatures = (part.signature for part in message.parts if isinstance(part, Thinking))
    blocks = details.merge(block for signature in signatures for block in details.load(signature))
    kept = [block for block in blocks if details.acceptable(block)]
    return {"reasoning_details": kept} if kept else {}


def _item(item: Json) -> Json:
    """A part of a message, sounds and films as OpenRouter wants them.

    Source: https://openrouter.ai/docs/features/multimodal/overview
    """
    address = item["file"]["file_data"] if item["type"] == "file" else ""
    kind, _, data = address.removeprefix("data:").partition(";base64,")
    family, _, form = kind.partition("/")
    if family == "audio":
        return {"type": "input_audio", "input_audio": {"data": data, "format": _FORMATS.get(form, form)}}
    if family == "video":
        return {"type": "video_url", "video_url": {"url": address}}
    return item


_FORMATS = {"mpeg": "mp3", "x-wav": "wav", "wave": "wav", "vnd.wave": "wav", "mp4": "m4a", "x-m4a": "m4a"}
"""What OpenRouter calls a format of sound, where that is not what its media type says."""
