"""The caches that Gemini keeps on demand, `cachedContents`: made, found, kept for longer and deleted.

One holds the system's instruction, the tools and the beginning of a conversation, for one model. It is billed by the
hour until it expires or is deleted, whether it is read or not.

Sources: https://ai.google.dev/api/caching; google-genai 3.4 caches.py, types.CachedContent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from agentctl.errors import ProviderError
from agentctl.providers.base import Request
from agentctl.providers.codec import Query
from agentctl.providers.counts import inside, items, part
from agentctl.providers.driver import HttpProvider
from agentctl.providers.google.models import resource
from agentctl.providers.google.request import encode
from agentctl.providers.history import adapt

_PATH = "/v1beta/cachedContents"
_COLLECTION = "cachedContents/"
_HELD = ("systemInstruction", "tools", "contents")
_PAGE = 1000
_MOST_PAGES = 50
_GONE = "CachedContent not found"  # comes as 403, so that nobody learns of what is not theirs


@dataclass(frozen=True, slots=True)
class CachedContent:
    """A cache that Gemini keeps: its name there, ours, how many tokens it holds, and its end in epoch µs if told."""

    name: str
    display_name: str
    tokens: int
    expires_at: int | None


async def create(provider: HttpProvider, request: Request, covered: int, ttl: int, display_name: str) -> CachedContent:
    """Have a cache made.

    Args:
        provider: Gemini.
        request: what begins with what is to be kept.
        covered: how many of its messages are to be in the cache, beside the tools.
        ttl: seconds until it expires.
        display_name: our own name for it, by which `find` tells it again; at most 128 characters.

    Raises:
        ProviderError: it was refused, as one is that holds too little, or nobody knows whether it was made.
    """
    begun, _ = adapt(replace(request, messages=request.messages[:covered], cache=None), provider.capabilities)
    held = encode(begun, provider.capabilities)
    body = {
        "model": resource(request.model),
        "displayName": display_name,
        "ttl": f"{ttl}s",
        **{name: held[name] for name in _HELD if held.get(name)},
    }
    return _read(await provider.ask(Query(_PATH, body, once=True)), provider.name)


async def delete(provider: HttpProvider, name: str) -> None:
    """Have a cache deleted; one that is gone already is no trouble.

    Raises:
        ProviderError: it was refused, or nobody knows whether it was deleted.
    """
    try:
        await provider.ask(Query(_address(name), method="DELETE"))
    except ProviderError as error:
        if not is_gone(error):
            raise


async def find(provider: HttpProvider) -> list[CachedContent]:
    """Return all caches that are kept for the key's project, also those of other programs.

    Raises:
        ProviderError: it was refused.
    """
    found: list[CachedContent] = []
    token = ""
    for _ in range(_MOST_PAGES):
        more = f"&pageToken={quote(token, safe='')}" if token else ""
        answer = await provider.ask(Query(f"{_PATH}?pageSize={_PAGE}{more}"))
        found += [_read(one, provider.name) for one in map(inside, items(answer.get("cachedContents")))]
        token = str(answer.get("nextPageToken") or "")
        if not token:
            break
    return found


def is_gone(error: ProviderError) -> bool:
    """Whether the error says that there is no such cache, or none of this key's."""
    if error.status == HTTPStatus.NOT_FOUND:
        return True
    return error.status == HTTPStatus.FORBIDDEN and _GONE in error.message


def _address(name: str) -> str:
    """The path of a cache, whose name can't lead elsewhere."""
    return f"{_PATH}/{quote(name.removeprefix(_COLLECTION), safe='', errors='replace')}"


def _read(answer: Mapping[str, Any], provider: str) -> CachedContent:
    name = answer.get("name")
    if not isinstance(name, str) or not name.startswith(_COLLECTION):
        raise ProviderError(f"{provider} answered with what is no cache", hint="check the base URL")
    tokens = part(inside(answer.get("usageMetadata")).get("totalTokenCount"))
    return CachedContent(name, str(answer.get("displayName") or ""), tokens, _moment(answer.get("expireTime")))


def _moment(text: object) -> int | None:
    """RFC 3339, with up to nine digits of a second, in epoch µs; None if it is none."""
    try:
        return round(datetime.fromisoformat(str(text)).timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        return None
