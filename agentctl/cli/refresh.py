"""`agentctl models refresh`: ask providers what they say of their models now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from time import gmtime, strftime
from typing import Any

from agentctl.app import App
from agentctl.cli.render import print_json, print_note, print_table
from agentctl.economy.catalog import Catalog
from agentctl.economy.money import format_usd
from agentctl.economy.refresh import Change, fold
from agentctl.errors import AgentctlError, ProviderError
from agentctl.providers.listing import Listed, list_models

_PUBLIC = "openrouter"  # lists everybody's models, with prices, and asks for no key
_KEPT = "check the base URL; what was known of its models is kept"


@dataclass(frozen=True, slots=True)
class _Outcome:
    provider: str
    names: Sequence[str] = ()
    changes: Sequence[Change] = ()
    error: AgentctlError | None = None


def refresh(providers: Sequence[str], *, dry_run: bool, as_json: bool) -> None:
    """Ask each provider, or all for which there is a key, keep what they say, and show what is new.

    Raises:
        AgentctlError: one of them failed; the others are refreshed all the same.
    """
    wired = App()
    day = strftime("%Y-%m-%d", gmtime())
    outcomes = [_refresh(wired, one, day, keep=not dry_run) for one in providers or _usual(wired)]
    failed = next((one for one in outcomes if one.error), None)
    if as_json:
        print_json([_document(one, day) for one in outcomes])
    else:
        _show([one for one in outcomes if one is not failed])
    if failed and failed.error:
        raise failed.error


def _usual(wired: App) -> list[str]:
    return sorted({*wired.known_keys(), *wired.settings.servers, _PUBLIC} - {"compatible"})


def _refresh(wired: App, provider: str, day: str, *, keep: bool) -> _Outcome:
    try:
        listed, source = asyncio.run(_ask(wired, provider))
        before = wired.refreshed.get(provider, {})
        if before.get("names") and not listed:
            was = len(before["names"])
            raise ProviderError(f"{provider} lists no models, where there were {was:,} the last time", hint=_KEPT)
        known = Catalog(refreshed=wired.refreshed)
        table, changes = fold(known, provider, listed, before=before, day=day, source=source)
        if keep:
            wired.refreshed.save(provider, table, day)
    except AgentctlError as error:
        return _Outcome(provider, error=error)
    return _Outcome(provider, table["names"], changes)


async def _ask(wired: App, provider: str) -> tuple[list[Listed], str]:
    service = wired.lister(provider)
    try:
        return await list_models(service), service.capabilities.base_url
    finally:
        await service.aclose()


def _show(outcomes: Iterable[_Outcome]) -> None:
    rows = [
        (change.model, change.what, _text(change.was), _text(change.now))
        for outcome in outcomes
        for change in outcome.changes
    ]
    if rows:
        print_table(("model", "what", "was", "is"), rows)
    for one in outcomes:
        if one.error is None:
            print_note(f"{one.provider}: {len(one.names):,} models, {len(one.changes):,} changes")
        else:
            hint = f" (hint: {one.error.hint})" if one.error.hint else ""
            print_note(f"{one.provider}: {one.error.message}{hint}")


def _text(value: Decimal | int | None) -> str:
    match value:
        case None:
            return "unknown"
        case Decimal():
            return format_usd(value)
    return f"{value:,}"


def _document(outcome: _Outcome, day: str) -> Mapping[str, Any]:
    return {
        "provider": outcome.provider,
        "date": day,
        "models": len(outcome.names),
        "changes": [
            {"model": one.model, "what": one.what, "was": _value(one.was), "now": _value(one.now)}
            for one in outcome.changes
        ],
        "error": outcome.error.as_json() if outcome.error else None,
    }


def _value(value: Decimal | int | None) -> str | int | None:
    return format_usd(value) if isinstance(value, Decimal) else value
