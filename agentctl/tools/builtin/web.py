"""One page of the web: asked for from where its host was found to be, and followed where it was moved to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from urllib.parse import SplitResult, urljoin, urlsplit

from agentctl.errors import AgentctlError, ProviderError, ToolError
from agentctl.tools import fence
from agentctl.tools.fence import Resolver
from agentctl.tools.resolving import aside
from agentctl.transport import SilenceError, Timeouts, Transport

_REDIRECTS = 5
_MOVED = frozenset({301, 302, 303, 307, 308})
_TIMEOUTS = Timeouts(connect=10, header=30, idle=30)
_ACCEPT = "text/html, text/markdown, text/plain;q=0.9, application/json;q=0.9, text/*;q=0.8, */*;q=0.1"


@dataclass(frozen=True, slots=True)
class Page:
    """An answer: `url` is where it came from at last, and `body` its beginning if `cut`.

    `moved` is where it sends us on another host, which nobody has allowed yet.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: bool = False
    moved: str = ""


async def get(url: str, limit: int, *, granted: Sequence[str] = (), resolver: Resolver = fence.resolve) -> Page:
    """Ask for a page, and follow redirects on its host, of which each is fenced as the first.

    No cookie is kept, no proxy used, and nothing is sent but what is asked for.

    Raises:
        ToolError: the address makes no sense or leads where we may not go; there was no answer, or no end of redirects.
    """
    host = parse(url).hostname
    for _ in range(_REDIRECTS + 1):
        page = await _ask(url, limit, granted, resolver)
        location = page.headers.get("location", "")
        if page.status not in _MOVED or not location:
            return page
        target = _joined(url, location)
        if parse(url).scheme == "https" and parse(target).scheme != "https":
            raise ToolError(f"{url} redirects to {target}, which is not encrypted", reason="denied")
        if parse(target).hostname != host:
            return Page(url, page.status, page.headers, b"", moved=target)
        url = target
    raise ToolError(f"more than {_REDIRECTS} redirects")


def parse(url: str) -> SplitResult:
    """Take an address apart.

    Raises:
        ToolError: it is no http:// or https:// address, or holds a user or password.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port  # reading it checks it
    except ValueError as error:
        raise ToolError(f"the address makes no sense: {error}", reason="invalid") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ToolError("the address must begin with http:// or https:// and a host", reason="invalid")
    if "@" in parts.netloc:
        raise ToolError("the address must not hold a user or password", reason="denied")
    if not url.isprintable() or " " in url or "\\" in url:
        raise ToolError("the address has characters that must be escaped", reason="invalid")
    return parts


async def _ask(url: str, limit: int, granted: Sequence[str], resolver: Resolver) -> Page:
    async def pinned(host: str, port: int) -> Sequence[str]:
        found = await aside(partial(fence.pin, host, port, granted=granted, resolver=resolver))
        return found.addresses

    transport = Transport(_TIMEOUTS, pinned=pinned)  # one for each hop: it would keep cookies
    try:
        async with aclosing(transport), transport.stream("GET", url, headers={"Accept": _ACCEPT}) as response:
            wanted = 0 if response.status in _MOVED else limit + 1
            body = await response.read(wanted) if wanted else b""
            return Page(url, response.status, response.headers, body[:limit], cut=len(body) > limit)
    except ToolError:
        raise
    except SilenceError as error:
        raise ToolError(error.message, reason="timeout") from error
    except ProviderError as error:
        raise ToolError(error.message) from error
    except AgentctlError as error:
        raise ToolError(error.message, hint=error.hint, reason="invalid") from error


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise ToolError(f"{url} redirects to what is no address") from error
