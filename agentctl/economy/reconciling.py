"""What was computed beside what providers report: the drift between them, and reports that come later.

A charge without a reported cost takes one report, in a row of its own: the ledger itself is never changed. From then on
that is what the call cost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from agentctl.economy import ledger
from agentctl.economy.money import EXACT, from_pico
from agentctl.store.base import Row, Transaction
from agentctl.usage import Usage, UsageStatus, dump_raw

_MILLI = 10**9  # pico-dollars


@dataclass(frozen=True, slots=True)
class Scope:
    """Which charges are meant: those since a moment, in epoch µs, of one session or of all."""

    since: int = 0
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class Drift:
    """Sums over the calls whose cost was both computed and reported, in dollars."""

    calls: int
    computed: Decimal
    reported: Decimal

    @property
    def difference(self) -> Decimal:
        """By how much more was reported."""
        return EXACT.subtract(self.reported, self.computed)

    @property
    def share(self) -> Decimal | None:
        """The difference as a share of what was computed; None if that was nothing."""
        if not self.computed:
            return None if self.difference else Decimal(0)
        return self.difference / self.computed

    def __add__(self, other: Drift) -> Drift:
        return Drift(
            self.calls + other.calls,
            EXACT.add(self.computed, other.computed),
            EXACT.add(self.reported, other.reported),
        )


@dataclass(frozen=True, slots=True)
class Deviation:
    """A charge whose computed cost is not the reported one; dollars, and epoch µs."""

    provider: str
    model: str
    answered_by: str | None
    response_id: str | None
    session_id: str | None
    status: UsageStatus
    created_at: int
    computed: Decimal
    reported: Decimal


@dataclass(frozen=True, slots=True)
class Unreported:
    """A charge that its provider may still report the cost of: its id, and the provider's name for the answer."""

    charge_id: str
    response_id: str


def drift(tx: Transaction, scope: Scope) -> dict[tuple[str, str], Drift]:
    """Return the drift by provider and model."""
    rows = tx.all("reports.drift", since=scope.since, session_id=scope.session_id)
    return {(row["provider"], row["model"]): _drift(row) for row in rows}


def total(drifts: Iterable[Drift]) -> Drift:
    """Add drifts up."""
    return sum(drifts, Drift(0, Decimal(0), Decimal(0)))


def worst(tx: Transaction, scope: Scope, limit: int) -> list[Deviation]:
    """Return the charges that deviate by the most dollars, at most `limit` of them."""
    rows = tx.all("reports.worst", since=scope.since, session_id=scope.session_id, limit=limit)
    return [_deviation(row) for row in rows]


def unreported(tx: Transaction, provider: str, scope: Scope, limit: int) -> list[Unreported]:
    """Return the charges of a provider that it can be asked about, the latest first, at most `limit` of them."""
    rows = tx.all("reports.unreported", provider=provider, since=scope.since, session_id=scope.session_id, limit=limit)
    return [Unreported(row["id"], row["response_id"]) for row in rows]


def report(tx: Transaction, charge_id: str, usage: Usage) -> bool:
    """Record what a provider says it charged, and return whether that was new; nothing if it does not say.

    Raises:
        StorageError: there is no such charge, or its cost was reported with the answer.
    """
    reported = ledger.stored(usage.reported)
    if reported is None:
        return False
    raw = dump_raw(usage)
    added = tx.execute("reports.add", charge_id=charge_id, reported_pusd=reported, raw_usage=raw, now=ledger.now())
    return added > 0


def _drift(row: Row) -> Drift:
    computed = row["computed_musd"] * _MILLI + row["computed_rest"]
    reported = row["reported_musd"] * _MILLI + row["reported_rest"]
    return Drift(row["calls"], from_pico(computed), from_pico(reported))


def _deviation(row: Row) -> Deviation:
    return Deviation(
        row["provider"],
        row["model"],
        row["answered_by"],
        row["response_id"],
        row["session_id"],
        row["status"],
        row["created_at"],
        from_pico(row["computed_pusd"]),
        from_pico(row["reported_pusd"]),
    )
