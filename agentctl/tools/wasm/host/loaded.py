"""A component that is ready to run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from wasmtime.component import Component

Origin = Literal["memory", "cached", "compiled", "tampered"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A component in memory.

    Args:
        files: open files that it is made of: its memories are mapped from them in each child.
        origin: where it was found; `tampered` was compiled anew, for what was kept of it had been altered.
    """

    component: Component
    files: frozenset[int]
    origin: Origin

    def found(self, origin: Origin) -> Loaded:
        """Return it with another origin."""
        return replace(self, origin=origin)
