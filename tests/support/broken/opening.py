"""Opens broken stores by URLs that say what is broken of them: `Forgetful+sqlite:///…`."""

from __future__ import annotations

from collections.abc import Callable

from agentctl.store.base import Database
from agentctl.store.open import connect
from support.broken import holds, learning, queries, works
from support.broken.wrapper import Wrapper

OPENER = f"{__name__}:open_broken"

_FUNCTIONS: dict[str, Callable[[str], Database]] = {
    "changeable": holds.changeable,
    "elsewhere": holds.elsewhere,
    "downgrading": holds.downgrading,
    "replacing": holds.replacing,
}
_CLASSES: dict[str, type[Wrapper]] = {
    name: kind
    for module in (works, queries, learning, holds)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, Wrapper) and kind is not Wrapper
}
NAMES = (*_CLASSES, *_FUNCTIONS)
"""All that can be broken."""


def open_broken(url: str) -> Database:
    """Open the store at the URL after the `+`, broken as the name before it says."""
    name, _, inner = url.partition("+")
    return _FUNCTIONS[name](inner) if name in _FUNCTIONS else _CLASSES[name](connect(inner))
