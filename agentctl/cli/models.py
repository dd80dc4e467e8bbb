"""`agentctl models`: what is known of models, and the weights of those that run here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from decimal import Decimal
from typing import Annotated, Any

import typer

from agentctl.app import App
from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note, print_table, print_text
from agentctl.economy.catalog import ModelCard
from agentctl.economy.pricing import PriceList, Prices, format_usd, prices_at

app = new_app("What is known of models, and the weights of those that run on this machine.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

COLUMNS = ("input", "cache_read", "cache_write_short", "cache_write_long", "output")
HEADINGS = ("from", "above", "input", "read", "written", "kept long", "output")


@app.command("list")
def list_models(
    provider: Annotated[str | None, typer.Argument(help="Only this provider's models.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List the models of which anything is known; prices in $ per million tokens."""
    cards = known(App(), provider)
    if as_json:
        print_json([document(card) for card in cards])
        return
    if not cards:
        print_note(f"nothing is known of models of {provider}")
    print_table(("model", "input", "cached", "output", "window", "max output", "source"), map(summary, cards))


@app.command()
def show(name: Annotated[str, typer.Argument(help="provider/model, or an alias.")], *, as_json: AsJson = False) -> None:
    """Show a model's prices, its ceilings and where they are from."""
    wired = App()
    card = wired.catalog.find(wired.full_name(name))
    if as_json:
        print_json(document(card))
        return
    print_table((card.name, ""), facts(card))
    if card.prices is None:
        print_note(f'its price is unknown; set it with [models."{card.name}"] in the configuration')
        return
    print_table(HEADINGS, tiers(card.prices))


@app.command()
def pull(
    source: Annotated[str, typer.Argument(metavar="NAME|PATH|URL", help="smollm2, or any GGUF file.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Get the weights of a model that then runs on this machine, as local/NAME."""
    from agentctl.cli.progress import ProgressLine  # noqa: PLC0415 - only this command has something to wait for

    with ProgressLine() as line:
        path = App().pull(source, line)
    if as_json:
        print_json({"name": f"local/{path.stem}", "path": str(path), "size": path.stat().st_size})
    else:
        print_text(f"local/{path.stem} is in {path}")


@app.command()
def refresh(
    providers: Annotated[
        list[str] | None, typer.Argument(metavar="[PROVIDER]...", help="Those to ask; all that you have a key for.")
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what is new, and keep nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask providers for their models, ceilings and prices, and show what changed."""
    from agentctl.cli.refresh import refresh as run  # noqa: PLC0415 - only this command talks to anybody

    run(providers or [], dry_run=dry_run, as_json=as_json)


def known(wired: App, provider: str | None) -> list[ModelCard]:
    """The models of the catalog, the configuration and the models directory, of one provider or of all, by name."""
    cards = {card.name: card for card in wired.catalog.listing(provider)}
    if provider in (None, "local"):
        from agentctl.providers.local.shelf import Shelf  # noqa: PLC0415

        pulled = (f"local/{name}" for name in Shelf(wired.models_dir).names())
        cards |= {name: wired.catalog.find(name) for name in pulled if name not in cards}
    return [cards[name] for name in sorted(cards)]


def document(card: ModelCard) -> dict[str, Any]:
    """The model as JSON output has it; prices are decimal strings in $ per million tokens."""
    return {
        "name": card.name,
        "prices": None if card.prices is None else [_price_list(one) for one in card.prices],
        "price_version": card.version,
        "source": card.source,
        "date": card.date,
        "max_input": card.max_input,
        "max_output": card.max_output,
        "window": card.window,
        "ceilings_source": card.ceilings_source,
        "ceilings_date": card.ceilings_date,
        "overridden": list(card.overridden),
        "weights": asdict(card.weights) if card.weights else None,
    }


def _price_list(one: PriceList) -> dict[str, Any]:
    tiers = [{"input_above": tier.above, **_prices(tier.prices)} for tier in one.tiers]
    return {"since": one.since or None, "tiers": tiers}


def _prices(prices: Prices) -> dict[str, str | None]:
    found = {name: getattr(prices, name) for name in COLUMNS}
    return {name: None if price is None else format_usd(price) for name, price in found.items()}


def summary(card: ModelCard) -> tuple[str, ...]:
    """A model as a line of the list, with the prices of today's small calls."""
    prices = prices_at(card.prices, 0) if card.prices else Prices(None, None, None, None, None)
    sources = (*((card.source,) if card.source else ()), *(("your configuration",) if card.overridden else ()))
    amounts = map(_amount, (prices.input, prices.cache_read, prices.output))
    return (card.name, *amounts, _tokens(card.window), _tokens(card.max_output), ", ".join(sources))


def facts(card: ModelCard) -> Iterable[tuple[str, str]]:
    """What is known of a model besides its prices, a line each."""
    for name in ("window", "max_input", "max_output"):
        mark = " (your configuration)" if name in card.overridden else ""
        yield name.replace("_", " "), f"{_tokens(getattr(card, name))}{mark}"
    if card.ceilings_source:
        yield "source of ceilings", f"{card.ceilings_source} ({card.ceilings_date})"
    if card.source:
        yield "source of prices", f"{card.source} ({card.date})"
    if ours := [name.replace("_", " ") for name in card.overridden if name in COLUMNS]:
        yield "your configuration's prices", ", ".join(ours)
    if card.weights:
        yield "weights", f"{card.weights.file}, {card.weights.size:,} bytes, {card.weights.licence}"
    if card.prices:
        yield "prices", "$ per million tokens, of calls whose whole input is above so many tokens"


def tiers(history: Iterable[PriceList]) -> Iterable[tuple[str, ...]]:
    """A line for each tier of each price list."""
    for one in history:
        for tier in one.tiers:
            amounts = (_amount(getattr(tier.prices, name)) for name in COLUMNS)
            yield (one.since or "always", f"{tier.above:,}", *amounts)


def _amount(price: Decimal | None) -> str:
    return "unknown" if price is None else format_usd(price)


def _tokens(count: int | None) -> str:
    return "unknown" if count is None else f"{count:,}"
