"""The Python objects behind the handles that a component holds."""

from __future__ import annotations

from typing import Any

from agentctl.errors import ToolError

_MOST = 1 << 16  # handles; each costs memory that is ours, and not the component's


class Handles:
    """Objects by the number that stands for them while the component holds a handle."""

    def __init__(self) -> None:
        self._held: dict[int, Any] = {}
        self._last = 0

    def put(self, held: Any) -> int:
        """Keep an object and return its number.

        Raises:
            ToolError: the component holds too many.
        """
        if len(self._held) >= _MOST:
            raise ToolError(f"the component holds more than {_MOST} handles", reason="memory")
        self._last += 1
        self._held[self._last] = held
        return self._last

    def get(self, number: int) -> Any:
        """The object of a number."""
        return self._held[number]

    def pop(self, number: int) -> Any:
        """The object of a number, which stands for it no more."""
        return self._held.pop(number, None)
