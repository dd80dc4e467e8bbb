"""The strict fakes of the vendors, with caches that keep the rules and a bill that follows from them.

clock = Clock()
with CachingAnthropic(AnthropicCache(clock), price=…) as vendor:
    …                                  # talk to vendor.url, clock.wait(600), talk again
assert vendor.bill.total < …
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import accumulate
from typing import Any

from support.caches.anthropic import AnthropicCache
from support.caches.google import GeminiCache
from support.caches.openai import MarkedCache, OlderCache
from support.caches.openrouter import RoutedCache
from support.caches.pieces import Piece, Spent
from support.server import Recorded
from support.vendors.anthropic import Anthropic
from support.vendors.bill import Tokens
from support.vendors.checks import Json
from support.vendors.gemini import Gemini
from support.vendors.openrouter import OpenRouter
from support.vendors.responses import Responses
from support.vendors.vendor import Asked

_MARKS = ("cache_control", "prompt_cache_breakpoint")


class CachingAnthropic(Anthropic):
    """Anthropic, with its cache; `places` are the tokens up to the end of each block of the last request."""

    def __init__(self, rules: AnthropicCache, **options: Any) -> None:
        super().__init__(**options)
        self.rules = rules
        self.places: list[int] = []

    def _measure(self, body: Json) -> Tokens:
        pieces = [*_blocks(body)]
        self.places = [*accumulate(piece.size for piece in pieces)]
        return _tokens(self.rules.serve(body["model"], pieces))


class CachingResponses(Responses):
    """OpenAI, with its newer or its older cache."""

    def __init__(self, rules: MarkedCache | OlderCache, **options: Any) -> None:
        super().__init__(**options)
        self.rules = rules
        self._body: Json = {}

    def route(self, request: Recorded, path: str, body: Json) -> Asked | Json:
        """As ever, but the whole body is looked at."""
        self._body = body
        return super().route(request, path, body)

    def measure(self, model: str, *parts: object) -> Tokens:
        """The tokens of the request, by what the cache has of it."""
        pieces, key = [*_items(self._body)], self._body.get("prompt_cache_key")
        if isinstance(self.rules, OlderCache):
            kept = self._body.get("prompt_cache_retention", "in_memory")
            return _tokens(self.rules.serve(model, key, pieces, retention=kept))
        options = self._body.get("prompt_cache_options", {})
        mode, ttl = options.get("mode", "implicit"), options.get("ttl", "30m")
        return _tokens(self.rules.serve(f"{model} {key}", pieces, mode=mode, ttl=ttl))


class CachingGemini(Gemini):
    """Gemini, with its caches.

    Args:
        rules: what they do.
        storage: dollars for a million tokens and an hour.
    """

    def __init__(self, rules: GeminiCache, storage: Decimal = Decimal("4.5"), **options: Any) -> None:
        super().__init__(**options)
        self.rules = rules
        self.storage = storage
        self._body: Json = {}

    @property
    def spent(self) -> Decimal:
        """The bill, and what keeping caches cost until now."""
        return self.bill.total + self.storage * Decimal(self.rules.token_hours) / 10**6

    def route(self, request: Recorded, path: str, body: Json) -> Asked | Json:
        """As ever, and the making and deleting of caches."""
        self._body = body
        if path == "/v1beta/cachedContents":
            return self._create(body)
        if request.method == "DELETE" and path.startswith("/v1beta/cachedContents/"):
            self.rules.delete(path.removeprefix("/v1beta/"))
            return {}
        return super().route(request, path, body)

    def measure(self, model: str, *parts: object) -> Tokens:
        """The tokens of the request, by what the caches have of it."""
        return _tokens(self.rules.serve(model, [*_contents(self._body)], self._body.get("cachedContent")))

    def _create(self, body: Json) -> Json:
        model = str(body["model"]).removeprefix("models/")
        name, spent = self.rules.create(model, [*_contents(body)], float(str(body["ttl"]).removesuffix("s")))
        self._charge(Asked(name, model, body, _tokens(spent)), _tokens(spent), _tokens(spent))
        return {"name": name, "model": body["model"], "usageMetadata": {"totalTokenCount": spent.fresh}}


class CachingOpenRouter(OpenRouter):
    """OpenRouter, and the caches of those behind it."""

    def __init__(self, rules: RoutedCache, **options: Any) -> None:
        super().__init__(**options)
        self.rules = rules
        self._body: Json = {}

    def route(self, request: Recorded, path: str, body: Json) -> Asked | Json:
        """As ever, but the whole body is looked at."""
        self._body = body
        return super().route(request, path, body)

    def measure(self, model: str, *parts: object) -> Tokens:
        """The tokens of the request, by what the caches have of it."""
        return _tokens(self.rules.serve(model, self._body.get("session_id"), [*_messages(self._body)]))


def _tokens(spent: Spent) -> Tokens:
    return Tokens(spent.fresh, spent.read, spent.short, written_long=spent.long)


def _piece(block: Mapping[str, Any], kind: str, role: str, *, ends: bool) -> Piece:
    """The block without its marks, which are no part of what is hashed."""
    bare = {name: value for name, value in block.items() if name not in _MARKS}
    mark = (block.get("cache_control") or {}).get("ttl", "5m") if "cache_control" in block else None
    if "prompt_cache_breakpoint" in block:
        mark = "explicit"
    return Piece(f"{role} {json.dumps(bare, ensure_ascii=False)}", kind, mark, ends)


def _blocks(body: Json) -> Iterator[Piece]:
    """Of a request to Anthropic."""
    for tool in body.get("tools") or ():
        yield _piece(tool, "tool", "tools", ends=False)
    for block in body.get("system") or ():
        yield _piece(block, "text", "system", ends=False)
    for message in body["messages"]:
        for block in message["content"]:
            yield _piece(block, block["type"], message["role"], ends=False)


def _items(body: Json) -> Iterator[Piece]:
    """Of a request to OpenAI's Responses."""
    for tool in body.get("tools") or ():
        yield _piece(tool, "tools", "tools", ends=False)
    for item in body["input"]:
        kind = {"function_call_output": "tool", "message": item.get("role", "")}.get(item["type"], "assistant")
        content = item.get("output", item.get("content"))
        parts = content if isinstance(content, list) else [{"type": "input_text", "text": content or json.dumps(item)}]
        for number, part in enumerate(parts):
            yield _piece(part, kind, kind, ends=number == len(parts) - 1)


def _contents(body: Json) -> Iterator[Piece]:
    """Of a request to Gemini, or for a cache."""
    for tool in body.get("tools") or ():
        yield Piece(json.dumps(tool))
    for content in ([body["systemInstruction"]] if "systemInstruction" in body else []) + [*body.get("contents", ())]:
        for part in content["parts"]:
            yield Piece(f"{content.get('role')} {json.dumps(part, ensure_ascii=False)}")


def _messages(body: Json) -> Iterator[Piece]:
    """Of a request to OpenRouter, as the provider behind it gets it: a text is one block, a call too."""
    for tool in body.get("tools") or ():
        yield _piece(tool, "tool", "tools", ends=False)
    for message in body["messages"]:
        role, content = message["role"], message.get("content")
        for part in content if isinstance(content, list) else [{"type": "text", "text": content}] if content else []:
            yield _piece(part, "tool_result" if role == "tool" else "text", role, ends=False)
        for call in message.get("tool_calls") or ():
            yield _piece(call, "tool_use", role, ends=False)
