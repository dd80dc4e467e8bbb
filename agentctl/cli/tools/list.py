"""`agentctl tools list`: the components that were added, and the tools that each offers."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from agentctl.app import App
from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note, print_table
from agentctl.cli.tools.given import AsJson

if TYPE_CHECKING:
    from agentctl.tools.wasm.added.manifest import Entry

app = new_app()


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List the components that were added, their tools, and what they may do."""
    library = App().components
    entries = [library.get(name) for name in library.names()]
    if as_json:
        print_json([document(entry) for entry in entries])
        return
    if not entries:
        print_note("no component was added; hint: agentctl tools add FILE")
        return
    print_table(("name", "tools", "may", "added"), [_row(entry) for entry in entries])


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
