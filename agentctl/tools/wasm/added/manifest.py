"""What is kept of a component that was added: what it is, what it may do, and the tools that it offers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agentctl.errors import ConfigError, UsageError
from agentctl.tools.wasm.grants import Grants, Limits

VERSION = 1
COMPONENT = "component.wasm"
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Offer:
    """One tool of a component.

    Args:
        name: what the component calls it; empty if it has no more than this one function.
        function: the export that is called.
        description: what it is for, in the component's words; may be empty.
        parameters: the JSON Schema of its arguments.
        described: whether `function` is `call` of our interface, which gets the name and the arguments as JSON text.
    """

    name: str
    function: str
    description: str
    parameters: Mapping[str, Any]
    described: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A component of the library.

    Args:
        name: what the user calls it.
        path: the copy that is run.
        sha256: of that copy, in hex, when it was added.
        grants: what it may touch.
        limits: how much a call may use.
        capabilities: what it asks for.
        offers: its tools.
        added_at: epoch µs.
        source: the file that it was copied from.
    """

    name: str
    path: Path
    sha256: str
    grants: Grants
    limits: Limits
    capabilities: tuple[str, ...]
    offers: tuple[Offer, ...]
    added_at: int
    source: str


def dump(entry: Entry) -> bytes:
    """Return the entry as its manifest keeps it: without the values of variables, and without its place."""
    kept = {
        "version": VERSION,
        "name": entry.name,
        "sha256": entry.sha256,
        "source": entry.source,
        "added_at": entry.added_at,
        "capabilities": list(entry.capabilities),
        "grants": entry.grants.as_json(),
        "limits": asdict(entry.limits),
        "offers": [asdict(offer) for offer in entry.offers],
    }
    return json.dumps(kept, indent=2).encode()


def load(directory: Path, environ: Mapping[str, str]) -> Entry:
    """Read the entry in a directory of the library; granted variables have the values that they have now.

    Raises:
        ConfigError: there is no manifest that makes sense.
    """
    path = directory / MANIFEST
    try:
        kept = json.loads(path.read_bytes())
        if kept["version"] != VERSION:
            raise ValueError(f"its version is {kept['version']!r}, and not {VERSION}")  # noqa: TRY301 - as the others
        return Entry(
            name=directory.name,
            path=directory / COMPONENT,
            sha256=kept["sha256"],
            grants=Grants.from_json(kept["grants"], environ),
            limits=Limits(**kept["limits"]),
            capabilities=tuple(kept["capabilities"]),
            offers=tuple(_offer(offer) for offer in kept["offers"]),
            added_at=kept["added_at"],
            source=kept["source"],
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, UsageError) as error:
        hint = f"agentctl tools remove {directory.name}, and add it again"
        raise ConfigError(f"can't read {path}: {error}", hint=hint) from error


def _offer(kept: Mapping[str, Any]) -> Offer:
    offer = Offer(**kept)
    texts = (offer.name, offer.function, offer.description)
    if not all(isinstance(text, str) for text in texts) or not isinstance(offer.parameters, dict):
        raise ValueError("one of its tools makes no sense")
    return offer
