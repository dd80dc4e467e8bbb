"""`agentctl train diff`: what differs between two policies."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from agentctl.cli.group import new_app
from agentctl.cli.render import plain, print_json, print_note, print_table
from agentctl.cli.train.given import AsJson, Policy
from agentctl.cli.train.shown import short, value
from agentctl.cli.wiring import wire

if TYPE_CHECKING:
    from agentctl.learning.differing import Difference, Distance

app = new_app()


@app.command()
def diff(
    first: Policy,
    second: Annotated[str, typer.Argument(metavar="OTHER", help="The policy to compare it with.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show what differs between two policies: actions, settings, figures, and how far their numbers are apart."""
    library = wire().policies
    one, other = library.find(first), library.find(second)
    from agentctl.learning.differing import compare  # noqa: PLC0415 - it needs numpy, which `find` asks for

    found = compare(one, other)
    if as_json:
        print_json({"first": one.sha, "second": other.sha, "same": one.sha == other.sha, **asdict(found)})
    elif one.sha == other.sha:
        print_note(f"they are the same policy, {short(one.sha)}")
    else:
        print_table(("what", short(one.sha), short(other.sha)), _rows(found))


def _rows(found: Difference) -> list[tuple[str, str, str]]:
    rows = [("action", "", value(name)) for name in found.added]
    rows += [("action", value(name), "") for name in found.removed]
    changed = [*found.manifest.items(), *((f"metrics.{name}", pair) for name, pair in found.metrics.items())]
    rows += [(plain(name), value(before), value(after)) for name, (before, after) in changed]
    rows += [(plain(name), "", "another shape, or only in one") for name in found.unlike]
    return rows + [(plain(one.name), "", f"{_apart(one)} apart") for one in found.distances]


def _apart(one: Distance) -> str:
    return f"{one.absolute:.4g}" if one.relative is None else f"{one.absolute:.4g} ({one.relative:.2%})"
