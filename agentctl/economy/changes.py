"""What of a request is not as it was in the one before, as far as a cache holds that. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agentctl.economy.footprints import Extent, Footprint
from agentctl.economy.prints import Print, first_difference

Where = Literal["tools", "system", "messages", "settings"]
_Tools = Sequence[tuple[str, Print]]


@dataclass(frozen=True, slots=True)
class Change:
    """The first difference: the part of the request, its JSON path there, and a sentence that tells it."""

    where: Where
    path: str
    text: str


def change(old: Footprint, new: Footprint) -> Change | None:
    """Return the first difference in what was to be kept of the older request, None if it is all there again.

    The order is that of a prompt: tools, system, messages; settings come last, for they decide on less.
    """
    if old.extent is None:
        return None
    return (
        _in_tools(old.tools, new.tools)
        or _in_system(old, new, old.extent)
        or _in_messages(old, new, old.extent)
        or _in_settings(old.settings, new.settings)
    )


def _in_tools(old: _Tools, new: _Tools) -> Change | None:
    """The first tool that is another one or another than it was; tools are told by their names."""
    for place in range(max(len(old), len(new))):
        before, now = old[place : place + 1], new[place : place + 1]
        if [name for name, _ in before] != [name for name, _ in now]:
            return Change("tools", f"$.tools[{place}]", _moved(old, new, place))
        if (path := first_difference(before[0][1], now[0][1])) is not None:
            path = f"$.tools[{place}]{path}"
            return Change("tools", path, f"tool `{now[0][0]}` changed at {path}")
    return None


def _moved(old: _Tools, new: _Tools, place: int) -> str:
    """What became of the order of tools, which is the same before `place`."""
    before, now = [name for name, _ in old], [name for name, _ in new]
    here, there = now[place : place + 1], before[place : place + 1]
    added, removed = bool(here) and here[0] not in before, bool(there) and there[0] not in now
    match added, removed:
        case True, True:
            return f"tool `{here[0]}` stands in the place of `{there[0]}`"
        case True, False:
            return f"tool `{here[0]}` was added " + (f"before `{there[0]}`" if there else "at the end")
        case False, True:
            return f"tool `{there[0]}` was removed"
    if here and there:
        return f"the tools stand in another order: `{here[0]}` comes before `{there[0]}`"
    return f"tool `{(here or there)[0]}` is there more or less often"


def _in_system(old: Footprint, new: Footprint, kept: Extent) -> Change | None:
    for place in range(kept.system):
        path = _difference(old.system, new.system, place)
        if path is not None:
            return Change("system", f"$.system[{place}]{path}", f"the system prompt changed at $.system[{place}]{path}")
    if kept.messages and len(new.system) > kept.system:
        path = f"$.system[{kept.system}]"
        return Change("system", path, f"the system prompt goes on at {path}")
    return None


def _in_messages(old: Footprint, new: Footprint, kept: Extent) -> Change | None:
    for place in range(kept.messages):
        at = f"$.messages[{place}]"
        if place >= len(new.messages):
            return Change("messages", at, f"the conversation ends before {at}")
        path = _in_message(old.messages[place], new.messages[place])
        if path is not None:
            return Change("messages", at + path, f"an earlier message changed at {at}{path}")
    return None


def _in_message(old: Sequence[Print], new: Sequence[Print]) -> str | None:
    """The path below a message; of its prints the first is that of the role."""
    for place in range(max(len(old), len(new))):
        path = _difference(old, new, place)
        if path is not None:
            return f".parts[{place - 1}]{path}" if place else path
    return None


def _difference(old: Sequence[Print], new: Sequence[Print], place: int) -> str | None:
    """The path below the print at `place`; empty where only one of the two has it."""
    if place >= len(old) or place >= len(new):
        return ""
    return first_difference(old[place], new[place])


def _in_settings(old: Print, new: Print) -> Change | None:
    path = first_difference(old, new)
    return None if path is None else Change("settings", f"${path}", f"${path} is another")
