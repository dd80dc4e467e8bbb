"""What came of the checks of a backend."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal

from agentctl.testing.conformance.check import Check, Store

Stores = Callable[[], AbstractContextManager[Store]]
"""Makes a new, empty store; at the end it may be removed."""

Outcome = Literal["kept", "broken", "not applicable"]


@dataclass(frozen=True)
class Result:
    """What came of one check; `why` says how the law was broken."""

    check: Check
    outcome: Outcome
    why: str = ""

    def __str__(self) -> str:
        line = f"{self.outcome:14}  {self.check.name}"
        return f"{line}\n{'':16}{self.check.law}\n{'':16}{self.why}" if self.outcome == "broken" else line


@dataclass(frozen=True)
class Report:
    """What came of all checks, in their order; `str` of it is for people."""

    results: tuple[Result, ...]

    @property
    def broken(self) -> tuple[Result, ...]:
        """The laws that were broken."""
        return tuple(result for result in self.results if result.outcome == "broken")

    @property
    def ok(self) -> bool:
        """Whether no law was broken. Those that are not applicable were not looked at."""
        return not self.broken

    def __str__(self) -> str:
        return "\n".join(map(str, self.results))


def examine(new_store: Stores, checks: Iterable[Check]) -> Report:
    """Put a backend through checks, each with a store of its own."""
    return Report(tuple(_examine(new_store, check) for check in checks))


def _examine(new_store: Stores, check: Check) -> Result:
    try:
        with new_store() as store:
            if not check.applies_to(store):
                return Result(check, "not applicable")
            check(store)
    except Exception as error:  # noqa: BLE001 - whatever a backend raises breaks a law
        return Result(check, "broken", f"{type(error).__name__}: {error}")
    return Result(check, "kept")
