"""Downloads a file over HTTP, and goes on where it stopped the last time.

Source: RFC 9110, sections 13.1.5 (If-Range), 14 (ranges) and 15.4 (redirects)
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from agentctl import atomic
from agentctl.errors import ProviderError
from agentctl.providers.local.shelf import Progress, Report
from agentctl.transport import Response, Transport

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 10
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")
_AGAIN = "run it again: it goes on where it stopped"


@dataclass(frozen=True, slots=True)
class _Origin:
    """What a partial file is part of: a URL, and the validator that names its version."""

    url: str
    validator: str


def download(url: str, part: Path, report: Report) -> None:
    """Download `url` into the file `part`, which may hold the beginning of it from an earlier try.

    Not to be called where an event loop runs.

    Raises:
        ProviderError: the server does not give it, or stopped; what came stays in `part` for the next try.
        OSError: the file can't be written.
    """
    asyncio.run(_Download(url, part, report).run())


def public(url: str) -> str:
    """An address as it may be shown and kept: without user, password and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


class _Download:
    def __init__(self, url: str, part: Path, report: Report) -> None:
        self._url = url
        self._name = public(url)
        self._part = part
        self._note = part.with_name(f"{part.name}.json")
        self._report = report
        self._transport = Transport()

    async def run(self) -> None:
        try:
            while not await self._attempt():
                self._forget()
        except ProviderError as error:
            raise ProviderError(error.message, hint=error.hint or _AGAIN, status=error.status) from error
        finally:
            await self._transport.aclose()
        self._note.unlink(missing_ok=True)

    async def _attempt(self) -> bool:
        """Ask for what is missing; whether it is all there then. If not, what is there is of no use."""
        offset = self._offset()
        async with self._following(self._url, self._range(offset)) as response:
            start, total = _extent(response)
            match response.status:
                case 200:
                    await self._take(response, 0, total)
                case 206 if start == offset:
                    await self._take(response, offset, total)
                case 206 if offset:
                    return False
                case 416 if offset:
                    return offset == total
                case status:
                    raise ProviderError(
                        f"{self._name} answered with status {status}", hint="check the address", status=status
                    )
        return True

    @asynccontextmanager
    async def _following(self, url: str, headers: Mapping[str, str]) -> AsyncIterator[Response]:
        for _ in range(_MOST_REDIRECTS):
            async with self._transport.stream("GET", url, headers=headers) as response:
                target = response.headers.get("location")
                if response.status not in _REDIRECTS or not target:
                    yield response
                    return
            target = urljoin(url, target)
            if url.startswith("https:") and not target.startswith("https:"):
                raise ProviderError(f"{self._name} redirects to an address without TLS", hint="check the address")
            url = target
        raise ProviderError(f"{self._name} redirects too often", hint="check the address")

    async def _take(self, response: Response, offset: int, total: int | None) -> None:
        if offset == 0:
            self._start_anew(response)
        with self._part.open("ab") as file:
            async for chunk in response.chunks:
                file.write(chunk)
                self._report(Progress("download", file.tell(), total))
            size = file.tell()
        if total is not None and size != total:
            raise ProviderError(f"{self._name} gave {size:,} of {total:,} bytes", hint=_AGAIN)

    def _start_anew(self, response: Response) -> None:
        """Note which version this is the beginning of, before the first byte of it is kept."""
        self._forget()
        if validator := _validator(response.headers):
            atomic.replace(self._note, json.dumps(asdict(_Origin(self._name, validator))).encode())

    def _forget(self) -> None:
        self._note.unlink(missing_ok=True)
        self._part.unlink(missing_ok=True)

    def _offset(self) -> int:
        return self._part.stat().st_size if self._part.exists() and self._origin() else 0

    def _range(self, offset: int) -> dict[str, str]:
        origin = self._origin()
        return {"Range": f"bytes={offset}-", "If-Range": origin.validator} if offset and origin else {}

    def _origin(self) -> _Origin | None:
        try:
            origin = _Origin(**json.loads(self._note.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None
        return origin if origin.url == self._name else None


def _validator(headers: Mapping[str, str]) -> str | None:
    """What If-Range may hold: a strong ETag, else the date; none if there is neither."""
    etag = headers.get("etag", "")
    return etag if etag.startswith('"') else headers.get("last-modified")


def _extent(response: Response) -> tuple[int | None, int | None]:
    """Where the body starts in the whole, and the size of the whole; None where the server does not say."""
    if found := _CONTENT_RANGE.fullmatch(response.headers.get("content-range", "")):
        start, total = found.groups()
        return int(start) if start else None, None if total == "*" else int(total)
    length = response.headers.get("content-length", "")
    return 0, int(length) if length.isdecimal() else None
