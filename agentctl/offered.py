"""What a conversation needs to know of the tools that it offers the model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from agentctl.tools.dispatch import Toolbox
    from agentctl.tools.paging import Find


class Toolkit(Protocol):
    """Where tools come from, and what a turn with them may take."""

    @property
    def max_turns(self) -> int:
        """How often the model is asked at most in one turn."""
        ...

    async def ready(self, notify: Callable[[str], None], find: Find) -> Toolbox:
        """Return the tools as they are now; `notify` is told of those that are missing.

        `find` returns all that an earlier call brought, where its result was cut.
        """
        ...

    async def aclose(self) -> None:
        """Let go of what they hold."""
        ...
