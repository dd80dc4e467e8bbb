"""`agentctl cost remote`: what OpenRouter says a key has used, beside what the ledger has."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

import typer

from agentctl.app import App
from agentctl.cli.figures import cost_fields, cost_text, rfc3339
from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note, print_table
from agentctl.cli.routing import routers
from agentctl.cli.wiring import wire
from agentctl.economy import totals
from agentctl.economy.ledger import Cost
from agentctl.economy.money import difference, dollars, format_usd
from agentctl.economy.periods import Period
from agentctl.economy.totals import Total
from agentctl.errors import ConfigError
from agentctl.providers.connect import connect
from agentctl.providers.openrouter import Account, OpenRouter
from agentctl.providers.openrouter.account import Window

app = new_app()


@dataclass(frozen=True, slots=True)
class Row:
    """One window of a provider: from `since`, in µs, until now, dollars that it says were used, and those booked."""

    provider: str
    window: Window
    since: int
    used: Decimal
    booked: Cost


@app.command()
def remote(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Compare what OpenRouter says the key has used with what was booked here, and show what is left.

    OpenRouter counts by key and by days of UTC: what other programs use with the same key is in its sums, and what was
    used here with another key is not.
    """
    wired = wire()
    accounts = {name: asyncio.run(_ask(wired, name)) for name in _asked(wired)}
    found = list(rows(wired, accounts, datetime.now(UTC)))
    if as_json:
        print_json([_document(name, account, found) for name, account in accounts.items()])
        return
    print_table(
        ("provider", "this", "used", "booked here", "difference"),
        [
            (
                row.provider,
                row.window,
                dollars(row.used),
                cost_text(row.booked),
                difference(row.used - row.booked.known),
            )
            for row in found
        ],
    )
    for name, account in accounts.items():
        for limit in account.limits:
            warning = "warning: " if limit.scarce else ""
            print_note(f"{warning}{name}: {limit.what}: {dollars(limit.left)} of {dollars(limit.total)} left")


def rows(wired: App, accounts: dict[str, Account], now: datetime) -> Iterator[Row]:
    """Return each account's windows beside the ledger."""
    for name, account in accounts.items():
        for window, used in account.used.items():
            since = _start(window, now)
            booked = wired.database.read(lambda tx, since=since: totals.by_provider(tx, Period(since)))  # type: ignore[misc]
            yield Row(name, window, since, used, booked.get(name, Total()).cost)


def _asked(wired: App) -> Sequence[str]:
    known, servers = wired.known_keys(), wired.settings.servers
    names = routers(wired.settings)
    return [name for name in names if name in known or (name in servers and servers[name].key)] or names[:1]


async def _ask(wired: App, name: str) -> Account:
    service = connect(name, wired.settings, wired.environ)
    try:
        if not isinstance(service, OpenRouter):
            raise ConfigError(f"{name} has no account that can be asked", hint="agentctl cost")
        return await service.account()
    finally:
        await service.aclose()


def _start(window: Window, now: datetime) -> int:
    """When the window began, in µs."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    back = {"day": 0, "week": day.weekday(), "month": day.day - 1}[window]
    return int((day - timedelta(days=back)).timestamp()) * 1_000_000


def _document(name: str, account: Account, found: Sequence[Row]) -> dict[str, Any]:
    return {
        "provider": name,
        "label": account.label,
        "windows": [_window(row) for row in found if row.provider == name],
        "limits": [
            {
                "what": limit.what,
                "total_usd": format_usd(limit.total),
                "left_usd": format_usd(limit.left),
                "scarce": limit.scarce,
            }
            for limit in account.limits
        ],
    }


def _window(row: Row) -> dict[str, Any]:
    return {
        "window": row.window,
        "since": rfc3339(row.since),
        "used_usd": format_usd(row.used),
        "booked": cost_fields(row.booked),
        "difference_usd": format_usd(row.used - row.booked.known),
    }
