"""What `agentctl tools run` calls: a file with a component, or one that was added."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentctl.app import App
from agentctl.cli.tools.given import read_component
from agentctl.cli.tools.shown import line, next_step
from agentctl.errors import ToolError, ToolFailure, UsageError
from agentctl.tools.wasm.added.library import check_intact
from agentctl.tools.wasm.added.manifest import Offer
from agentctl.tools.wasm.added.naming import tool_names
from agentctl.tools.wasm.added.offers import describing
from agentctl.tools.wasm.grants import Grants, Limits
from agentctl.tools.wasm.inspection.apart import inspect_apart


@dataclass(frozen=True, slots=True)
class Target:
    """A component, and what of it can be called.

    Args:
        name: as the user named it.
        path: its file.
        sha256: of that file, in hex.
        capabilities: what it asks for.
        grants: what it was allowed when it was added.
        limits: how much a call may use, unless the command line says otherwise.
        offers: its functions by all the names that users may know them by.
        call: the function that takes calls of tools by name, if it has our interface and they are not known here.
    """

    name: str
    path: Path
    sha256: str
    capabilities: tuple[str, ...]
    grants: Grants
    limits: Limits
    offers: Mapping[str, Offer]
    call: str | None = None

    def offer(self, function: str) -> Offer:
        """The function of that name; `run` is enough for `wasi:cli/run@0.2.9#run` where no other ends so.

        Raises:
            UsageError: there is none.
        """
        ends = {offer.function: offer for name, offer in self.offers.items() if name.endswith(f"#{function}")}
        found = self.offers.get(function) or (next(iter(ends.values())) if len(ends) == 1 else None)
        if found is None and self.call is not None:
            return Offer(function, self.call, "", {}, described=True)
        if found is None:
            hint = line(f"it has {', '.join(self.offers) or 'no function that can be called'}")
            raise UsageError(line(f"{self.name} has no function {function!r}"), hint=hint)
        return found


def find(wired: App, text: str) -> Target:
    """Find what the user means: a file if there is a slash in it or it ends in `.wasm`, else an added component.

    Raises:
        UsageError: there is neither.
        ToolError: it can't be run.
    """
    if "/" in text or text.endswith(".wasm"):
        return _file(Path(text))
    if text in wired.components.names():
        return _added(wired, text)
    hint = f"for the file: ./{line(text)}" if Path(text).is_file() else "agentctl tools list"
    raise UsageError(line(f"there is no component {text!r}"), hint=hint)


def sent(offer: Offer, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as the component's function takes them."""
    return {"name": offer.name, "args-json": json.dumps(arguments)} if offer.described else dict(arguments)


def _added(wired: App, name: str) -> Target:
    entry = wired.components.get(name)
    check_intact(entry)
    offers: dict[str, Offer] = {}
    for tool, offer in zip(tool_names(entry), entry.offers, strict=True):
        offers |= {tool: offer, offer.name or offer.function: offer}
        if not offer.described:
            offers[offer.function] = offer
    return Target(name, entry.path, entry.sha256, entry.capabilities, entry.grants, entry.limits, offers)


def _file(path: Path) -> Target:
    data = read_component(path)
    inspection = inspect_apart(data)
    if inspection.verdict == "refused":
        reason: ToolFailure = "denied" if inspection.kind == "component" else "invalid"
        told = line(f"{path} can't be run: {inspection.reason}")
        raise ToolError(told, hint=next_step(path, inspection), reason=reason)
    offers = {one.name: Offer(one.name, one.name, one.description, one.parameters) for one in inspection.exports}
    ours = describing(inspection.exports)
    sha256 = hashlib.sha256(data).hexdigest()
    call = ours[1] if ours else None
    return Target(str(path), path.absolute(), sha256, inspection.capabilities, Grants(), Limits(), offers, call)
