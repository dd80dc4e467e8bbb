"""`agentctl cost`: what was used and spent. The commands below it are modules of this package."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import typer
from typer._click.core import ParameterSource

from agentctl.cli.cost.tables import Group, Lines, cells, fields, read
from agentctl.cli.figures import rfc3339
from agentctl.cli.group import LazyGroup, new_app
from agentctl.cli.render import print_json, print_table
from agentctl.cli.wiring import wire
from agentctl.economy.periods import Period
from agentctl.economy.totals import total
from agentctl.errors import UsageError
from agentctl.store.base import Transaction

_MOST_LINES = 100  # of a table on a terminal


class _Commands(LazyGroup):
    package: ClassVar[str] = __name__
    names: ClassVar[Mapping[str, str]] = {
        "cache": "Show what prompt caches saved, and what they missed and why.",
        "price": "Price a provider's raw usage object.",
        "reconcile": "Compare computed costs with those that providers report.",
        "remote": "Show what OpenRouter says was used, and what is left.",
    }


app = new_app("Show what was used and spent; days are those of this machine's clock.", _Commands)

_WHEN = "2026-11-23, 2026-11-23T08:00, 7d, 12h."


@app.callback(invoke_without_command=True, no_args_is_help=False)
def cost(
    context: typer.Context,
    by: Annotated[Group, typer.Option("--by", help="What the lines of the table are.")] = Group.model,
    since: Annotated[str | None, typer.Option("--since", metavar="WHEN", help=f"Only from then on: {_WHEN}")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Only before then.")] = None,
    session: Annotated[str | None, typer.Option("--session", help="Only this conversation: its id or name.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with all tables.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the table for spreadsheets.")] = False,
) -> None:
    if context.invoked_subcommand is not None:
        _refuse_options(context, context.invoked_subcommand)
        return
    if as_json and as_csv:
        raise UsageError("--json and --csv are two forms of the same", hint="leave one of them out")
    period = period_of(since, until)
    groups = tuple(Group) if as_json else (by,)
    session_id, tables = wire().database.read(lambda tx: _read(tx, groups, period, session))
    if as_json:
        print_json(_document(tables, period, since, until, session_id))
    elif as_csv:
        from agentctl.cli.cost.sheet import print_sheet  # noqa: PLC0415 - one form is printed

        print_sheet(by, tables[by])
    elif by is Group.day and sys.stdout.isatty():
        from agentctl.cli.cost.chart import print_chart  # noqa: PLC0415

        print_chart(tables[by])
    else:
        _print_table(by, tables[by])


def _refuse_options(context: typer.Context, command: str) -> None:
    """Options of the table say nothing to a command below."""
    for parameter in context.command.params:
        if context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE:
            option = parameter.opts[0]
            raise UsageError(f"{option} is for the table, not for {command}", hint=f"agentctl cost {command} --help")


def period_of(since: str | None, until: str | None) -> Period:
    """Return the time that a user means.

    Raises:
        UsageError: a bound is no time, or the time ends before it begins.
    """
    if since is None and until is None:
        return Period()
    from agentctl.cli.moments import moment  # noqa: PLC0415 - it needs a calendar

    bounds = {name: moment(text) for name, text in (("since", since), ("until", until)) if text is not None}
    period = Period(**bounds)
    if not period:
        start = "--since" if since is not None else "1970"
        raise UsageError(f"--until is not after {start}", hint="the table is of what was spent between them")
    return period


def _read(
    tx: Transaction, groups: tuple[Group, ...], period: Period, session: str | None
) -> tuple[str | None, dict[Group, Lines]]:
    session_id = _session(tx, session) if session is not None else None
    return session_id, {group: read(tx, group, period, session_id) for group in groups}


def _session(tx: Transaction, reference: str) -> str:
    from agentctl.store import sessions  # noqa: PLC0415 - costs of all sessions need none of theirs

    return sessions.find(tx, reference).id


def _document(
    tables: Mapping[Group, Lines], period: Period, since: str | None, until: str | None, session_id: str | None
) -> dict[str, Any]:
    return {
        "since": None if since is None else rfc3339(period.since),
        "until": None if until is None else rfc3339(period.until),
        "session_id": session_id,
        **fields(total(line for _, line in tables[Group.model])),
        **{f"by_{group}": [{group.field: key, **fields(line)} for key, line in tables[group]] for group in Group},
    }


def _print_table(by: Group, lines: Lines) -> None:
    rows = [(by.label(key), *cells(line)) for key, line in lines]
    if sys.stdout.isatty() and len(lines) > _MOST_LINES:
        rest = lines[_MOST_LINES:]
        rows[_MOST_LINES:] = [(f"({len(rest):,} more)", *cells(total(line for _, line in rest)))]
    print_table(
        (by, "calls", "in", "cached", "out", "cost"), [*rows, ("total", *cells(total(line for _, line in lines)))]
    )
