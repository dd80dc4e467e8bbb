"""The tool that fetches a page."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from agentctl.errors import ToolError
from agentctl.messages import ToolSpec
from agentctl.tools import fence
from agentctl.tools.arguments import check
from agentctl.tools.base import Outcome, Plan
from agentctl.tools.builtin import worker
from agentctl.tools.builtin.schema import schema, string
from agentctl.tools.builtin.text import binary_kind
from agentctl.tools.fence import Resolver

_LIMIT = 2 << 20  # bytes of a body
_SECONDS = 10.0  # for a page to be made readable
_TEXTUAL = re.compile(
    r"text/|application/(?:[\w.-]+\+)?(?:json|xml|javascript|yaml|toml)$|application/(?:x-)?(?:ndjson|sh)"
)
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_FAILED = 400

_SPEC = ToolSpec(
    "fetch",
    "Fetch a page of the public web by GET, and return its text: HTML as text with links, other text as it is. Private "
    "addresses are refused. A redirect to another host is not followed but told, to be fetched by another call. "
    f"At most {_LIMIT >> 20} MiB are read.",
    schema(url=string("an http:// or https:// address", longest=8192, shortest=1), required=("url",)),
)


@dataclass(frozen=True, slots=True)
class Fetch:
    """Fetches text from the public web.

    Args:
        granted: addresses that are not public and may be reached all the same, as `127.0.0.1:8080`.
        resolver: what looks up names.
    """

    granted: Sequence[str] = ()
    resolver: Resolver = fence.resolve
    spec: ToolSpec = _SPEC
    timeout: float | None = 60.0  # a server that sends a byte now and then is not waited for

    async def plan(self, arguments: Mapping[str, Any]) -> Plan:
        """See `Tool`."""
        from agentctl.tools.builtin.web import parse  # noqa: PLC0415 - it brings what sends requests

        check(arguments, self.spec.parameters)
        url: str = arguments["url"]
        host = parse(url).hostname or ""
        return Plan(f"fetch {url}", host, "network", partial(self._run, url))

    async def _run(self, url: str) -> Outcome:
        from agentctl.tools.builtin.web import get  # noqa: PLC0415 - see above

        page = await get(url, _LIMIT, granted=self.granted, resolver=self.resolver)
        details = {"status": page.status, "url": page.url, "bytes": len(page.body)}
        if page.moved:
            return Outcome(f"{page.url} redirects to {page.moved}: fetch that if you want it", details=details)
        kind, _, rest = page.headers.get("content-type", "").lower().partition(";")
        kind = kind.strip()
        if page.body and (binary_kind(page.body) or (kind and not _TEXTUAL.match(kind))):
            raise ToolError(f"{page.url} is {kind or binary_kind(page.body)}, not text")
        text = _decoded(page.body, rest, kind)
        if kind in _HTML:
            text = await worker.call("readable", {"html": text, "base": page.url}, _SECONDS)
        notes = [f"[{page.url}: HTTP {page.status}{f', {kind}' if kind else ''}]", text]
        notes += [f"[cut after {_LIMIT} bytes]"] if page.cut else []
        return Outcome("\n".join(notes), is_error=page.status >= _FAILED, details=details)


def _decoded(body: bytes, parameters: str, kind: str) -> str:
    found = re.search(r"charset=[\"']?([\w-]+)", parameters)
    if (
        not found
        and kind in _HTML
        and (meta := re.search(rb"<meta[^>]{0,200}charset=[\"']?([\w-]+)", body[:4096], re.IGNORECASE))
    ):
        name = meta[1].decode("ascii")
    else:
        name = found[1] if found else "utf-8"
    try:
        codecs.lookup(name)
        return body.decode("utf-8-sig" if name in {"utf-8", "utf8"} else name, errors="replace")
    except (LookupError, UnicodeError):
        return body.decode(errors="replace")
