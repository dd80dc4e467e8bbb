"""`agentctl cost`: what was used and spent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar

import typer

from agentctl.app import App
from agentctl.cli.figures import cost_fields, cost_text, rfc3339
from agentctl.cli.group import LazyGroup, new_app
from agentctl.cli.render import print_json, print_table
from agentctl.economy.totals import Total, Totals, totals
from agentctl.errors import UsageError
from agentctl.store import sessions
from agentctl.store.base import Transaction

_COMMANDS = {
    "price": "Price a provider's usage object.",
    "reconcile": "Compare what was computed with what providers report.",
}


class _Commands(LazyGroup):
    package: ClassVar[str] = __name__
    names: ClassVar[Mapping[str, str]] = {
        name: text for name, text in _COMMANDS.items() if Path(__file__).with_name(f"{name}.py").exists()
    }


app = new_app("Show what was used and spent; days are those of this machine's clock.", _Commands)

_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
_Key = TypeVar("_Key", bound=str | None)


class Group(StrEnum):
    """What the lines of a table are."""

    session = "session"
    day = "day"
    model = "model"
    provider = "provider"


_FIELDS = {Group.session: "session_id"}


@app.callback(invoke_without_command=True, no_args_is_help=False)
def cost(
    context: typer.Context,
    by: Annotated[Group, typer.Option("--by", help="What the lines of the table are.")] = Group.model,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="WHEN", help="Only from then on: 2026-11-23, 2026-11-23T08:00, 7d, 12h."),
    ] = None,
    session: Annotated[str | None, typer.Option("--session", help="Only this conversation: its id or name.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with all tables.")] = False,
) -> None:
    if context.invoked_subcommand is not None:
        return
    start = None if since is None else moment(since)
    session_id, found = App().database.read(lambda tx: _read(tx, start, session))
    if as_json:
        print_json(_document(found, start, session_id))
        return
    rows = [_row(key or "(not kept)", total) for key, total in _tables(found)[by]]
    print_table((by, "calls", "in", "cached", "out", "cost"), [*rows, _row("total", found.all)])


def moment(text: str) -> int:
    """Return the moment that a user means, in epoch µs.

    Args:
        text: a date or time as ISO 8601 has it, on this machine's clock where it names no zone; or so many days, hours
            or minutes ago, like `7d`.

    Raises:
        UsageError: it is neither.
    """
    number, unit = text[:-1], _UNITS.get(text[-1:])
    try:
        if unit and number.isdecimal():
            meant = datetime.now(UTC) - timedelta(**{unit: int(number)})
        else:
            meant = datetime.fromisoformat(text)
        return round(meant.timestamp() * 1_000_000)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{text!r} is no time", hint="write it like 2026-11-23, 2026-11-23T08:00, 7d, 12h or 30m"
        ) from error


def _read(tx: Transaction, since: int | None, session: str | None) -> tuple[str | None, Totals]:
    session_id = sessions.find(tx, session).id if session is not None else None
    return session_id, totals(tx, since=since or 0, session_id=session_id)


def _tables(found: Totals) -> dict[Group, Sequence[tuple[str | None, Total]]]:
    """The lines of each table: days as they passed, all else by what it cost."""
    return {
        Group.session: _costliest_first(found.by_session),
        Group.day: [(day.isoformat(), total) for day, total in found.by_day.items()],
        Group.model: _costliest_first(found.by_model),
        Group.provider: _costliest_first(found.by_provider),
    }


def _costliest_first(table: Mapping[_Key, Total]) -> Sequence[tuple[_Key, Total]]:
    return sorted(table.items(), key=lambda line: (line[1].cost.known, line[1].calls), reverse=True)


def _document(found: Totals, since: int | None, session_id: str | None) -> dict[str, Any]:
    tables = {
        f"by_{group}": [{_FIELDS.get(group, group): key, **_fields(total)} for key, total in lines]
        for group, lines in _tables(found).items()
    }
    return {
        "since": None if since is None else rfc3339(since),
        "session_id": session_id,
        **_fields(found.all),
        **tables,
    }


def _fields(total: Total) -> dict[str, Any]:
    return {
        "calls": total.calls,
        "unknown_calls": total.cost.unknown_calls,
        "usage": total.usage.buckets(),
        **cost_fields(total.cost),
    }


def _row(name: str, total: Total) -> tuple[str, ...]:
    usage = total.usage
    return (
        name,
        f"{total.calls:,}",
        f"{usage.input:,}",
        f"{usage.cache_read:,}",
        f"{usage.output:,}",
        cost_text(total.cost),
    )
