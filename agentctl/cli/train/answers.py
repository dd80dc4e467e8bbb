"""Has models answer the tasks that have no outcomes, for `agentctl train run --tasks FILE --action NAME=MODEL`."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from agentctl.app import App
from agentctl.cli.render import print_json_line, print_note
from agentctl.cli.train.live import AnswersLine
from agentctl.cli.train.stopping import Stopped
from agentctl.cli.train.wanted import Wanted, enough
from agentctl.economy.money import dollars as usd
from agentctl.economy.money import format_usd
from agentctl.errors import AgentctlError, ConfigError, InterruptError, UsageError
from agentctl.paths import data_dir

if TYPE_CHECKING:  # these load numpy, and a missing one is told of first
    from agentctl.learning.graders import Ask
    from agentctl.learning.live.collecting import Collected
    from agentctl.learning.live.conversing import ModelAction, Place
    from agentctl.learning.live.missing import Missing
    from agentctl.learning.routing.table import Table

_AT_ONCE = 4
_GO_ON = "the same command goes on with the rest"


def answered(app: App, path: Path, wanted: Wanted, least: int) -> tuple[Table, dict[str, Any]]:
    """The table of the tasks, once what was missing is answered and graded; and how that went, for JSON output.

    Raises:
        UsageError: what is asked makes no sense, a line is no task, or there are fewer tasks than `least`.
        ConfigError: a model can't be asked, or its price is unknown.
        AgentctlError: not all was answered; what was is kept.
        Exit: the user interrupted it.
    """
    from agentctl.learning.live import Answers, collect  # noqa: PLC0415 - they need numpy
    from agentctl.learning.live.asked import actions, dollars  # noqa: PLC0415
    from agentctl.learning.live.conversing import TAG, Place  # noqa: PLC0415
    from agentctl.learning.live.missing import read  # noqa: PLC0415
    from agentctl.learning.wallet import Wallet  # noqa: PLC0415

    if wanted.max_cost is not None and (wanted.parallel or 1) > 1:
        raise UsageError("within --max-cost answers are asked for one after the other", hint="leave out --parallel")
    app.allowance(wanted.max_cost)
    wallet = Wallet(lambda: app.allowance(wanted.max_cost))
    named, tag = wanted.actions or {}, app.settings.tag or TAG
    line = AnswersLine(lambda: wallet.spent, quiet=wanted.quiet or wanted.as_json)
    place = Place(app.database, app.catalog, wallet, line.once, tag)
    missing = read(path, named, lambda model: _judge(app, model, place))
    enough(path, len(missing.lines), least)
    made = actions(app, named, place)
    _check_costs(missing, made, wanted)
    replay = wanted.replay or data_dir(app.environ) / "answers.jsonl"
    parallel = 1 if wanted.max_cost is not None else wanted.parallel or _AT_ONCE
    with Answers(replay) as kept, Stopped("the answers under way") as stopped, line:
        asking = collect(missing.tasks, made, kept, parallel=parallel, progress=line.show, halt=stopped)
        found = asyncio.run(asking)
    if found.stopped is not None or stopped.code:
        raise _unfinished(found, missing, wallet.spent, stopped.code, as_json=wanted.as_json)
    told: dict[str, Any] = {"asked": found.asked, "replayed": found.replayed, "spent_usd": format_usd(wallet.spent)}
    table = missing.table(found.answers, lambda name, answer: dollars(made[name].target.card, answer))
    return table, {"answers": told}


def _judge(app: App, model: str, place: Place) -> Ask:
    from agentctl.learning.graders.asking import Asker  # noqa: PLC0415 - most graders ask no model

    name = app.full_name(model)
    app.target(name)  # who can't be asked is told of before anything is paid for
    return Asker(place.db, place.catalog, lambda: app.target(name), place.wallet, place.tag, place.notify)


def _check_costs(missing: Missing, made: dict[str, ModelAction], wanted: Wanted) -> None:
    """See that it will be known what each action costs, before anything is paid for."""
    from agentctl.learning.live.asked import unpriced  # noqa: PLC0415 - they need numpy
    from agentctl.learning.routing.costs import check, way_out  # noqa: PLC0415

    if wanted.costs:
        check(wanted.costs, missing.actions)
    elif (card := unpriced(made)) is not None:
        raise ConfigError(
            f"the price of {card.name} is unknown",
            hint=f"""agentctl config set 'models."{card.name}".input' 0.15, and .output; or --cost""",
        )
    elif costless := missing.costless():
        raise UsageError(f"what {costless[0]!r} costs is not said in the tasks", hint=way_out(missing.actions))


def _unfinished(found: Collected, missing: Missing, spent: Decimal, signal: int, *, as_json: bool) -> Exception:
    """Tell how far it came; returns what ends the command, which does not learn from a part of the tasks."""
    total = sum(len(task.missing) for task in missing.tasks)
    error = InterruptError(hint=_GO_ON) if signal or found.stopped is None else found.stopped
    if as_json:
        print_json_line(_document(found, total, spent, error))
    there = f"{found.asked + found.replayed:,} of {total:,} answers are there and kept, and {usd(spent)} was spent"
    print_note(f"{there}; nothing is learnt from a part of them, and {_GO_ON}")
    return typer.Exit(signal) if signal else error


def _document(found: Collected, total: int, spent: Decimal, error: AgentctlError) -> dict[str, Any]:
    """What JSON output has of a command that came to no policy."""
    missing = total - found.asked - found.replayed
    return {
        "policy": None,
        "answers": {
            "asked": found.asked,
            "replayed": found.replayed,
            "missing": missing,
            "spent_usd": format_usd(spent),
        },
        "error": error.as_json(),
    }
