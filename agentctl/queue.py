"""How a call waits its turn where others have reserved what it needs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from agentctl.admission import Fitted, Gate
from agentctl.economy.allowance import Grant, Refusal
from agentctl.errors import UNSENT
from agentctl.purse import Inexact, Purse, Verdict

_FIRST_LOOK, _LOOK = 0.02, 0.25  # seconds between two looks: the first, and the longest
_CLEAR = 1.0  # seconds between two looks for what dead processes reserved


@dataclass(frozen=True, slots=True)
class Queue:
    """Where calls wait, holding nothing, so that no two wait for each other.

    Args:
        patience: seconds to wait at the most.
        notify: told what the user should know, such as that it waits and for what.
        clear: lets go of what dead processes have reserved.
    """

    patience: float
    notify: Callable[[str], None]
    clear: Callable[[], None]

    async def granted(
        self, gate: Gate, purse: Purse, fitted: Fitted, take: Callable[[Fitted, bool], Awaitable[Verdict]]
    ) -> tuple[Fitted, Grant]:
        """Return the grant that `take` gives in the end, and the request that it is for.

        Args:
            gate: what counts the tokens, should a bound be too rough.
            purse: whose grant it is.
            fitted: the request.
            take: asks for a grant, and is told whether the call can still wait.

        Raises:
            BudgetError: there is none.
            CancelledError: the task was cancelled while it waited.
        """
        clock = asyncio.get_running_loop().time
        deadline, cleared, delay = clock() + self.patience, clock(), _FIRST_LOOK
        waits = False
        while True:
            verdict = await take(fitted, clock() < deadline)
            match verdict:
                case Grant():
                    return fitted, verdict
                case Refusal():
                    raise purse.refused(verdict)
                case Inexact():
                    fitted = await gate.count(fitted.request)
                    continue
            if not waits:
                waits = True
                self.notify(purse.waits(verdict))
            if clock() - cleared > _CLEAR:
                await asyncio.to_thread(self.clear)
                cleared = clock()
            await _pause(min(delay, max(deadline - clock(), 0)))
            delay = min(delay * 1.5, _LOOK)


async def _pause(seconds: float) -> None:
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        raise asyncio.CancelledError(UNSENT) from None
