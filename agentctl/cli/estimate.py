"""`agentctl estimate`: what a prompt would cost with each model, and whether it fits. Nothing is sent or kept."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from agentctl.app import App
from agentctl.asking import History, Options, compose, last_model, opening, read
from agentctl.cli.given import read_dollars, read_schema, warn_of_project
from agentctl.cli.group import new_app
from agentctl.cli.prompt import read_message
from agentctl.cli.render import forget, print_json, print_note, print_table
from agentctl.cli.wiring import wire
from agentctl.economy.calibration import observed
from agentctl.economy.cards import ModelCard
from agentctl.economy.ledger import now
from agentctl.economy.money import dollars, format_usd
from agentctl.economy.preflight import Verdict, judge, size_of
from agentctl.economy.quoting import Bounded, Quote, quote
from agentctl.economy.tokens.counting import Observed, count
from agentctl.economy.tokens.prompt import Prompt
from agentctl.economy.totals import Total, of_model
from agentctl.economy.worst import media_of
from agentctl.errors import BudgetError, UsageError
from agentctl.messages import Message
from agentctl.providers.base import Request
from agentctl.store import sessions
from agentctl.store.base import Transaction

app = new_app()

_COLUMNS = ("model", "input", "counted by", "takes", "answers with", "fits", "low", "likely", "high")
_FITS: dict[Verdict, str] = {"fits": "yes", "too large": "no", "uncertain": "perhaps", "unknown": "unknown"}


@app.command()
def estimate(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[PROMPT] [@FILE]...", help="What to ask; - reads stdin.")
    ] = None,
    *,
    models: Annotated[
        list[str] | None, typer.Option("-m", "--model", help="PROVIDER/MODEL or an alias; may be repeated.")
    ] = None,
    system: Annotated[str | None, typer.Option("-s", "--system", help="System prompt.")] = None,
    session: Annotated[str | None, typer.Option("--session", help="Go on with a session, by id or name.")] = None,
    attachment: Annotated[list[str] | None, typer.Option("-a", "--attachment", help="Attach a file.")] = None,
    max_output: Annotated[int | None, typer.Option(help="Most tokens to answer with.", min=1)] = None,
    schema: Annotated[Path | None, typer.Option(help="JSON Schema file that the answer must follow.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Leave with 6 if it does not fit one of the models.")] = False,
    max_cost: Annotated[
        str | None, typer.Option(metavar="DOLLARS", help="Leave with 5 if it may cost more with one of the models.")
    ] = None,
    remote: Annotated[
        bool, typer.Option("--remote", help="Let providers count the tokens; they see the prompt.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what a prompt would cost, and whether it fits. Nothing is sent unless --remote is given, and nothing is kept.

    Low is an input that a cache holds and no answer; likely, what your calls of that model used so far; high, the most
    that it can cost.
    """
    limit = read_dollars(max_cost, "--max-cost")
    wired = wire()
    warn_of_project(wired.settings, print_note)
    options = Options(max_output, schema=read_schema(schema))
    prompt, files = _words(words or [])
    message = read_message(prompt, [*files, *(attachment or [])], print_note)
    history = _history(wired, session)
    said = history.messages if history else ()
    names = [wired.full_name(name) for name in models or [_usual(wired, said)]]
    quotes = list(_quotes(wired, names, (*said, *opening(system, message)), options, history, remote=remote))
    try:
        _show(quotes, as_json=as_json)
        sys.stdout.flush()
    except BrokenPipeError:
        forget(sys.stdout)  # whoever reads no further may still ask for the exit code
    _tell(quotes, remote=remote, check=check)
    _refuse(quotes, limit, check=check)


def _words(words: Sequence[str]) -> tuple[str | None, list[str]]:
    """The prompt, and the files that are named after a `-`; a file whose name has blanks is quoted as a prompt does."""
    if words and words[0] == "-":
        if stray := next((word for word in words[1:] if not word.startswith("@")), None):
            raise UsageError(
                f"the prompt is to come from standard input, and {stray!r} is another one", hint="leave out -"
            )
        return "-", [word[1:] for word in words[1:]]
    quoted = (f'@"{word[1:]}"' if word[:1] == "@" and Path(word[1:]).is_file() else word for word in words)
    return " ".join(quoted) or None, []


def _history(wired: App, reference: str | None) -> History | None:
    """The session to go on with, and what was said in it."""
    if reference is None:
        return None
    if wired.kept is None:
        raise UsageError(f"there is no session {reference!r}", hint="agentctl sessions list")
    return wired.kept.read(lambda tx: read(tx, sessions.find(tx, reference).id))


def _usual(wired: App, history: Sequence[Message]) -> str:
    return wired.model(last_model(history), None)


def _quotes(
    wired: App,
    names: Sequence[str],
    messages: Sequence[Message],
    options: Options,
    history: History | None,
    *,
    remote: bool,
) -> Iterator[Quote]:
    """Quote the request to each model."""
    cards = [wired.catalog.find(name) for name in names]
    session_id, asked_at = (history.session.id, history.asked_at) if history else (None, ())
    requests = [
        compose(card.name.partition("/")[2], messages, options, ceiling=card.max_output, session_id=session_id)
        for card in cards
    ]
    answers = _told(wired, names, requests) if remote else [None] * len(cards)
    kinds = media_of(messages)
    for card, request, told in zip(cards, requests, answers, strict=True):
        habit, seen = wired.kept.read(partial(_known, card.name)) if wired.kept else (Total(), None)
        counted = count(Prompt(request.messages, request.tools, request.schema), card.name, seen)
        yield quote(
            told if told and counted.allows(told.tokens) else counted,
            card,
            habit,
            wished=options.max_output,
            media=kinds,
            readable=_readable(wired, card, request, asked_at),
            candidates=partial(wired.catalog.listing, [card.name.partition("/")[0]]),
        )


def _readable(wired: App, card: ModelCard, request: Request, asked_at: Sequence[int]) -> int | None:
    """The tokens that the provider's cache may have of it, by the plan that `chat` would make."""
    from agentctl.keeping import cache_plan, readable_tokens  # noqa: PLC0415
    from agentctl.providers.known import KNOWN  # noqa: PLC0415

    provider = card.name.partition("/")[0]
    capabilities, server = KNOWN.get(provider), wired.settings.servers.get(provider)
    if capabilities is None:
        return None
    if server and server.api:
        capabilities = replace(capabilities, api=server.api)
    if not wired.settings.cache:
        return 0
    plan = cache_plan(request, capabilities, card, (*asked_at, now()), "conversation" if asked_at else "one-shot")
    return readable_tokens(request, capabilities, card, plan)


def _told(wired: App, names: Sequence[str], requests: Sequence[Request]) -> Sequence[Bounded | None]:
    """The tokens that the providers themselves count; None where one has no answer to that."""
    from agentctl.cli.counting import ask  # noqa: PLC0415 - who asks nobody needs no event loop

    return ask([(wired.target(name).provider, request) for name, request in zip(names, requests, strict=True)])


def _known(model: str, tx: Transaction) -> tuple[Total, Observed | None]:
    """What calls of a model used so far, and how many tokens it made of what was counted."""
    return of_model(tx, model), observed(tx, model)


def _show(quotes: Sequence[Quote], *, as_json: bool) -> None:
    if as_json:
        print_json([_document(one) for one in quotes])
    else:
        print_table(_COLUMNS, map(_row, quotes))


def _tell(quotes: Sequence[Quote], *, remote: bool, check: bool) -> None:
    """Say what the table does not."""
    for one in quotes:
        notes = list(one.notes)
        if one.refusal and not check:
            notes.append(f"{one.refusal.message}; {one.refusal.hint}")
        if not remote and judge(one.count, one.card) == "uncertain":
            notes.append("it may fit; --remote lets the provider count")
        for note in notes:
            print_note(f"{one.card.name}: {note}")


def _document(one: Quote) -> dict[str, Any]:
    costs = {"low": one.costs.low, "likely": one.costs.likely, "high": one.costs.high}
    return {
        "model": one.card.name,
        "input_tokens": one.count.tokens,
        "error_bar": one.count.error_bar,
        "exact": one.count.exact,
        "max_input": one.card.max_input,
        "window": one.card.window,
        "max_output": one.card.max_output,
        "fits": one.fits,
        "cost_usd": {name: None if cost is None else format_usd(cost) for name, cost in costs.items()},
    }


def _row(one: Quote) -> tuple[str, ...]:
    takes = min((size for size in (one.card.max_input, one.card.window) if size is not None), default=None)
    ceilings = (takes, one.card.max_output)
    known = ("unknown" if size is None else f"{size:,}" for size in ceilings)
    costs = (one.costs.low, one.costs.likely, one.costs.high)
    amounts = ("-" if one.fits is False and cost is None else dollars(cost) for cost in costs)
    fits = _FITS[judge(one.count, one.card)]
    return (one.card.name, size_of(one.count), one.count.how, *known, fits, *amounts)


def _refuse(quotes: Sequence[Quote], limit: Decimal | None, *, check: bool) -> None:
    """Raise what keeps a script from sending it.

    Raises:
        ContextOverflowError: it does not fit one of the models.
        BudgetError: it may cost more than `limit` with one that it fits or may fit, or that is not known.
    """
    for one in quotes:
        if check and one.refusal:
            raise one.refusal
    for one in quotes:
        if limit is None or (one.refusal and judge(one.count, one.card) == "too large"):
            continue
        if one.costs.high is None:
            raise BudgetError(
                f"it is not known what {one.card.name} may cost",
                hint=f'give its prices with [models."{one.card.name}"] in the configuration',
            )
        if one.costs.high > limit:
            raise BudgetError(
                f"{one.card.name} may cost {dollars(one.costs.high)}, more than {dollars(limit)}",
                hint="--max-output makes the answer shorter, and so the most that it can cost",
            )
