"""Gemini's cachedContents: what is kept on demand, and what that is refused for.

Sources: google-genai 3.4 types.CachedContent; https://ai.google.dev/api/caching. A clock that tests can turn on decides
on what has expired.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from support.vendors.checks import Json, RefusedError, check, names, stranger

_TOP = names("model contents tools toolConfig systemInstruction ttl expireTime displayName kmsKeyName")
_TTL = re.compile(r"(\d{1,9})s")
_LONGEST = 128  # characters of a display name
_LEAST = 1024  # tokens


@dataclass(slots=True)
class Cached:
    """One cache: what it holds, and until when."""

    name: str
    body: Json
    tokens: int
    created: datetime
    expires: datetime


@dataclass(slots=True)
class Caches:
    """All that are kept; `ahead` is by how much their clock is fast. `deleted` tells in which order they went."""

    kept: dict[str, Cached] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        """The time here."""
        return datetime.now(UTC) + self.ahead

    def alive(self) -> dict[str, Cached]:
        """Those that have not expired, by name."""
        return {name: one for name, one in self.kept.items() if one.expires > self.now()}

    def create(self, name: str, body: Json, tokens: int) -> Json:
        """Keep something new."""
        odd = stranger(body, _TOP)
        check(odd is None, f'Invalid JSON payload received. Unknown name "{odd}": Cannot find field.')
        check(body.get("contents") or body.get("systemInstruction"), "contents must not be empty")
        check(len(body.get("displayName", "")) <= _LONGEST, "display_name must be at most 128 characters")
        words = f"Cached content is too small. total_token_count={tokens}, min_total_token_count={_LEAST}"
        check(tokens >= _LEAST, words)
        now = self.now()
        self.kept[name] = Cached(name, body, tokens, now, now + _ttl(body))
        return self.told(self.kept[name])

    def extend(self, name: str, body: Json) -> Json:
        """Keep it for longer, or shorter: nothing else of it can be changed."""
        found = self.find(name)
        check(set(body) <= {"ttl", "expireTime"}, "only ttl and expire_time can be updated")
        found.expires = self.now() + _ttl(body)
        return self.told(found)

    def delete(self, name: str) -> Json:
        """Forget it."""
        self.find(name)
        del self.kept[name]
        self.deleted.append(name)
        return {}

    def find(self, name: str) -> Cached:
        """Return it, or refuse as for what is somebody else's."""
        if name not in self.alive():
            raise RefusedError("CachedContent not found (or permission denied)", status=403)
        return self.kept[name]

    def listing(self, token: str, size: int) -> Json:
        """A page of all that are kept."""
        start = int(token or 0)
        found = list(self.alive().values())
        rest = {"nextPageToken": str(start + size)} if len(found) > start + size else {}
        page = found[start : start + size]
        return {"cachedContents": [self.told(one) for one in page], **rest} if page else {}

    def told(self, one: Cached) -> dict[str, Any]:
        """What is told of one; what it holds is not."""
        return {
            "name": one.name,
            "model": one.body["model"],
            "displayName": one.body.get("displayName", ""),
            "createTime": _time(one.created),
            "updateTime": _time(one.created),
            "expireTime": _time(one.expires),
            "usageMetadata": {"totalTokenCount": one.tokens},
        }


def _ttl(body: Mapping[str, Any]) -> timedelta:
    given = str(body.get("ttl", "3600s"))
    found = _TTL.fullmatch(given)
    check(found, f"Invalid value at 'cached_content.ttl' (type.googleapis.com/google.protobuf.Duration), \"{given}\"")
    return timedelta(seconds=int(found[1] if found else 0))


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
