"""`agentctl cost cache`: what prompt caches saved against none at all, and what they missed and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, NamedTuple

import typer

from agentctl.cli.cost import period_of
from agentctl.cli.figures import local_time, rfc3339
from agentctl.cli.group import new_app
from agentctl.cli.render import print_json, print_note, print_table, print_text
from agentctl.cli.wiring import wire
from agentctl.economy import cachereport, contents, totals
from agentctl.economy.advice import advise
from agentctl.economy.cachereport import Missed, Saving, Tally
from agentctl.economy.catalog import Catalog
from agentctl.economy.money import dollars, format_pico, from_pico, to_pico
from agentctl.economy.periods import Period
from agentctl.economy.totals import Total
from agentctl.store.base import Transaction

app = new_app()

_SHOWN = 20  # misses
_WHEN = "2026-11-23, 2026-11-23T08:00, 7d, 12h."


class Line(NamedTuple):
    """What a model's calls used and cost, beside what they would have cost uncached. Money is in pico-dollars.

    Args:
        calls: how many.
        input: all tokens of input.
        read: those that were read from a cache.
        written: those that were written to one.
        cached_calls: the calls that did either.
        unknown: the calls whose cost is not known, and hence not in `charged`.
        unknown_gains: the cached calls whose price is not known, and hence not in `gain` and `writing`.
        unknown_storage: the caches whose price is not known.
        charged: what the calls cost.
        gain: what they would have cost more uncached.
        writing: what writing cost more than plain input.
        storage: what the caches cost that are kept on demand.
    """

    calls: int = 0
    input: int = 0
    read: int = 0
    written: int = 0
    cached_calls: int = 0
    unknown: int = 0
    unknown_gains: int = 0
    unknown_storage: int = 0
    charged: int = 0
    gain: int = 0
    writing: int = 0
    storage: int = 0

    @property
    def saved(self) -> int:
        """What caching saved altogether, below 0 if it cost more."""
        return self.gain - self.storage

    @property
    def uncached(self) -> int:
        """What the calls would have cost without it."""
        return self.charged + self.gain

    @property
    def hit_rate(self) -> float | None:
        """The share of the input that was read from a cache; None without any."""
        return self.read / self.input if self.input else None


@dataclass(frozen=True, slots=True)
class Report:
    """All that is told: the lines by model, how often which cause, the latest misses, advice."""

    lines: Mapping[str, Line]
    tallies: Sequence[Tally]
    misses: Sequence[Missed]
    advice: Sequence[str]


@app.command()
def cache(
    since: Annotated[str | None, typer.Option(metavar="WHEN", help=f"Only from then on: {_WHEN}")] = None,
    until: Annotated[str | None, typer.Option(metavar="WHEN", help="Only before then.")] = None,
    session: Annotated[str | None, typer.Option(help="Only this conversation: its id or name.")] = None,
    limit: Annotated[int, typer.Option(min=0, max=1_000_000, metavar="N", help="How many misses to show.")] = _SHOWN,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what prompt caches saved, and what they missed and why.

    Saved is what the same calls would have cost more with all their input uncached, by the prices of their day.
    """
    wired = wire()
    period = period_of(since, until)
    session_id = None if session is None else wired.session(session, latest=False)
    report = wired.database.read(lambda tx: read(tx, wired.catalog, period, session_id, limit))
    if as_json:
        bounds = {
            "since": None if since is None else rfc3339(period.since),
            "until": None if until is None else rfc3339(period.until),
        }
        print_json({**bounds, "session_id": session_id, **_document(report)})
    else:
        _show(report)


def read(tx: Transaction, catalog: Catalog, period: Period, session_id: str | None, limit: int) -> Report:
    """Return what caches did in a period, all of it at one moment of the database."""
    spent = totals.by_model(tx, period, session_id)
    savings = cachereport.savings(tx, period, session_id)
    stored = {"/".join(name): one for name, one in contents.storage_costs(tx, catalog, period, session_id).items()}
    names = sorted({*spent, *savings, *stored}, key=lambda name: -spent.get(name, Total()).known)
    nothing = contents.Storage()
    lines = {
        name: _line(spent.get(name, Total()), savings.get(name, Saving()), stored.get(name, nothing)) for name in names
    }
    tallies = cachereport.tallies(tx, period, session_id)
    misses = cachereport.misses(tx, period, session_id, limit)
    minimums = {tally.model: catalog.find(tally.model).cache_min for tally in tallies}
    return Report(lines, tallies, misses, advise(savings, tallies, misses, minimums))


def _line(spent: Total, saving: Saving, stored: contents.Storage) -> Line:
    return Line(
        spent.calls,
        spent.input,
        spent.cache_read,
        spent.cache_write_short + spent.cache_write_long,
        saving.calls,
        spent.unknown_calls,
        saving.calls - saving.known_calls,
        stored.unknown,
        spent.known,
        saving.saved,
        saving.writing,
        to_pico(stored.known),
    )


def _sum(lines: Iterable[Line]) -> Line:
    return Line(*map(sum, zip(*lines, strict=True))) if (lines := list(lines)) else Line()


def _document(report: Report) -> dict[str, Any]:
    return {
        **_fields(_sum(report.lines.values())),
        "by_model": [{"model": name, **_fields(line)} for name, line in report.lines.items()],
        "causes": [_cause(tally) for tally in report.tallies],
        "misses": [_miss(one) for one in report.misses],
        "advice": [*report.advice],
    }


def _fields(line: Line) -> dict[str, Any]:
    return {
        "calls": line.calls,
        "cached_calls": line.cached_calls,
        "unknown_calls": line.unknown,
        "unknown_savings": line.unknown_gains,
        "unknown_storage": line.unknown_storage,
        "input_tokens": line.input,
        "read_tokens": line.read,
        "written_tokens": line.written,
        "hit_rate": None if line.hit_rate is None else round(line.hit_rate, 6),
        "charged_usd": format_pico(line.charged),
        "uncached_usd": format_pico(line.uncached),
        "storage_usd": format_pico(line.storage),
        "saved_usd": format_pico(line.saved),
        "writing_usd": format_pico(line.writing),
    }


def _cause(tally: Tally) -> dict[str, Any]:
    return {
        "model": tally.model,
        "cause": tally.cause,
        "misses": tally.misses,
        "tokens": tally.tokens,
        "missed_usd": format_pico(tally.missed) if tally.known_misses == tally.misses else None,
    }


def _miss(one: Missed) -> dict[str, Any]:
    return {
        "created_at": rfc3339(one.created_at),
        "session_id": one.session_id,
        "model": one.model,
        "cause": one.cause,
        "text": one.text,
        "path": one.path,
        "told": one.told,
        "gap_seconds": one.gap // 1_000_000,
        "tokens": one.tokens,
        "missed_usd": None if one.missed is None else format_pico(one.missed),
    }


def _show(report: Report) -> None:
    total = _sum(report.lines.values())
    if not (total.read or total.written or total.storage):
        print_text("nothing was read from a cache, and nothing was written to one")
    else:
        columns = ("model", "calls", "in", "read", "hit %", "charged", "uncached", "storage", "saved", "writing")
        rows = [(name, *_cells(line)) for name, line in report.lines.items()]
        print_table(columns, [*rows, ("total", *_cells(total))])
    for count, what in (
        (total.unknown, "calls have no known cost"),
        (total.unknown_gains, "cached calls have no known price, so that nobody knows what they saved"),
        (total.unknown_storage, "caches are kept at a price that is not known"),
    ):
        if count:
            print_note(f"{count:,} {what}")
    if report.misses:
        print_table(("missed", "model", "cause", "tokens", "cost", "why"), [_row(one) for one in report.misses])
    for text in report.advice:
        print_note(f"hint: {text}")


def _cells(line: Line) -> tuple[str, ...]:
    rate = "" if line.hit_rate is None else f"{line.hit_rate * 100:.1f}"
    money = (line.charged, line.uncached, line.storage, line.saved, line.writing)
    return f"{line.calls:,}", f"{line.input:,}", f"{line.read:,}", rate, *(dollars(from_pico(one)) for one in money)


def _row(one: Missed) -> tuple[str, ...]:
    cost: Decimal | None = None if one.missed is None else from_pico(one.missed)
    why = one.text if one.told is None else f"{one.text} (it says: {one.told})"
    return local_time(one.created_at), one.model, one.cause.replace("_", " "), f"{one.tokens:,}", dollars(cost), why
