"""Sums over the ledger: the same calls by session, day, model, provider and tag."""

from __future__ import annotations

import os
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.backends import POSTGRES, Backends

from agentctl.economy.ledger import Cost
from agentctl.economy.money import from_pico
from agentctl.economy.periods import DAY, QUARTER, Period
from agentctl.economy.totals import Total, by_day, by_model, by_provider, by_session, by_tag, of_model, total
from agentctl.store.base import Row, Value
from agentctl.store.migrate import load
from agentctl.store.postgres.connection import Connection as ServerConnection
from agentctl.store.postgres.target import target
from agentctl.store.sqlite.connection import Connection
from agentctl.store.sqlite.schema import migrate
from agentctl.store.statements import statement

T = TypeVar("T")
HOUR = 3600
SECOND = 1_000_000  # µs
MIGRATIONS = load("sqlite")
# Where clocks change, in the rules of POSIX: they need no time zone data on this machine.
CLOCKS = [
    "UTC0",
    "<+0545>-5:45",
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "EST5EDT,M3.2.0,M11.1.0",
    "LHST-10:30LHDT-11,M10.1.0,M4.1.0",
    "EET-2EEST,M3.5.0/0,M10.5.0/0",  # forward at midnight, back at midnight to the day before
    "CST5CDT,M3.2.0/0,M11.1.0/1",  # midnight does not exist, then comes twice
]
CHANGES = [
    datetime(2026, 3, 8, 6, tzinfo=UTC),
    datetime(2026, 3, 28, 22, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
    datetime(2026, 10, 24, 21, tzinfo=UTC),
    datetime(2026, 11, 1, 5, tzinfo=UTC),
]


@dataclass(frozen=True)
class Charge:
    """A call as the test makes it; `session` 0 is none, `at` is in µs, money in pico-dollars, `later` is a report."""

    session: int
    provider: str
    model: str
    tag: str | None
    buckets: tuple[int, int, int, int, int]
    computed: int | None
    reported: int | None
    later: int | None
    at: int


moments = st.builds(
    lambda change, quarters, micros: int(change.timestamp()) * SECOND + quarters * QUARTER + micros,
    st.sampled_from(CHANGES),
    st.integers(-200, 200),
    st.integers(-1, 1) | st.integers(0, QUARTER),
)
counts = st.integers(0, 10**12)
picos = st.none() | st.integers(0, 2**63 - 1)
charges = st.builds(
    Charge,
    st.integers(0, 2),
    st.sampled_from(["openai", "local"]),
    st.sampled_from(["gpt", "a/b"]),
    st.sampled_from([None, "bench", "=1+1"]),
    st.tuples(counts, counts, counts, counts, counts),
    picos,
    picos,
    picos,
    moments,
).map(lambda charge: charge if charge.reported is None else replace(charge, later=None))
periods = st.just(Period()) | st.builds(Period, moments) | st.builds(Period, moments, moments)


@contextmanager
def clock(rule: str) -> Iterator[None]:
    """Let this machine's time follow `rule`."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = rule
    time.tzset()
    try:
        yield
    finally:
        del os.environ["TZ"]
        if before is not None:
            os.environ["TZ"] = before
        time.tzset()


IDS = (None, "session one", "session two")


@cache
def _empty() -> Connection:
    connection = Connection(":memory:")
    migrate(connection, MIGRATIONS)
    return connection


@contextmanager
def ledger(spent: Sequence[Charge], deleted: int = 0) -> Iterator[Connection]:
    """A ledger with these charges; session `deleted` is gone since."""
    connection = _empty()
    with _filled(connection.run, spent, deleted):
        yield connection


@contextmanager
def _filled(run: Callable[[str], None], spent: Sequence[Charge], deleted: int = 0) -> Iterator[None]:
    run("BEGIN")
    try:
        for statement in _statements(spent):
            run(statement)
        for table in ("branches", "sessions"):
            run(f"DELETE FROM {table} WHERE id = {_literal(IDS[deleted])}")
        yield
    finally:
        run("ROLLBACK")


@pytest.fixture(params=POSTGRES, scope="module")
def on_a_server(
    request: pytest.FixtureRequest, backends: Backends, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerConnection]:
    """A connection to an empty database of each server."""
    with backends.url(request.param, tmp_path_factory.getbasetemp()) as url:
        connection = ServerConnection(target(url))
        yield connection
        connection.close()


@contextmanager
def older_ledger(spent: Sequence[Charge]) -> Iterator[Connection]:
    """A ledger with these charges from before there were sums, and migrated since."""
    with closing(Connection(":memory:")) as connection:
        migrate(connection, MIGRATIONS[:2])
        with connection.transaction():
            for statement in _statements(spent):
                connection.run(statement)
        migrate(connection, MIGRATIONS[2:])
        yield connection


def _statements(spent: Sequence[Charge]) -> Iterator[str]:
    for name in filter(None, IDS):
        yield f"INSERT INTO sessions (id, active_branch_id, created_at, updated_at) VALUES ('{name}', '{name}', 0, 0)"
        yield f"INSERT INTO branches (id, session_id, fork_seq, next_seq) VALUES ('{name}', '{name}', 0, 0)"
    columns = (
        "id, session_id, call_id, attempt, kind, status, provider, model, uncached_input, cache_read,"
        " cache_write_short, cache_write_long, output, computed_pusd, reported_pusd, tag, created_at"
    )
    for number, one in enumerate(spent):
        for kind in ("reserve", "charge"):
            values = (
                f"{kind} {number}", IDS[one.session], f"call {number}", 1, kind, "final", one.provider, one.model,
                *one.buckets, one.computed, one.reported, one.tag, one.at,
            )  # fmt: skip
            yield f"INSERT INTO usage_ledger ({columns}) VALUES ({', '.join(map(_literal, values))})"
    for number, one in reversed(list(enumerate(spent))):
        if one.later is not None:
            yield f"INSERT INTO charge_reports VALUES ('charge {number}', {one.later}, NULL, 0)"


def _literal(value: object) -> str:
    return "NULL" if value is None else repr(value)


def line(one: Charge) -> Total:
    """What one call adds to a sum."""
    reported = one.later if one.reported is None else one.reported
    cost = one.computed if reported is None else reported
    compared = reported is not None and one.computed is not None
    return Total(
        1,
        int(cost is None),
        cost or 0,
        int(reported is not None),
        reported or 0,
        int(compared),
        (one.computed or 0) if compared else 0,
        (reported or 0) - (one.computed or 0) if compared else 0,
        *one.buckets,
    )


def grouped(spent: Sequence[Charge], key: Callable[[Charge], T]) -> dict[T, Total]:
    """The calls added up one by one."""
    groups: dict[T, list[Total]] = defaultdict(list)
    for one in spent:
        groups[key(one)].append(line(one))
    return {name: Total(*map(sum, zip(*lines, strict=True))) for name, lines in groups.items()}


def local_day(one: Charge) -> object:
    return datetime.fromtimestamp(one.at // SECOND).date()  # noqa: DTZ006 - local time is what is asked for


@given(st.lists(charges, max_size=10), st.sampled_from(CLOCKS), periods, st.none() | st.integers(1, 2))
def test_every_call_counts_once(spent: list[Charge], rule: str, period: Period, session: int | None) -> None:
    """Each table is what adding the calls up one by one gives, each call on its own local day."""
    wanted = [
        one for one in spent if period.since <= one.at < period.until and (session is None or one.session == session)
    ]
    with ledger(spent) as tx, clock(rule):
        only = IDS[session] if session else None
        assert by_session(tx, period, only) == grouped(wanted, lambda one: IDS[one.session])
        assert by_day(tx, period, only) == grouped(wanted, local_day)
        assert by_model(tx, period, only) == grouped(wanted, lambda one: f"{one.provider}/{one.model}")
        assert by_provider(tx, period, only) == grouped(wanted, lambda one: one.provider)
        assert by_tag(tx, period, only) == grouped(wanted, lambda one: one.tag)
        assert total(by_tag(tx, period, only).values()) == grouped(wanted, lambda _: 0).get(0, Total())


@given(st.lists(charges, max_size=10), periods, st.integers(0, 2))
@settings(max_examples=25)
def test_a_server_adds_up_alike(
    on_a_server: ServerConnection, spent: list[Charge], period: Period, deleted: int
) -> None:
    """PostgreSQL tells of the same calls what SQLite tells, also above 64 bits, and keeps the same sums."""
    with ledger(spent, deleted) as ours, _filled(on_a_server.script, spent, deleted):
        for table in (by_session, by_day, by_model, by_provider, by_tag):
            for only in (None, "session one"):
                assert table(on_a_server, period, only) == table(ours, period, only)
        for model in by_model(ours, Period()):
            assert of_model(on_a_server, model) == of_model(ours, model)
        for scope in ("time", "model", "tag", "session", "month", "part"):
            for name in ("", *IDS[1:]):
                asked = {"scope": scope, "session_id": name, "first": 0, "end": 2**62}
                found, wanted = on_a_server.all("totals.sums", **asked), ours.all("totals.sums", **asked)
                assert len(found) == len(wanted)
                assert all(row in found for row in wanted)


@given(st.lists(charges, max_size=10))
def test_the_calls_of_one_model_are_those_of_its_line(spent: list[Charge]) -> None:
    """Asked for alone, each model has the sum that the table of all has, and one that was never called has none."""
    with ledger(spent) as tx:
        table = by_model(tx, Period())
        assert {name: of_model(tx, name) for name in table} == table
        assert of_model(tx, "nobody/knows") == Total()


@given(st.lists(charges, max_size=10), st.integers(1, 2), periods)
def test_a_deleted_session_leaves_its_calls(spent: list[Charge], deleted: int, period: Period) -> None:
    """They count as calls that were not kept, and nothing tells that session's name."""
    left = [replace(one, session=0) if one.session == deleted else one for one in spent]
    wanted = [one for one in left if period.since <= one.at < period.until]
    with ledger(spent, deleted) as tx:
        assert by_session(tx, period) == grouped(wanted, lambda one: IDS[one.session])
        assert by_session(tx, period, "session one") == grouped(
            [one for one in wanted if one.session == 1], lambda _: "session one"
        )
        assert by_model(tx, period) == grouped(wanted, lambda one: f"{one.provider}/{one.model}")
        kept = tx.all("totals.sums", scope="part", session_id=str(IDS[deleted]), first=0, end=2**62)
    assert kept == []


@settings(max_examples=30)
@given(st.lists(charges, max_size=10))
def test_a_ledger_from_before_is_added_up(spent: list[Charge]) -> None:
    """The migration finds the same sums as calls that are charged after it."""
    with ledger(spent) as new, older_ledger(spent) as old:
        for scope in ("time", "model", "tag", "session", "month", "part"):
            for session in IDS:
                values: dict[str, Value] = {"scope": scope, "session_id": session or "", "first": 0, "end": 2**62}
                sums = [row for row in new.all("totals.sums", **values) if row["calls"]]
                assert sums == old.all("totals.sums", **values)


@given(st.lists(charges, max_size=10), st.integers(-14 * 60, 14 * 60))
def test_days_of_a_given_zone(spent: list[Charge], minutes: int) -> None:
    """A zone that is given decides on days, whatever this machine's own is."""
    zone = timezone(timedelta(minutes=minutes))
    with ledger(spent) as tx:
        found = by_day(tx, Period(), zone=zone)
    assert found == grouped(spent, lambda one: datetime.fromtimestamp(one.at // SECOND, zone).date())


BARE = Charge(0, "local", "m", None, (1, 0, 0, 0, 0), None, None, None, 1_790_000_000 * SECOND)


@pytest.mark.parametrize("known", [None, 500_000_000_000])
def test_an_unknown_cost_is_no_number(known: int | None) -> None:
    """A sum with a part of unknown cost has no cost, and says what is known beside it."""
    with ledger([BARE, replace(BARE, provider="x", computed=known)]) as tx:
        cost = total(by_model(tx, Period()).values()).cost
    assert (cost.total, cost.known) == (None, from_pico(known or 0))


def test_what_is_reported_is_what_it_cost() -> None:
    """The report of the provider counts, whether it came with the answer or later; the drift is over what has both."""
    spent = [
        replace(BARE, computed=10, reported=13),
        replace(BARE, computed=10, later=8),
        replace(BARE, later=5),
        replace(BARE, computed=100),
    ]
    with ledger(spent) as tx:
        found = total(by_model(tx, Period()).values())
    assert found.cost == Cost(from_pico(126), 0)
    assert (found.reported_calls, found.reported) == (3, 26)
    assert (found.compared, found.computed, found.drift) == (2, 20, 1)


def test_nothing_was_spent() -> None:
    """An empty ledger adds up to a known nothing, and nothing was reported."""
    with ledger([]) as tx:
        assert not any(table(tx, Period()) for table in (by_session, by_day, by_model, by_provider, by_tag))
    nothing = total([])
    assert nothing.cost == Cost(from_pico(0), 0)
    assert (nothing.reported_calls, nothing.compared) == (0, 0)


class Watched:
    """A transaction that only reads, and notes what it is asked."""

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self.asked: list[tuple[str, dict[str, Value]]] = []

    def execute(self, query: str, /, **values: Value) -> int:
        """Refuse it."""
        raise AssertionError(query)

    def one(self, query: str, /, **values: Value) -> Row | None:
        """Return the first row."""
        return next(iter(self.all(query, **values)), None)

    def all(self, query: str, /, **values: Value) -> list[Row]:
        """Return the rows."""
        self.asked.append((query, values))
        return self._tx.all(query, **values)

    def tuples(self, query: str, /, **values: Value) -> list[tuple[Any, ...]]:
        """Return the rows as tuples."""
        self.asked.append((query, values))
        return self._tx.tuples(query, **values)


@given(st.lists(charges, max_size=10), periods, st.none() | st.integers(1, 2))
def test_the_ledger_itself_is_read_at_the_edges_alone(spent: list[Charge], period: Period, session: int | None) -> None:
    """No table reads more of it than what a slot holds, at either end of the period, and all time reads nothing."""
    with ledger(spent) as tx:
        for table in (by_session, by_day, by_model, by_provider, by_tag):
            watched = Watched(tx)
            table(watched, period, IDS[session] if session else None)
            edges = [values for query, values in watched.asked if query == "totals.edge"]
            assert {query.partition(".")[0] for query, _ in watched.asked} <= {"totals"}
            assert len(edges) <= (0 if period == Period() else 2)
            assert all(int(str(edge["until"])) - int(str(edge["since"])) < DAY for edge in edges)


LEDGER = "SEARCH u USING INDEX charges_by_time (created_at>? AND created_at<?)"


@pytest.mark.parametrize("query", ["sums", "next_slot", "edge", "whole_sessions", "parts_of_sessions", "of_model"])
def test_no_table_scans_the_ledger(query: str) -> None:
    """Every query finds its sums by their key; the only one that reads the ledger reads a span of time."""
    values = dict.fromkeys(("scope", "session_id", "first", "end", "since", "until", "provider", "model"), 1)
    with closing(sqlite3.connect(":memory:")) as raw:
        for migration in MIGRATIONS:
            raw.executescript(migration.sql)
        plan = raw.execute(f"EXPLAIN QUERY PLAN {statement(f'totals.{query}', 'sqlite')}", values).fetchall()
    steps = [row[3] for row in plan]
    assert [step for step in steps if " u " in step] == ([LEDGER] if query == "edge" else [])
    assert not [step for step in steps if step.startswith("SCAN")]
