"""The forms in which footprints are kept. Pure.

Tools and system prompts, which many requests have in common, are texts of their own. Of the messages only those are
kept that the next request can be compared with; a thousand of them take some 20 KB.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import asdict, dataclass
from typing import Any

from agentctl.breakpoints import Breakpoint, CachePlan
from agentctl.economy.footprints import Extent, Footprint

_NAME_BYTES = 12


@dataclass(frozen=True, slots=True)
class Kept:
    """A footprint as it is kept; `created_at` is when the request was sent, in epoch µs."""

    provider: str
    model: str
    created_at: int
    tools: str
    system: str
    body: str


def name_of(body: str) -> str:
    """Return the name under which a text is kept once."""
    import hashlib  # noqa: PLC0415 - it loads all of OpenSSL, and reports need none

    return hashlib.blake2b(body.encode(), digest_size=_NAME_BYTES).hexdigest()


def dump_tools(footprint: Footprint) -> str:
    """Return the digests of the tools as ASCII JSON."""
    return _dump({"tools": footprint.tools})


def dump_system(footprint: Footprint) -> str:
    """Return the digests of the system prompt as ASCII JSON."""
    return _dump({"system": footprint.system})


def dump_body(footprint: Footprint) -> str:
    """Return the rest of it as ASCII JSON."""
    kept = footprint.messages[: footprint.extent.messages] if footprint.extent else ()
    return _dump(
        {
            "plan": footprint.plan and asdict(footprint.plan),
            "extent": footprint.extent and asdict(footprint.extent),
            "marks": footprint.marks,
            "expected": footprint.expected,
            "settings": footprint.settings,
            "messages": base64.b64encode(zlib.compress(_dump(kept).encode())).decode(),
        }
    )


def load_footprint(kept: Kept) -> Footprint:
    """Read a footprint back from its forms."""
    rest = json.loads(kept.body)
    messages = json.loads(zlib.decompress(base64.b64decode(rest["messages"])))
    return Footprint(
        kept.provider,
        kept.model,
        kept.created_at,
        rest["plan"] and _plan(rest["plan"]),
        tuple((name, leaves) for name, leaves in json.loads(kept.tools)["tools"]),
        tuple(json.loads(kept.system)["system"]),
        tuple(tuple(message) for message in messages),
        rest["settings"],
        rest["extent"] and Extent(**rest["extent"]),
        tuple(rest["marks"]),
        rest["expected"],
    )


def _plan(row: dict[str, Any]) -> CachePlan:
    return CachePlan(**row | {"breakpoints": tuple(Breakpoint(**mark) for mark in row["breakpoints"])})


def _dump(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
