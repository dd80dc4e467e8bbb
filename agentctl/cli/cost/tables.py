"""The tables of `agentctl cost`: their lines, in order, as JSON and as cells for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from agentctl.cli.figures import cost_text
from agentctl.economy import totals
from agentctl.economy.money import format_pico
from agentctl.economy.periods import Period
from agentctl.economy.totals import Total
from agentctl.store.base import Transaction

Lines = Sequence[tuple[str | None, Total]]


class Group(StrEnum):
    """What the lines of a table are."""

    session = "session"
    day = "day"
    model = "model"
    provider = "provider"
    tag = "tag"

    @property
    def field(self) -> str:
        """What JSON and CSV call it."""
        return "session_id" if self is Group.session else self.value

    def label(self, key: str | None) -> str:
        """A line's name for people."""
        return key or ("(not kept)" if self is Group.session else "(none)")


def read(tx: Transaction, group: Group, period: Period, session_id: str | None) -> Lines:
    """Return the lines of a table: days as they passed, all else by what it cost."""
    match group:
        case Group.day:
            return [(day.isoformat(), line) for day, line in sorted(totals.by_day(tx, period, session_id).items())]
        case Group.session:
            return _costliest_first(totals.by_session(tx, period, session_id))
        case Group.model:
            return _costliest_first(totals.by_model(tx, period, session_id))
        case Group.provider:
            return _costliest_first(totals.by_provider(tx, period, session_id))
        case Group.tag:
            return _costliest_first(totals.by_tag(tx, period, session_id))


def _costliest_first(table: Mapping[Any, Total]) -> Lines:
    return sorted(table.items(), key=lambda line: (line[1].known, line[1].calls), reverse=True)


def fields(line: Total) -> dict[str, Any]:
    """A line as JSON tells it."""
    known = format_pico(line.known)
    told = {
        "calls": line.calls,
        "unknown_calls": line.unknown_calls,
        "usage": line.buckets(),
        "cost_usd": None if line.unknown_calls else known,
        "cost_known_usd": known,
    }
    return told | _drift(line) if line.reported_calls else told


def _drift(line: Total) -> dict[str, Any]:
    return {
        "reported_calls": line.reported_calls,
        "reported_usd": format_pico(line.reported),
        "computed_usd": format_pico(line.computed) if line.compared else None,
        "drift_usd": format_pico(line.drift) if line.compared else None,
    }


def cells(line: Total) -> tuple[str, ...]:
    """A line in a table for people, without its name: calls, input, cached, output, cost."""
    return (
        f"{line.calls:,}",
        f"{line.input:,}",
        f"{line.cache_read:,}",
        f"{line.output:,}",
        cost_text(line.cost),
    )
