"""`agentctl budget`: what calls may cost, by call, session, day and month."""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentctl.app import App
from agentctl.cli.figures import local_time, rfc3339
from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note, print_table
from agentctl.cli.wiring import wire
from agentctl.economy.money import dollars, format_pico, from_pico
from agentctl.errors import UsageError
from agentctl.settings import kinds

if TYPE_CHECKING:
    from agentctl.economy.budget import Account

app = new_app("What calls may cost: shown, set and cleared. A call that could pass a budget is not sent.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Scope(StrEnum):
    """What a budget is for."""

    call = "call"
    session = "session"
    day = "day"
    month = "month"


@app.command()
def show(
    session: Annotated[str | None, typer.Option("--session", help="Whose budget to show: its id or name.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show the budgets, and what is spent, reserved and left of each."""
    from agentctl.economy import budget  # noqa: PLC0415 - a change needs no database

    wired = wire()
    limits = wired.limits()
    session_id = wired.session(session, latest=False)
    accounts = wired.database.read(lambda tx: budget.standing(tx, limits, session_id)) if limits else ()
    if as_json:
        print_json({"zone": wired.settings.budget.zone, "budgets": [_fields(wired, one) for one in accounts]})
        return
    if not accounts:
        print_note("there is no budget; hint: agentctl budget set day 5")
        return
    own = {"day", "month"} if session_id is None else {"session", "day", "month"}
    rows = [tuple(_cells(one, known=one.scope in own)) for one in accounts]
    print_table(("budget", "limit", "spent", "reserved", "left", "resets"), rows)


@app.command("set")
def set_(
    scope: Annotated[Scope, typer.Argument(help="What it is for.")],
    amount: Annotated[str, typer.Argument(metavar="DOLLARS", help="The most that it may cost, such as 2.50.")],
    zone: Annotated[
        str | None, typer.Option("--zone", help="Where days and months begin; this machine's time zone if not given.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Set a budget in your configuration file, with the time zone that its days are counted in."""
    from agentctl.settings import edit, zones  # noqa: PLC0415 - tomlkit, for a change alone

    limit = _parsed(kinds.BUDGET, amount.removeprefix("$"), "the amount")
    settings = App().settings
    kept = settings.budget.zone
    place = _parsed(kinds.ZONE, zone, "--zone") if zone else kept or zones.local()
    file = edit.user_file(os.environ)
    if place != kept or settings.origins["budget.zone"] != "user":
        edit.put(file, ("budget", "zone"), place)
    edit.put(file, ("budget", scope.value), f"{limit:f}")
    if as_json:
        print_json({"budget": scope.value, "limit_usd": f"{limit:f}", "zone": place, "file": str(file)})
    else:
        when = f"; it begins at midnight in {place}" if scope in {Scope.day, Scope.month} else ""
        print_note(f"a {scope} may cost {dollars(limit)}{when}")


@app.command()
def clear(
    scope: Annotated[Scope | None, typer.Argument(help="Which; all of them if not given.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Take a budget, or all of them, out of your configuration file."""
    from agentctl.settings import edit  # noqa: PLC0415

    App()  # a configuration that does not make sense is left as it is
    file = edit.user_file(os.environ)
    names = [one.value for one in Scope] if scope is None else [scope.value]
    gone = [name for name in names if edit.drop(file, ("budget", name))]
    holds = [name for name in names if getattr(App().settings.budget, name) is not None]
    if as_json:
        print_json({"cleared": gone, "still_set": holds, "file": str(file)})
        return
    print_note(f"cleared: {', '.join(gone) or 'nothing was set there'}")
    if holds:
        print_note(f"still set elsewhere: {', '.join(holds)}; hint: agentctl config show --origin")


def _parsed(kind: kinds.Kind, value: str, what: str) -> Any:
    try:
        return kind.parse(value)
    except ValueError as error:
        raise UsageError(f"{what} is {value!r}", hint=f"it takes {error}") from error


def _fields(wired: App, account: Account) -> dict[str, Any]:
    known = wired.settings.origins.get(f"budget.{account.scope}", "default")
    return {
        "budget": account.scope,
        "limit_usd": format_pico(account.limit),
        "spent_usd": format_pico(account.spent),
        "reserved_usd": format_pico(account.reserved),
        "left_usd": format_pico(max(account.left, 0)),
        "resets_at": None if account.resets_at is None else rfc3339(account.resets_at),
        "origin": known,
    }


def _cells(account: Account, *, known: bool) -> Iterator[str]:
    """A line of the table; what each call or session has spent of its own is not known without naming one."""
    yield account.scope
    yield dollars(from_pico(account.limit))
    for pico in (account.spent, account.reserved, max(account.left, 0)):
        yield dollars(from_pico(pico)) if known else ""
    yield "" if account.resets_at is None else local_time(account.resets_at)
