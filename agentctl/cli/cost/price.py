"""`agentctl cost price`: what a provider's usage object costs. Nothing is sent, kept or charged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import typer

from agentctl.app import App
from agentctl.cli.cost.given import moment_of, prices_of, usage_object
from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note, print_table
from agentctl.economy.cards import ModelCard
from agentctl.economy.catalog import Catalog
from agentctl.economy.money import format_usd
from agentctl.economy.pricing import Bill, Line, bill
from agentctl.errors import UsageError
from agentctl.providers.counts import tier
from agentctl.providers.usages import read_usage
from agentctl.settings import ModelOverride
from agentctl.usage import Usage

app = new_app()


class ServiceTier(StrEnum):
    """How a call can have been served."""

    standard = "standard"
    batch = "batch"
    flex = "flex"
    priority = "priority"


@app.command()
def price(
    model: Annotated[str, typer.Argument(metavar="PROVIDER/MODEL", help="Whose usage it is; an alias will do.")],
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="Its JSON, or the answer around it; - is stdin.")] = "-",
    prices: Annotated[
        str | None,
        typer.Option("--price", metavar="NAME=PRICE,…", help="In $/MTok: input=3,output=15,cache_read=0.30,…"),
    ] = None,
    service_tier: Annotated[ServiceTier | None, typer.Option("--service-tier", help="How it was served.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="WHEN", help="When: 2026-11-23 (in UTC), 2026-11-23T08:00.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Price a provider's raw usage object, as its API gave it."""
    wired = App()
    name = wired.full_name(model)
    told, when = prices_of(prices) if prices is not None else None, moment_of(at) if at is not None else None
    usage = _usage(wired, name, file)
    if service_tier is not None:
        usage = replace(usage, service_tier=tier(service_tier.value))
    card = _catalog(wired, name, told).find(name)
    made = bill(usage, card, when)
    if as_json:
        print_json(document(usage, card, made))
    else:
        print_table((name, "count", "$/MTok", "cost"), table(usage, made))
    if made is None or made.total is None:
        print_note(_unknown(name, made))


def _usage(wired: App, name: str, file: str) -> Usage:
    """Read the usage object of a provider.

    Raises:
        UsageError: there is none.
    """
    provider = name.partition("/")[0]
    server = wired.settings.servers.get(provider)
    usage = read_usage((server and server.api) or provider, usage_object(file))
    if usage is None:
        raise UsageError(
            f"there is no usage of {provider} in {'standard input' if file == '-' else file}",
            hint='give the "usage" object of an answer (Gemini: "usageMetadata"), or the whole answer, as JSON',
        )
    return usage


def _catalog(wired: App, name: str, told: ModelOverride | None) -> Catalog:
    """Return the catalog, with the prices that were given on the command line."""
    if told is None:
        return wired.catalog
    ours = wired.settings.models.get(name, ModelOverride())
    given = {bucket: price for bucket in ModelOverride.__slots__ if (price := getattr(told, bucket)) is not None}
    return Catalog({**wired.settings.models, name: replace(ours, **given)}, wired.refreshed)


def document(usage: Usage, card: ModelCard, made: Bill | None) -> dict[str, Any]:
    """The cost as JSON output has it: exact decimal strings, null where a price is unknown."""
    total = made.total if made else None
    return {
        "model": card.name,
        "buckets": usage.buckets(),
        "details": dict(usage.details),
        "cost_usd": _exact(total),
        "reported_usd": _exact(usage.reported),
        "tier": usage.service_tier or "standard",
        "input_above": made.above if made else None,
        "speed": usage.speed,
        "region": usage.region,
        "unknown": [line.name for line in made.lines if line.cost is None] if made else None,
        "price_version": card.version,
    }


def table(usage: Usage, made: Bill | None) -> Iterable[tuple[str, ...]]:
    """A line for each bucket, for what else is billed, and for the sum."""
    lines = made.lines if made else [Line(name, count, None) for name, count in usage.buckets().items()]
    for line in lines:
        rate = "unknown" if line.rate is None else f"{format_usd(line.rate)}{' each' if line.fee else ''}"
        yield line.name.replace("_", " "), f"{line.count:,}", rate, _shown(line.cost)
    yield _sum(usage, made), "", "", _shown(made.total if made else None)
    if usage.reported is not None:
        yield "reported by the provider", "", "", _shown(usage.reported)


def _sum(usage: Usage, made: Bill | None) -> str:
    """How the sum is named, by what its prices depend on."""
    served = (
        usage.service_tier if usage.service_tier != "standard" else None,
        usage.speed,
        usage.region and f"in {usage.region}",
        f"input above {made.above:,}" if made and made.above else None,
    )
    told = ", ".join(one for one in served if one)
    return f"total ({told})" if told else "total"


def _unknown(name: str, made: Bill | None) -> str:
    """Why there is no cost."""
    missing = [line.name.replace("_", " ") for line in made.lines if line.cost is None] if made else []
    if made and not missing:
        return "the cost is beyond all reason"
    what = f"{', '.join(missing)} of {name}" if missing else name
    served = f" as {made.mode}" if made and made.mode not in ("standard", None) else ""
    return f'the price of {what}{served} is unknown; give it with --price, or set it with [models."{name}"]'


def _exact(dollars: Decimal | None) -> str | None:
    return None if dollars is None else format_usd(dollars)


def _shown(dollars: Decimal | None) -> str:
    return "unknown" if dollars is None else f"${format_usd(dollars)}"
