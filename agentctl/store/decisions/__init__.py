"""What was decided for turns, and what came of it. All functions work inside a transaction.

A decision is append-only. What its turn cost is read from the ledger by the calls that are attached to it, as tokens:
what these are worth is a matter of the prices of the day on which one asks.
"""

from __future__ import annotations

from agentctl.store.decisions.decision import Decision, altered, attach, record
from agentctl.store.decisions.rows import Row, State, rows

__all__ = ["Decision", "Row", "State", "altered", "attach", "record", "rows"]
