"""`agentctl train list`: the policies that are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note, print_table
from agentctl.cli.train.given import AsJson
from agentctl.cli.train.shown import channels_of, documents, figures, places, short, source, value
from agentctl.cli.wiring import wire

if TYPE_CHECKING:
    from agentctl.learning.artifacts import Entry
    from agentctl.learning.channels import Pointer

app = new_app()


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List policies, the newest first, and the channels that they are in."""
    library = wire().policies
    entries, channels = library.all(), channels_of(library.channels)
    if as_json:
        print_json([_document(one, channels) for one in entries])
        return
    if not entries:
        print_note("no policy was trained; hint: agentctl train run --from-sessions")
        return
    columns = ("policy", "kind", "trained", "from", "learner", "figures", "channels")
    print_table(columns, [_row(one, channels) for one in entries])
    for one in entries:
        if one.flaw is not None:
            print_note(f"{one.flaw.message}; hint: {one.flaw.hint}")


def _document(entry: Entry, channels: Mapping[str, Mapping[str, Pointer]]) -> dict[str, Any]:
    from agentctl.cli.figures import rfc3339  # noqa: PLC0415 - an empty list needs none of it

    known = {name: entry.manifest.get(name) for name in ("kind", "source", "selected", "metrics")}
    return {
        "policy": entry.sha,
        "added_at": rfc3339(entry.added_at),
        **known,
        "channels": documents(channels.get(entry.sha, {})),
        "error": None if entry.flaw is None else entry.flaw.message,
    }


def _row(entry: Entry, channels: Mapping[str, Mapping[str, Pointer]]) -> tuple[str, ...]:
    from agentctl.cli.figures import local_time  # noqa: PLC0415 - an empty list needs none of it

    manifest = entry.manifest
    return (
        short(entry.sha),
        "damaged" if entry.flaw is not None else value(manifest["kind"]),
        local_time(entry.added_at),
        source(manifest),
        value(manifest.get("selected")),
        figures(manifest),
        places(channels.get(entry.sha, {})),
    )
