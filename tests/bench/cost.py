"""How long `agentctl cost` takes over a ledger of a million calls, beside a plain GROUP BY over its rows, in one run.

    python tests/bench/cost.py [CALLS]

Two ledgers of three years, 20 models of 5 providers and 10 tags, made by SQL, the same each time: one as people use the
program, 50,000 sessions of bursts and some that go on for years, and the worst there is, 10,000 sessions with calls all
over the three years. (Their reservations, which no table reads, are left out.) Time is wall time of the whole command,
the best of some rounds, its start included; that of the peer is of its query alone.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from agentctl.store.migrate import Migration, load

AGENTCTL = Path(sys.executable).with_name("agentctl")
CALLS = 1_000_000
YEARS = 3 * 365 * 86_400_000_000  # µs
START = 1_700_000_000_000_000
ROUNDS = 3
BAR = 1.0  # seconds

SUMS = """
    COUNT(*), SUM(computed_pusd / 1000000000), SUM(computed_pusd % 1000000000), SUM(uncached_input), SUM(cache_read),
    SUM(cache_write_short), SUM(cache_write_long), SUM(output) FROM usage_ledger WHERE kind = 'charge'
"""
BY_DAY = f"SELECT DATE(created_at / 1000000, 'unixepoch', 'localtime') AS day, {SUMS} GROUP BY day"
BY_MODEL = f"SELECT provider, model, {SUMS} GROUP BY provider, model"
BY_SESSION = f"SELECT session_id, {SUMS} GROUP BY session_id"
BY_TAG = f"SELECT tag, {SUMS} GROUP BY tag"
MIDDLE = START + YEARS // 2 + 123_456_789  # begins in no slot
SINCE = f"AND created_at >= {MIDDLE} GROUP BY"
SINCE_ARGUMENTS = ("--since", time.strftime("%Y-%m-%dT%H:%M:%S.123456Z", time.gmtime(MIDDLE // 1_000_000)))
FORMS: dict[tuple[str, ...], tuple[str, ...]] = {
    (): (BY_MODEL,),
    ("--by", "day"): (BY_DAY,),
    ("--by", "session"): (BY_SESSION,),
    ("--by", "tag"): (BY_TAG,),
    ("--by", "day", "--csv"): (BY_DAY,),
    ("--json",): (BY_DAY, BY_MODEL, BY_SESSION, BY_TAG),
    SINCE_ARGUMENTS: (BY_MODEL.replace("GROUP BY", SINCE),),
    ("--by", "session", *SINCE_ARGUMENTS): (BY_SESSION.replace("GROUP BY", SINCE),),
    ("--json", *SINCE_ARGUMENTS): tuple(
        query.replace("GROUP BY", SINCE) for query in (BY_DAY, BY_MODEL, BY_SESSION, BY_TAG)
    ),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """How a ledger's calls lie: the session and the moment of call `i`, in SQL; `dice` is a number below 2^32."""

    sessions: int
    session: str
    moment: str


def shapes(calls: int) -> Mapping[str, Shape]:
    """The ledgers, by name."""
    many, few = max(calls // 20, 200), max(calls // 100, 1)
    return {
        "as people use it": Shape(
            many,
            f"CASE WHEN i % 50 = 0 THEN i / 50 % 200 ELSE i / 20 % {many} END",
            f"{START} + i / 20 * {YEARS // many} + i % 20 * 40000000 + dice % 9000000",
        ),
        "all over the place": Shape(few, f"(dice >> 7) % {few}", f"{START} + i * {YEARS // calls}"),
    }


def build(path: Path, calls: int, shape: Shape) -> float:
    """Write a ledger as it was before sums were kept and migrate it; return how many seconds the latter took."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.executescript("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000;")
        migrations = load("sqlite")
        (place,) = [number for number, one in enumerate(migrations) if one.name == "totals"]
        for migration in migrations[:place]:
            apply(database, migration)
        database.executescript(f"""
            BEGIN;
            WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {shape.sessions - 1})
            INSERT INTO sessions SELECT PRINTF('s%025d', i), NULL, PRINTF('b%025d', i), {START}, {START} FROM n;
            INSERT INTO branches SELECT active_branch_id, id, NULL, 0, 0 FROM sessions;
            WITH RECURSIVE
                n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {calls - 1}),
                calls AS MATERIALIZED (SELECT i, ((i + 1) * 2654435761) & 4294967295 AS dice FROM n)
            INSERT INTO usage_ledger (
                id, session_id, call_id, attempt, kind, status, provider, model, uncached_input, cache_read,
                cache_write_short, cache_write_long, output, computed_pusd, tag, created_at
            )
            SELECT PRINTF('u%025d', i), PRINTF('s%025d', {shape.session}), PRINTF('c%025d', i), 1, 'charge', 'final',
                'provider ' || (dice >> 9) % 5, 'model ' || (dice >> 9) % 20, dice % 9000, dice % 70000, dice % 500, 0,
                dice % 900, CASE WHEN dice % 50 THEN dice % 100000 * 1000000 END, 'tag ' || (dice >> 13) % 10,
                {shape.moment}
            FROM calls;
            COMMIT;
        """)
        began = time.perf_counter()
        apply(database, migrations[place])
        seconds = time.perf_counter() - began
        for migration in migrations[place + 1 :]:
            apply(database, migration)
        database.execute("PRAGMA journal_mode = WAL")
        return seconds


def apply(database: sqlite3.Connection, migration: Migration) -> None:
    """Bring the schema on, and record it."""
    record = (migration.version, migration.name, migration.checksum, START)
    database.executescript(f"BEGIN; {migration.sql} COMMIT;")
    database.execute("INSERT INTO schema_migrations VALUES (?, ?, ?, ?)", record)


def best(work: Callable[[], object]) -> float:
    """Seconds that `work` takes at best."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def measure(path: Path, home: Path, calls: int) -> bool:
    """Print what each form takes; return whether one is above its bar."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "AGENTCTL_DATABASE_URL": f"sqlite:///{path}"}
    late = False

    def run(*form: str) -> bytes:
        return subprocess.run([AGENTCTL, "cost", *form], env=environ, check=True, capture_output=True).stdout

    with closing(sqlite3.connect(path)) as raw:
        if json.loads(run("--json"))["calls"] != calls:
            raise SystemExit("not every call was counted")
        for form, queries in FORMS.items():
            ours = best(lambda form=form: run(*form))  # type: ignore[misc]
            peer = best(lambda queries=queries: [raw.execute(query).fetchall() for query in queries])  # type: ignore[misc]
            late |= ours > BAR
            print(f"  {' '.join(('cost', *form)):52}{ours * 1000:8.0f} ms{peer * 1000:10.0f} ms{ours / peer:8.2f}")
    return late


def main() -> None:
    """Measure, print the tables, and leave with 1 if a bar is missed."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else CALLS
    late = False
    with tempfile.TemporaryDirectory() as home:
        for name, shape in shapes(calls).items():
            path = Path(home, "ledger.db")
            migrating = build(path, calls, shape)
            print(f"{calls:,} calls in {shape.sessions:,} sessions, {name} (sums made in {migrating:.0f} s)")
            print(f"  {'':52}{'agentctl':>11}{'GROUP BY':>13}{'ratio':>8}")
            late |= measure(path, Path(home), calls)
            path.unlink()
    sys.exit(int(late))


if __name__ == "__main__":
    main()
