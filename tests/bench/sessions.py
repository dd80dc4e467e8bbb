"""Keeping conversations: this program's store beside openai-agents' sessions and LangGraph's savers, in one run.

    python tests/bench/sessions.py [SCALE]

Each is as durable as its database can be: SQLite with synchronous=FULL, which is how all of them open it as shipped (so
it is looked at, and told), and PostgreSQL with fsync, in a server of our own. Contenders take turns, so that a busy
machine hurts them alike; a ratio is the median of those of single turns, above 1 where this program is ahead. SCALE
makes all sizes smaller, for a try.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import accumulate
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from bench.contenders import POSTGRES, SQLITE, Contender, Ours, Place, look, size  # noqa: E402
from support.cluster import cluster  # noqa: E402
from support.postgres import Server, installation  # noqa: E402

from agentctl.store import search, sessions  # noqa: E402
from agentctl.store.search.finding import find  # noqa: E402
from agentctl.store.search.query import parse  # noqa: E402

LENGTH = 900  # characters of a message
APPENDS, TURN = 1_000, 50
LOADS = 11
MANY, EACH = 100_000, 100  # messages, and how many of them in a conversation
SESSIONS, LISTED = 100_000, 50
LONG = 10_000
LIST_BAR, SEARCH_BAR, FLAT_BAR = 1.0, 50.0, 1.2  # ms, ms, times
QUERIES = 40
LIMIT = 20  # hits

_CHANCE = random.Random(20261127)
WORDS = [f"{_CHANCE.choice('bcdfghklmnprstvw')}{_CHANCE.getrandbits(28):x}" for _ in range(20_000)]
WEIGHTS = list(accumulate(1 / (rank + 1) for rank in range(len(WORDS))))  # as often as words of a language


@dataclass
class Report:
    """What is printed, and what missed its bar."""

    missed: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)

    def row(self, what: str, ours: str, beside: Mapping[str, tuple[str, float | None]]) -> None:
        """Print a measure: ours, and what it is for each peer with the ratio to ours."""
        print(f"{what:34} {ours:>14}")
        for name, (figure, ratio) in beside.items():
            verdict = "" if ratio is None else f"{ratio:9.2f}x{'' if ratio >= 1 else '  MISSED'}"
            print(f"  {name:32} {figure:>14}{verdict}")
            if ratio is not None and ratio < 1:
                self.missed.append(f"{what} beside {name}")

    def bar(self, what: str, value: float, bar: float, unit: str) -> None:
        """Print a measure that has a bar of its own."""
        print(f"{what:34} {value:>11.3f} {unit:2}  bar {bar:g} {unit}{'' if value <= bar else '  MISSED'}")
        self.figures[what] = round(value, 4)
        if value > bar:
            self.missed.append(what)


@cache
def texts(count: int) -> list[str]:
    """Messages, the same each time."""
    found = (_CHANCE.choices(WORDS, cum_weights=WEIGHTS, k=LENGTH // 8 + 20) for _ in range(count))
    return [" ".join(words)[:LENGTH] for words in found]


def turns(work: Mapping[str, Callable[[], object]], rounds: int, *, synced: bool = False) -> dict[str, list[float]]:
    """Milliseconds that each takes in each round, in an order that changes; nobody pays for what another wrote."""
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name in _CHANCE.sample(list(work), len(work)):
            if synced:
                os.sync()
            began = perf_counter()
            work[name]()
            times[name].append((perf_counter() - began) * 1e3)
    return times


def beside(times: Mapping[str, Sequence[float]], per: int = 1) -> dict[str, tuple[str, float | None]]:
    """Each peer's median, and that of its ratios to ours."""
    ours = times[Ours.name]
    return {
        name: (
            f"{statistics.median(values) / per:.3f} ms",
            statistics.median(one / mine for one, mine in zip(values, ours, strict=True)),
        )
        for name, values in times.items()
        if name != Ours.name
    }


def appending(report: Report, kind: str, contenders: Sequence[Contender], count: int) -> None:
    """Durable appends to one conversation, and loading it."""
    said = texts(count)
    place = {one.name: iter(said) for one in contenders}

    def turn(one: Contender) -> None:
        for _ in range(TURN):
            one.append(next(place[one.name]))

    times = turns({one.name: partial(turn, one) for one in contenders}, count // TURN, synced=True)
    ours = statistics.median(times[Ours.name]) / TURN
    report.row(f"{kind}: append, durable", f"{ours:.3f} ms", beside(times, TURN))
    for one in contenders:
        if len(one.load()) != count:
            raise SystemExit(f"{one.name} has lost messages")
    times = turns({one.name: one.load for one in contenders}, LOADS)
    report.row(f"{kind}: load of {count:,} messages", f"{statistics.median(times[Ours.name]):.3f} ms", beside(times))


def flat(report: Report, kind: str, ours: Ours, count: int) -> None:
    """An append in a conversation of many messages beside one in a new one."""
    other = Ours.__new__(Ours)
    other.database = ours.database
    other.begin()
    ours.begin()
    ours.fill(texts(count - 100))
    said = texts(100)
    times = turns({"long": lambda: ours.append(said[0]), "new": lambda: other.append(said[1])}, 100)
    ratio = statistics.median(times["long"]) / statistics.median(times["new"])
    report.bar(f"{kind}: append at {count:,} / at 0", ratio, FLAT_BAR, "x")


def disk(report: Report, kind: str, what: str, sizes: Mapping[str, tuple[int, str]]) -> None:
    """What each takes on the disk."""
    ours = sizes[Ours.name][0]
    report.row(
        f"{kind}: disk, {what} messages",
        f"{ours / 1e6:.1f} MB",
        {
            name: (f"{mark}{taken / 1e6:.1f} MB", taken / ours)
            for name, (taken, mark) in sizes.items()
            if name != Ours.name
        },
    )


def listing(report: Report, kind: str, place: Place, count: int) -> None:
    """The newest sessions of many."""
    ours = Ours(place)
    ours.close()
    add_sessions(place, count)
    ours = Ours(place)
    times = turns({"list": lambda: ours.database.read(lambda tx: sessions.listing(tx, LISTED))}, 50)
    ours.close()
    report.bar(f"{kind}: newest {LISTED} of {count:,} sessions", statistics.median(times["list"]), LIST_BAR, "ms")
    print(f"  {'openai-agents, LangGraph':32} {'none':>14}")


def add_sessions(place: Place, count: int) -> None:
    """Write sessions by SQL: what is measured is reading them."""
    rows = [(f"s{number:025}", f"b{number:025}", number) for number in range(count)]
    session = "INSERT INTO sessions (id, active_branch_id, created_at, updated_at) VALUES ({0}, {0}, {0}, {0})"
    branch = "INSERT INTO branches (id, session_id, fork_seq, next_seq, created_at) VALUES ({0}, {0}, 0, 0, {0})"
    first = [(one, other, at, at) for one, other, at in rows]
    second = [(other, one, at) for one, other, at in rows]
    if isinstance(place, Path):
        with closing(sqlite3.connect(place)) as raw, raw:
            raw.executemany(session.format("?"), first)
            raw.executemany(branch.format("?"), second)
        return
    with psycopg.connect(place) as connection, connection.cursor() as cursor:
        for table, columns, values in (
            ("sessions", "id, active_branch_id, created_at, updated_at", first),
            ("branches", "id, session_id, created_at, fork_seq, next_seq", [(*one, 0, 0) for one in second]),
        ):
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for value in values:
                    copy.write_row(value)
        cursor.execute("ANALYZE")


def queries(said: Sequence[str]) -> list[tuple[str, str]]:
    """A mix of what is looked for, with what comes nearest to it in SQL's LIKE: rare, common, and phrases."""
    phrases = [" ".join(_CHANCE.choice(said).split()[3:6]) for _ in range(QUERIES)]
    single = [WORDS[rank] for rank in (0, 1, 3, 10, 50, 100, 500, 5_000, 10_000, 19_000)]
    common = [f"{WORDS[one]} {WORDS[other]}" for one, other in ((0, 1), (0, 30), (5, 400))]
    return [(word, f"%{word}%") for word in (*single, *common)] + [(f'"{one}"', f"%{one}%") for one in phrases]


def searching(report: Report, kind: str, ours: Ours, peer: tuple[type[Contender], Place], said: Sequence[str]) -> None:
    """Search in many messages."""
    began = perf_counter()
    waiting = search.catch_up(ours.database)
    print(f"  ({waiting:,} messages were left to index: {perf_counter() - began:.1f} s)")
    (contender, place), times, nearest = peer, [], []
    if (like := contender.like) is None:
        raise SystemExit(f"{contender.name} can't be looked through")
    for text, pattern in queries(said):
        query = parse(text)
        took = turns(
            {
                "ours": lambda query=query: ours.database.read(lambda tx: find(tx, query, LIMIT)),  # type: ignore[misc]
                "peer": lambda pattern=pattern: look(place, like, pattern),  # type: ignore[misc]
            },
            3,
        )
        times.append(statistics.median(took["ours"]))
        nearest.append(statistics.median(took["peer"]))
    p50, p95 = (statistics.quantiles(times, n=20, method="inclusive")[place] for place in (9, 18))
    like50, like95 = (statistics.quantiles(nearest, n=20, method="inclusive")[place] for place in (9, 18))
    name = f"{contender.name}, by LIKE"
    report.row(f"{kind}: search, p50", f"{p50:.2f} ms", {name: (f"{like50:.2f} ms", like50 / p50)})
    report.row(f"{kind}: search, p95", f"{p95:.2f} ms", {name: (f"{like95:.2f} ms", like95 / p95)})
    report.bar(f"{kind}: search in {len(said):,}, p95", p95, SEARCH_BAR, "ms")
    print(f"  {'LangGraph':32} {'none':>14}")


def synchronous(contender: Contender) -> str:
    """How a contender opens SQLite as it is shipped."""
    names = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}
    inner: Any = contender
    if isinstance(contender, Ours):
        return "FULL"
    if hasattr(inner, "saver"):
        return names[inner.saver.conn.execute("PRAGMA synchronous").fetchone()[0]]
    if "Alchemy" in contender.name:
        return names[inner._runner.run(_pragma(inner._engine))]
    return names[inner._session._get_connection().execute("PRAGMA synchronous").fetchone()[0]]


async def _pragma(engine: Any) -> int:
    async with engine.connect() as connection:
        return int((await connection.exec_driver_sql("PRAGMA synchronous")).scalar())


def measure(
    report: Report, kind: str, classes: Sequence[type[Contender]], make: Callable[[], Place], scale: float
) -> None:
    """All measures of one database."""
    appends, many, many_sessions = int(APPENDS * scale), int(MANY * scale), int(SESSIONS * scale)
    places = {one.name: make() for one in classes}
    contenders = [one(places[one.name]) for one in classes]
    if kind == "SQLite":
        print("as shipped:", ", ".join(f"{one.name} synchronous={synchronous(one)}" for one in contenders))
    empty = {} if kind == "SQLite" else {name: size(place) for name, place in places.items()}
    appending(report, kind, contenders, appends)
    for one in contenders:
        one.close()
    disk(report, kind, f"{appends:,}", {name: (size(p) - empty.get(name, 0), "") for name, p in places.items()})
    ours = Ours(places[Ours.name])
    flat(report, kind, ours, int(LONG * scale))
    ours.close()
    large(report, kind, classes, make, many)
    listing(report, kind, make(), many_sessions)


def large(report: Report, kind: str, classes: Sequence[type[Contender]], make: Callable[[], Place], count: int) -> None:
    """Many messages: their size and the search in them. Of a saver a tenth of a hundredth is made, and multiplied."""
    said, sizes, places = texts(count), {}, {}
    for one in classes:
        places[one.name] = place = make()
        contender = one(place)
        contender.append(said[0])
        empty = 0 if isinstance(place, Path) else size(place)
        part = count // EACH // 250 or 1 if "LangGraph" in one.name else count // EACH
        for number in range(part):
            contender.begin()
            contender.fill(said[number * EACH : (number + 1) * EACH])
        if isinstance(contender, Ours):
            search.catch_up(contender.database)
        contender.close()
        share = count // EACH / part
        sizes[one.name] = (int((size(place) - empty) * share), "~" if share > 1 else "")
    disk(report, kind, f"{count:,}", sizes)
    ours = Ours(places[Ours.name])
    peer = next(one for one in classes if one.like)
    searching(report, kind, ours, (peer, places[peer.name]), said)
    ours.close()


def file_in(home: str) -> Path:
    """A file that is not there yet, in a directory of its own."""
    return Path(tempfile.mkdtemp(dir=home), "x.db")


@contextmanager
def postgres() -> Iterator[Callable[[], Place]]:
    """A server of our own that keeps what it commits; what is returned makes a database."""
    with cluster(installation("system")) as made, ExitStack() as stack:
        made.start()
        server = Server(made.url)
        yield lambda: stack.enter_context(server.database())


def main() -> None:
    """Measure, print, and leave with 1 if this program is not ahead in a row or misses a bar."""
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    report, began = Report(), perf_counter()
    with tempfile.TemporaryDirectory() as home:
        measure(report, "SQLite", SQLITE, lambda: file_in(home), scale)
        with postgres() as make:
            measure(report, "PostgreSQL", POSTGRES, make, scale)
    print(json.dumps(report.figures))
    print(f"{perf_counter() - began:.0f} s; " + (f"MISSED: {'; '.join(report.missed)}" if report.missed else "all met"))
    sys.exit(bool(report.missed))


if __name__ == "__main__":
    main()
