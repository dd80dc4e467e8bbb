"""What pays for the calls of one command, in however many conversations they are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from threading import Lock

from agentctl.target import Allowance


class Wallet:
    """Pays for calls from any thread. Who keeps to a limit of the command makes one call after the other.

    Args:
        allowance: tells what a command that has not spent anything may spend; None is no limit.
    """

    def __init__(self, allowance: Callable[[], Allowance | None]) -> None:
        self._allowance = allowance
        self._lock = Lock()
        self._spent = Decimal(0)

    @property
    def spent(self) -> Decimal:
        """Dollars that were paid so far, as far as that is known."""
        return self._spent

    def allowance(self) -> Allowance | None:
        """What the next conversation may cost: what was paid counts against the limit of the command."""
        allowance = self._allowance()
        if allowance is None:
            return None
        return replace(allowance, limits=replace(allowance.limits, earlier=self._spent))

    def pay(self, cost: Decimal) -> None:
        """Count what a conversation has cost."""
        with self._lock:
            self._spent += cost
