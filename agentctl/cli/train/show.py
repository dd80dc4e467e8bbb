"""`agentctl train show`: one policy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from agentctl.cli.group import new_app
from agentctl.cli.render import plain, print_json, print_table
from agentctl.cli.train.given import AsJson, Policy
from agentctl.cli.train.shown import channels_of, documents, leaves, places, value, verdict
from agentctl.cli.wiring import wire
from agentctl.learning.verdict import Report

app = new_app()

_LAST = ("arrays", "gate")


@app.command()
def show(policy: Policy, *, as_json: AsJson = False) -> None:
    """Show a policy: what it chooses from, what it learned from, and what its training showed."""
    library = wire().policies
    kept = library.kept(policy)
    channels = channels_of(library.channels).get(kept.sha, {})
    if as_json:
        print_json({"policy": kept.sha, "channels": documents(channels), "manifest": dict(kept.manifest)})
        return
    rows = [("policy", kept.sha), ("channels", places(channels) or "none")]
    rows += [
        (plain(name), value(one))
        for key in sorted(kept.manifest)
        if key not in _LAST
        for name, one in leaves({key: kept.manifest[key]})
    ]
    print_table(
        ("", "value"),
        [*rows, ("numbers", _numbers(kept.manifest["arrays"])), ("gate", _gate(kept.manifest.get("gate")))],
    )


def _numbers(arrays: Mapping[str, Mapping[str, list[int]]]) -> str:
    return f"{sum(math.prod(one['shape']) for one in arrays.values()):,} in {len(arrays)} arrays"


def _gate(block: Any) -> str:
    if block is None:
        return "never asked"
    try:
        return verdict(Report.of(block))
    except ValueError as error:
        return plain(str(error))
