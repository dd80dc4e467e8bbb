"""`agentctl train promote`: let a policy decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note
from agentctl.cli.train.given import AsJson, Policy
from agentctl.cli.train.shown import place, short, verdict
from agentctl.cli.wiring import wire
from agentctl.errors import ExitCode

if TYPE_CHECKING:
    from agentctl.learning.promotion import Promotion

app = new_app()


@app.command()
def promote(
    policy: Policy,
    *,
    channel: Annotated[
        str, typer.Option(help="Where to: production and canary decide, shadow and candidate do not.")
    ] = "production",
    percent: Annotated[
        float | None, typer.Option(help="Of the sessions in which a canary decides, in per cent; 10 if not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let a policy decide, if it is proven to earn more than what decides now and than any baseline.

    Else it says why not, and how much more data would do, and exits with 1.
    """
    from agentctl.learning.promotion import promote as pass_gate  # noqa: PLC0415 - help needs none of it

    found = pass_gate(wire().policies, policy, channel, percent=percent)
    if as_json:
        print_json(_document(found))
    else:
        _tell(found)
    if not found.done:
        raise typer.Exit(ExitCode.failure)


def _document(found: Promotion) -> dict[str, Any]:
    return {
        "policy": found.policy,
        "channel": found.channel,
        "promoted": found.done,
        "percent": None if found.pointer is None else found.pointer.percent,
        "former": None if found.former is None else found.former.policy,
        "gate": None if found.report is None else found.report.as_json(),
    }


def _tell(found: Promotion) -> None:
    name, where = short(found.policy), place(found.channel, found.pointer if found.done else None)
    if not found.done and found.report is not None:
        print_note(f"{name} was not promoted: {verdict(found.report)}")
        print_note(f"hint: {_next_step(found)}")
        return
    if found.report is not None:
        print_note(verdict(found.report))
    after = (
        "" if found.former is None or found.former.policy == found.policy else f", after {short(found.former.policy)}"
    )
    print_note(f"{name} is in {where} now{after}; `agentctl train rollback --channel {found.channel}` takes it back")


def _next_step(found: Promotion) -> str:
    report = found.report
    if report is not None and report.verdict == "no support":
        return "agentctl config set routing.explore 0.05, and rate the answers: agentctl sessions rate"
    if report is not None and report.verdict == "not enough data" and report.method == "dr":
        return "go on with exploration, rate the answers, and train again: agentctl train run --from-sessions"
    if report is not None and report.verdict == "not enough data":
        return "train again with more tasks"
    return f"agentctl train promote {short(found.policy)} --channel shadow only watches what it would choose"
