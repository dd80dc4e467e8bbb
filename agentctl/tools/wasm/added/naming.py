"""What the tools of a component are called: by users in rules, and by models."""

from __future__ import annotations

import re

from agentctl.tools.wasm.added.manifest import Entry

LONGEST = 64


def tool_names(entry: Entry) -> tuple[str, ...]:
    """The names of the entry's tools, in the order of its offers: `NAME` if there is one, else `NAME_FUNCTION`.

    The component's name comes first, so that none can pass for a tool of another origin.
    """
    names: list[str] = []
    for offer in entry.offers:
        parts = [entry.name, offer.name] if len(entry.offers) > 1 else [entry.name]
        plain = re.sub(r"[^a-zA-Z0-9_-]", "_", "_".join(parts))[:LONGEST]
        names.append(_free(plain, names))
    return tuple(names)


def _free(name: str, taken: list[str]) -> str:
    """The name, or the name with a number behind it where it is taken."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name[: LONGEST - 4]}_{number}"
    return found
