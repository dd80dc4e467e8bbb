"""`agentctl doctor --online`: does each provider take its key, and what is left of the account."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from agentctl.app import App
from agentctl.cli.finding import Finding
from agentctl.economy.money import dollars
from agentctl.errors import AgentctlError, AuthError
from agentctl.providers.connect import connect
from agentctl.providers.listing import list_models
from agentctl.providers.openrouter import Account, OpenRouter

_PATIENCE = 15.0  # seconds for each answer
_NO_SERVERS = frozenset({"local", "scripted"})
_SPENDING = "add credit, or raise the limit: https://openrouter.ai/settings"


def examine_keys(wired: App) -> Iterator[Finding]:
    """Ask every provider that has a key, or is configured, all at once."""
    names = sorted({*wired.known_keys(), *wired.settings.servers} - _NO_SERVERS)
    yield from asyncio.run(_examine_all(wired, names))


async def _examine_all(wired: App, names: list[str]) -> list[Finding]:
    return await asyncio.gather(*(_examine(wired, name) for name in names))


async def _examine(wired: App, name: str) -> Finding:
    try:
        async with asyncio.timeout(_PATIENCE):
            return await _ask(wired, name)
    except AuthError as error:
        return Finding(f"key {name}", "failure", error.message, error.hint)
    except AgentctlError as error:
        return Finding(f"key {name}", "warning", error.message, error.hint)
    except TimeoutError:
        return Finding(f"key {name}", "warning", f"no answer within {_PATIENCE:g} s", "try again later")


async def _ask(wired: App, name: str) -> Finding:
    service = connect(name, wired.settings, wired.environ)
    try:
        if isinstance(service, OpenRouter):  # it lists its models to everybody
            return _of_account(name, await service.account())
        return Finding(f"key {name}", "ok", f"{name} takes it, and has {len(await list_models(service)):,} models")
    finally:
        await service.aclose()


def _of_account(name: str, account: Account) -> Finding:
    used = [
        f"{dollars(amount)} used {'today' if window == 'day' else f'this {window}'}"
        for window, amount in account.used.items()
    ]
    left = [f"{limit.what}: {dollars(limit.left)} of {dollars(limit.total)} left" for limit in account.limits]
    detail = "; ".join([f"{name} takes it", *used, *left])
    if any(limit.scarce for limit in account.limits):
        return Finding(f"key {name}", "warning", detail, _SPENDING)
    return Finding(f"key {name}", "ok", detail)
