"""What components and their tools are called: by users in rules, and by models."""

from __future__ import annotations

import re

from agentctl.tools.naming import LONGEST, offered_name
from agentctl.tools.wasm.added.manifest import Entry

# With `__` and a function behind it, a tool's name still has room. No two _ in a row, and none at the end: what is
# before the first `__` of a tool's name is the whole name of the component, or of the server.
COMPONENT = re.compile(r"(?=.{1,40}$)[a-z0-9]+([_-][a-z0-9]+)*")
_GROUPS = {"all", "none", "files", "mcp", "components"}


def reserved(name: str) -> bool:
    """Whether the name means something else where tools are named: a built-in tool, or a group."""
    from agentctl.tools.builtin import NAMES  # noqa: PLC0415 - lists need none of it
    from agentctl.tools.paging import NAME  # noqa: PLC0415

    return name in {*NAMES, NAME, *_GROUPS}


def suggested(stem: str) -> str:
    """A name for the component in a file of that name; empty if nothing is left of it."""
    plain = re.sub(r"[^a-z0-9_-]+", "-", stem.lower())
    return re.sub(r"([_-])[_-]+", r"\1", plain).strip("-_")[:40].strip("-_")


def tool_names(entry: Entry) -> tuple[str, ...]:
    """The names of the entry's tools, in the order of its offers: `NAME` if there is one, else `NAME__FUNCTION`.

    The component's name comes first, so that none can pass for a tool of another origin.
    """
    if len(entry.offers) == 1:
        return (entry.name,)
    names: list[str] = []
    for offer in entry.offers:
        names.append(_free(offered_name(entry.name, offer.name), names))
    return tuple(names)


def _free(name: str, taken: list[str]) -> str:
    """The name, or the name with a number behind it where it is taken."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name[: LONGEST - 4]}_{number}"
    return found
