"""What every store must do, as checks that any backend can be put through.

A backend is described by a function that makes a new, empty `Store` at each call, as a context manager. `run` puts it
through all of `CHECKS`; with pytest, which is not needed here, each check is a test:

    @pytest.mark.parametrize("check", conformance.CHECKS, ids=str)
    def test_conformance(check: conformance.Check) -> None:
        with new_store() as store:
            check(store)
"""

from __future__ import annotations

from agentctl.testing.conformance import (
    budgets,
    conversations,
    keeping,
    learning,
    locks,
    money,
    opening,
    texts,
    transactions,
)
from agentctl.testing.conformance.check import PATIENCE, Check, Store, Violation
from agentctl.testing.conformance.report import Report, Result, Stores, examine

__all__ = ["CHECKS", "PATIENCE", "Check", "Report", "Result", "Store", "Stores", "Violation", "run"]

CHECKS: tuple[Check, ...] = (
    *transactions.CHECKS,
    *texts.CHECKS,
    *conversations.CHECKS,
    *keeping.CHECKS,
    *money.CHECKS,
    *budgets.CHECKS,
    *learning.CHECKS,
    *locks.CHECKS,
    *opening.CHECKS,
)
"""All that is checked, in an order that tells most about a backend that has just begun to work."""


def run(new_store: Stores, checks: tuple[Check, ...] = CHECKS) -> Report:
    """Put a backend through checks, each with a store of its own; a check that fails does not end the others."""
    return examine(new_store, checks)
