"""Sums and moments as output shows them: exactly in JSON, readably to people."""

from __future__ import annotations

import time

from agentctl.economy.ledger import Cost
from agentctl.economy.money import dollars, format_usd

_SECOND = 1_000_000  # µs


def cost_fields(cost: Cost) -> dict[str, str | None]:
    """The fields of JSON output that tell a cost: decimal strings, the sum null if a part of it is unknown."""
    known = format_usd(cost.known)
    return {"cost_usd": None if cost.unknown_calls else known, "cost_known_usd": known}


def cost_text(cost: Cost) -> str:
    """A cost in a table: `$0.12`, `unknown`, `$0.12 + unknown`."""
    if cost.unknown_calls and cost.known:
        return f"{dollars(cost.known)} + unknown"
    return dollars(cost.total)


def rfc3339(moment: int) -> str:
    """Epoch µs in UTC as RFC 3339 has it."""
    seconds, micros = divmod(moment, _SECOND)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{micros:06}Z"


def local_time(moment: int) -> str:
    """Epoch µs as the minute on this machine's clock."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment // _SECOND))
