"""`agentctl sessions rate`: how good answers are, for policies to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentctl.cli.given import read_dollars
from agentctl.cli.group import new_app
from agentctl.cli.render import counted, plain, print_json, print_note
from agentctl.cli.sessions.given import AsJson
from agentctl.cli.sessions.grading import Given, grader
from agentctl.cli.sessions.rated import Answer, Said, document, find, read_rating, say, told
from agentctl.cli.wiring import wire
from agentctl.errors import UsageError
from agentctl.store.outcomes import Outcome

if TYPE_CHECKING:
    from agentctl.app import App

app = new_app()


@app.command()
def rate(
    session: Annotated[
        str | None, typer.Argument(metavar="[SESSION]", help="Its id, the beginning of it, or its name.")
    ] = None,
    rating: Annotated[
        str | None, typer.Argument(metavar="[RATING]", help="good, bad, or a number from 0 to 1.")
    ] = None,
    *,
    message: Annotated[
        str | None, typer.Option(metavar="ID", help="Another answer than the last one: the beginning of its id.")
    ] = None,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="Why.")] = None,
    exact: Annotated[str | None, typer.Option(metavar="TEXT", help="Good is this text.")] = None,
    regex: Annotated[str | None, typer.Option(metavar="PATTERN", help="Good is what has this pattern.")] = None,
    schema: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Good is JSON that this JSON Schema describes.")
    ] = None,
    command: Annotated[
        str | None, typer.Option(metavar="CMD", help="Good is what this command, given it as input, ends with 0 for.")
    ] = None,
    judge: Annotated[str | None, typer.Option(metavar="MODEL", help="Ask a model: PROVIDER/MODEL or an alias.")] = None,
    criterion: Annotated[str | None, typer.Option(metavar="TEXT", help="What a judge calls good.")] = None,
    max_cost: Annotated[
        str | None, typer.Option(metavar="DOLLARS", help="Most that a judge may spend, as in 0.50.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Ratings of many answers, a line of JSON each.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say how good an answer is, or let a grader say it. What is said later counts, and nothing is forgotten."""
    given = Given(exact, regex, schema, command, judge, criterion)
    if file is not None:
        if session is not None or message is not None or note is not None or given.spec:
            raise UsageError("--from has all there is to say", hint="give the file alone")
        _print(_rate_many(file), as_json=as_json)
        return
    if session is None or (rating is None) == (given.spec is None):
        raise UsageError(
            "say which conversation, and either how good its answer is or what grades it",
            hint="agentctl sessions rate SESSION good, or --exact TEXT, --command CMD, --judge MODEL …",
        )
    value, most, wired = None if rating is None else read_rating(rating), read_dollars(max_cost, "--max-cost"), wire()
    answer = wired.database.read(lambda tx: find(tx, session, message))
    said = _graded(wired, answer, given, most) if value is None else Said(value)
    said = said if note is None else replace(said, note=note)
    _print([wired.database.write(lambda tx: say(tx, answer, said))], as_json=as_json)


def _graded(app: App, answer: Answer, given: Given, most: Decimal | None) -> Said:
    by = grader(app, given.spec or {}, most)
    grade = by.grade(answer.prompt, answer.text)
    return Said(grade.value, by.name, by.version, grade.note)


def _rate_many(file: Path) -> list[Outcome]:
    from agentctl.cli.sessions import ratings  # noqa: PLC0415 - one rating needs no file

    lines = ratings.read(file)
    return wire().database.write(lambda tx: ratings.store(tx, lines))


def _print(found: Sequence[Outcome], *, as_json: bool) -> None:
    if as_json:
        print_json({"outcomes": [document(outcome) for outcome in found]})
    elif len(found) == 1:
        print_note(f"{plain(found[0].session_id)}: {told(found[0])}")
    else:
        print_note(f"{counted(len(found), 'rating')} stored")
