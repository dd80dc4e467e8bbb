"""`agentctl models`: what is known of models, and the weights of those that run here."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from agentctl.app import App
from agentctl.cli.card import HEADINGS, SUMMARY, document, facts, summary, tiers
from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note, print_table, print_text
from agentctl.economy.catalog import ModelCard

app = new_app("What is known of models, and the weights of those that run on this machine.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_models(
    provider: Annotated[str | None, typer.Argument(help="Only this provider's models.")] = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Those of every provider that anything is known of.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List models; prices in $ per million tokens.

    Without PROVIDER these are the models of the providers that you can ask by name, but not those of a router to all of
    them, unless you have a key for it.
    """
    wired = App()
    cards = known(wired, provider, everything=everything)
    if as_json:
        print_json([document(card) for card in cards])
        return
    if not cards:
        print_note(f"nothing is known of models of {provider}")
    print_table(SUMMARY, map(summary, cards))
    if sys.stdout.isatty() and not (provider or everything):
        print_note("`agentctl models list openrouter` lists its models, and --all those of all others too")


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


def known(wired: App, provider: str | None, *, everything: bool = False) -> list[ModelCard]:
    """The models of the catalog, the configuration and the models directory, of one provider or of several, by name."""
    providers = [provider] if provider else None if everything else wired.usual_providers()
    cards = {card.name: card for card in wired.catalog.listing(providers)}
    if provider in (None, "local"):
        from agentctl.providers.local.shelf import Shelf  # noqa: PLC0415

        pulled = (f"local/{name}" for name in Shelf(wired.models_dir).names())
        cards |= {name: wired.catalog.find(name) for name in pulled if name not in cards}
    return [cards[name] for name in sorted(cards)]
