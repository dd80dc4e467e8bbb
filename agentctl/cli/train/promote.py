"""`agentctl train promote`: let a policy decide."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note
from agentctl.cli.train.given import AsJson, Policy
from agentctl.cli.train.shown import place, short, verdict
from agentctl.cli.train.wanted import pairs
from agentctl.cli.wiring import wire
from agentctl.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from agentctl.app import App
    from agentctl.learning.promotion import Evidence, Promotion

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
    tasks: Annotated[
        Path | None, typer.Option("--tasks", metavar="FILE", help="Prove it by these tasks, which are new to it.")
    ] = None,
    action: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=MODEL,…", help="What the name of an action in the tasks stands for."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let a policy decide, if it is proven to earn more than what decides now and than any baseline.

    Else it says why not, and how much more data would do, and exits with 1. The proof is in tasks that are given, or in
    the sessions that it has not learned from, as they are rated now, or else in what its training run found.
    """
    from agentctl.learning.promotion import GATED  # noqa: PLC0415 - help needs none of it
    from agentctl.learning.promotion import promote as pass_gate  # noqa: PLC0415

    if tasks is None and action:
        raise UsageError("--action is for --tasks", hint=f"agentctl train promote {policy} --tasks FILE")
    if tasks is not None and channel not in GATED:
        raise UsageError(f"nothing has to be proven for {channel}, which only watches", hint="leave out --tasks")
    wired = wire()
    models = pairs(action, "--action") if action else {}
    found = pass_gate(wired.policies, policy, channel, percent=percent, evidence=_evidence(wired, tasks, models))
    if as_json:
        print_json(_document(found))
    else:
        _tell(found)
    if not found.done:
        raise typer.Exit(ExitCode.failure)


def _evidence(app: App, tasks: Path | None, models: Mapping[str, str]) -> Evidence:
    """What compares the policy, once the gate asks for that."""
    from agentctl.cli.train import evidence  # noqa: PLC0415 - most channels ask for none

    if tasks is not None:
        return partial(evidence.by_tasks, tasks, models)
    return partial(evidence.by_sessions, app)


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
