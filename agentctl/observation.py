"""Counts a prompt while its answer is on the way, for what is billed to teach the next estimate."""

from __future__ import annotations

import threading

from agentctl.economy.tokens.counting import count
from agentctl.economy.tokens.families import family_of
from agentctl.economy.tokens.prompt import Prompt


class Observation:
    """A count of a prompt, made by a thread that nothing waits for.

    Args:
        prompt: what is sent.
        model: to whom, `provider/model`. One whose own vocabulary we have teaches nothing, and is not counted.
    """

    def __init__(self, prompt: Prompt, model: str) -> None:
        self._base: int | None = None
        if not family_of(model).exact:
            threading.Thread(target=self._count, args=(prompt, model), name="count", daemon=True).start()

    @property
    def base(self) -> int | None:
        """What an observation compares what is billed with; None if it is not there (yet), or would tell nothing."""
        return self._base

    def _count(self, prompt: Prompt, model: str) -> None:
        counted = count(prompt, model)
        if counted.plain:
            self._base = counted.base
