"""`agentctl cost reconcile`: what was computed beside what providers say they charged."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Annotated, Any

import typer

from agentctl.app import App
from agentctl.cli.figures import local_time, rfc3339
from agentctl.cli.group import new_app
from agentctl.cli.moments import moment
from agentctl.cli.render import print_json, print_note, print_table, print_text
from agentctl.cli.wiring import wire
from agentctl.economy import reconciling
from agentctl.economy.money import difference, dollars, format_usd
from agentctl.economy.reconciling import Deviation, Drift, Scope, total
from agentctl.errors import ConfigError, ProviderError
from agentctl.providers.known import KNOWN

app = new_app()

_TOLERATED = Decimal("0.01")  # share of drift that is no news
_WORST = 10  # calls that are listed
_REPORTING = "openrouter"  # the API that says later what an answer cost

_Models = dict[tuple[str, str], Drift]


@app.command()
def reconcile(
    since: Annotated[
        str | None, typer.Option(metavar="WHEN", help="Only from then on: 2026-11-23, 2026-11-23T08:00, 7d, 12h.")
    ] = None,
    session: Annotated[str | None, typer.Option(help="Only this conversation: its id or name.")] = None,
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask no provider about calls it has not reported.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare computed costs with those that providers report.

    OpenRouter is asked what it charged for answers that broke off; what it says counts from then on.
    """
    wired = wire()
    session_id = None if session is None else wired.session(session, latest=False)
    start = None if since is None else moment(since)
    scope = Scope(start or 0, session_id)
    asked, learned = (0, 0) if offline else _inquire(wired, scope)
    models, worst = wired.database.read(lambda tx: (reconciling.drift(tx, scope), reconciling.worst(tx, scope, _WORST)))
    if as_json:
        document = {"since": None if start is None else rfc3339(start), "session_id": session_id}
        print_json({**document, "asked": asked, "learned": learned, **_document(models, worst)})
    else:
        _show(models, worst)
    _warn(models)


def _inquire(wired: App, scope: Scope) -> tuple[int, int]:
    """Ask each provider that can be asked; return about how many calls, and of how many it knew the cost."""
    asked = learned = 0
    for name in _askable(wired):
        if not wired.database.read(partial(reconciling.unreported, provider=name, scope=scope, limit=1)):
            continue
        import asyncio  # noqa: PLC0415 - hardly ever is there something to ask

        from agentctl.inquiry import MOST, inquire  # noqa: PLC0415

        try:
            inquiry = asyncio.run(inquire(wired.database, wired.target(f"{name}/any").provider, scope))
        except (ProviderError, ConfigError) as error:
            print_note(f"{name} can't be asked: {error.message}")
            print_note(f"hint: {error.hint or '--offline leaves that out'}")
            continue
        asked, learned = asked + inquiry.asked, learned + inquiry.learned
        print_note(f"{name} told the cost of {inquiry.learned} of {inquiry.asked} calls that it had not reported")
        if inquiry.asked == MOST:
            print_note("hint: run this again to ask about earlier ones")
    return asked, learned


def _askable(wired: App) -> list[str]:
    servers = wired.settings.servers
    apis = {name: one.api for name, one in KNOWN.items()} | {name: one.api for name, one in servers.items() if one.api}
    return [name for name, api in apis.items() if api == _REPORTING]


def _document(models: _Models, worst: list[Deviation]) -> dict[str, Any]:
    return {
        **_fields(total(models.values())),
        "by_model": [{"model": "/".join(name), **_fields(one)} for name, one in models.items()],
        "by_provider": [{"provider": name, **_fields(one)} for name, one in _by_provider(models).items()],
        "worst": [_deviation(one) for one in worst],
    }


def _fields(one: Drift) -> dict[str, Any]:
    return {
        "calls": one.calls,
        "computed_usd": format_usd(one.computed),
        "reported_usd": format_usd(one.reported),
        "drift_usd": format_usd(one.difference),
        "drift_percent": None if one.share is None else round(float(one.share * 100), 4),
    }


def _deviation(one: Deviation) -> dict[str, Any]:
    return {
        "model": f"{one.provider}/{one.model}",
        "answered_by": one.answered_by,
        "response_id": one.response_id,
        "session_id": one.session_id,
        "status": one.status,
        "created_at": rfc3339(one.created_at),
        "computed_usd": format_usd(one.computed),
        "reported_usd": format_usd(one.reported),
        "drift_usd": format_usd(one.reported - one.computed),
    }


def _by_provider(models: _Models) -> dict[str, Drift]:
    names = dict.fromkeys(provider for provider, _ in models)
    return {name: total(one for (provider, _), one in models.items() if provider == name) for name in names}


def _show(models: _Models, worst: list[Deviation]) -> None:
    if not models:
        print_text("no provider has reported a cost that was also computed")
        return
    lines = [("/".join(name), one) for name, one in models.items()]
    lines += [(name, one) for name, one in _by_provider(models).items()]
    columns = ("model", "calls", "computed", "reported", "drift", "%")
    print_table(columns, [(name, *_cells(one)) for name, one in [*lines, ("total", total(models.values()))]])
    if worst:
        print_table(
            ("worst calls", "model", "status", "computed", "reported", "drift"),
            [
                (
                    local_time(one.created_at),
                    f"{one.provider}/{one.model}",
                    one.status,
                    dollars(one.computed),
                    dollars(one.reported),
                    difference(one.reported - one.computed),
                )
                for one in worst
            ],
        )


def _cells(one: Drift) -> tuple[str, ...]:
    share = "" if one.share is None else f"{one.share * 100:+.2f}"
    return f"{one.calls:,}", dollars(one.computed), dollars(one.reported), difference(one.difference), share


def _warn(models: _Models) -> None:
    drifting = [name for name, one in models.items() if one.share is None or abs(one.share) > _TOLERATED]
    for name in drifting:
        _, computed, reported, _, percent = _cells(models[name])
        print_note(f"{'/'.join(name)}: {reported} was charged and {computed} computed ({percent or '?'} %)")
    if drifting:
        print_note(
            "hint: `agentctl models refresh` brings prices up to date; models.MODEL in the configuration sets them"
        )
