"""`agentctl tools list`: the components that were added, and the tools that each offers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from agentctl.app import App
from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note, print_table
from agentctl.cli.tools.given import AsJson
from agentctl.cli.tools.shown import line
from agentctl.errors import ConfigError

if TYPE_CHECKING:
    from agentctl.tools.wasm.added.library import Library
    from agentctl.tools.wasm.added.manifest import Entry

app = new_app()

_BROKEN = "not be used: its manifest is broken"


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List the components that were added, their tools, and what they may do."""
    library = App().components
    entries = [_found(library, name) for name in library.names()]
    if as_json:
        print_json([one.as_json() if isinstance(one, _Broken) else document(one) for one in entries])
    elif not entries:
        print_note("no component was added; hint: agentctl tools add FILE")
    else:
        rows = [(one.name, "", _BROKEN, "") if isinstance(one, _Broken) else _row(one) for one in entries]
        print_table(("name", "tools", "may", "added"), rows)
    for broken in entries:
        if isinstance(broken, _Broken):
            print_note(f"{line(broken.error.message)}; hint: {broken.error.hint}")


@dataclass(frozen=True, slots=True)
class _Broken:
    """A component of which nobody knows any more what it may do."""

    name: str
    error: ConfigError

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "kind": "component", "error": self.error.message}


def _found(library: Library, name: str) -> Entry | _Broken:
    try:
        return library.get(name)
    except ConfigError as error:
        return _Broken(name, error)


def document(entry: Entry) -> dict[str, Any]:
    """The JSON document of an added component."""
    from agentctl.cli.figures import rfc3339  # noqa: PLC0415 - an empty list needs none of it
    from agentctl.tools.wasm.added.library import intact  # noqa: PLC0415
    from agentctl.tools.wasm.added.naming import tool_names  # noqa: PLC0415

    names = tool_names(entry)
    return {
        "name": entry.name,
        "kind": "component",
        "tools": [
            {"name": name, "function": one.function, "description": one.description, "parameters": dict(one.parameters)}
            for name, one in zip(names, entry.offers, strict=True)
        ],
        "capabilities": list(entry.capabilities),
        "grants": entry.grants.as_json(),
        "limits": asdict(entry.limits),
        "sha256": entry.sha256,
        "intact": intact(entry),
        "added_at": rfc3339(entry.added_at),
        "source": entry.source,
        "path": str(entry.path),
    }


def _row(entry: Entry) -> tuple[str, ...]:
    from agentctl.cli.figures import local_time  # noqa: PLC0415
    from agentctl.tools.wasm.added.library import intact  # noqa: PLC0415
    from agentctl.tools.wasm.added.naming import tool_names  # noqa: PLC0415
    from agentctl.tools.wasm.grants import describe  # noqa: PLC0415

    may = "; ".join(describe(entry.grants)) or "compute"
    state = may if intact(entry) else "not be run: its file was changed"
    return entry.name, " ".join(tool_names(entry)), state, local_time(entry.added_at)
