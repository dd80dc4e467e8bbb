"""The ledger: every call once, every cost exact."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.economy import ledger
from agentctl.economy.catalog import Catalog
from agentctl.economy.ledger import Call, Cost
from agentctl.economy.pricing import price
from agentctl.errors import StorageError
from agentctl.settings import ModelOverride
from agentctl.store import sessions
from agentctl.store.base import Database, Transaction
from agentctl.store.open import connect
from agentctl.usage import Usage

LARGEST = Decimal(2**63 - 1).scaleb(-12)  # dollars that one call may cost: $9.2 M
costs = st.none() | st.decimals(0, LARGEST, places=12)


def spend(tx: Transaction, call: Call, cost: Decimal | None, usage: Usage | None = None) -> None:
    """Reserve and charge a call."""
    ledger.reserve(tx, call, usage or Usage(), cost)
    ledger.charge(tx, call, usage or Usage(), cost, "final", "v1", None)


def session_call(tx: Transaction, number: int = 0) -> Call:
    return Call(f"call {number}", sessions.create(tx).id, "openai", "gpt")


def test_a_call_is_open_until_it_is_charged(database: Database) -> None:
    """A reserved call is listed as open, with its estimate, until it is charged."""
    usage = Usage(1, 2, 3, 4, 5)

    def work(tx: Transaction) -> None:
        call = Call("c", sessions.create(tx).id, "openai", "gpt", attempt=2, tag="bench")
        assert not ledger.is_open(tx, call)
        ledger.reserve(tx, call, usage, Decimal("0.25"))
        (found,) = ledger.open_calls(tx)
        assert (found.call, found.usage, found.cost) == (call, usage, Decimal("0.25"))
        assert ledger.is_open(tx, call)
        ledger.charge(tx, call, usage, None, "estimated", None, None)
        assert not ledger.is_open(tx, call)
        assert ledger.open_calls(tx) == []

    database.write(work)


def test_a_released_call_costs_nothing(database: Database) -> None:
    """A call that was never sent is no longer open and is part of no sum."""

    def work(tx: Transaction) -> Cost:
        call = session_call(tx)
        ledger.reserve(tx, call, Usage(5), Decimal(1))
        ledger.release(tx, call)
        assert ledger.open_calls(tx) == []
        return ledger.session_cost(tx, str(call.session_id))

    assert database.write(work) == Cost(Decimal(0), 0)


def test_a_reservation_is_not_a_cost(database: Database) -> None:
    """What is only reserved is not counted as spent."""

    def work(tx: Transaction) -> Cost:
        call = session_call(tx)
        ledger.reserve(tx, call, Usage(5), Decimal(1))
        return ledger.session_cost(tx, str(call.session_id))

    assert database.write(work) == Cost(Decimal(0), 0)


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_call_is_charged_once(database: Database, attempt: int) -> None:
    """A second charge of the same attempt is refused; another attempt is another charge."""
    call = database.write(session_call)
    database.write(partial(spend, call=call, cost=Decimal(1)))
    again = Call(call.call_id, call.session_id, call.provider, call.model, attempt)
    if attempt == 1:
        with pytest.raises(StorageError):
            database.write(partial(spend, call=again, cost=Decimal(1)))
    else:
        database.write(partial(spend, call=again, cost=Decimal(1)))
    assert database.read(partial(ledger.session_cost, session_id=str(call.session_id))).known == attempt


@given(st.lists(costs, max_size=8))
def test_sums_are_exact(spent: list[Decimal | None]) -> None:
    """A session's cost is the exact sum of its known costs, also far above what 64 bits hold, and counts the rest."""

    def work(tx: Transaction) -> Cost:
        session_id = sessions.create(tx).id
        for number, cost in enumerate(spent):
            spend(tx, Call(str(number), session_id, "openai", "gpt"), cost)
        spend(tx, session_call(tx, 99), Decimal(7))  # another session's
        spend(tx, Call("kept nowhere", None, "openai", "gpt"), Decimal(7))
        return ledger.session_cost(tx, session_id)

    with closing(connect(":memory:")) as database:
        known = [cost for cost in spent if cost is not None]
        assert database.write(work) == Cost(sum(known, Decimal(0)), len(spent) - len(known))


@pytest.mark.parametrize("cost", [LARGEST + 1, Decimal(10) ** 30, Decimal("1e999999")])
def test_a_cost_beyond_all_reason(database: Database, cost: Decimal) -> None:
    """A cost that the ledger can't hold is unknown: neither a wrong number nor an error that loses the answer."""
    call = database.write(session_call)
    database.write(partial(spend, call=call, cost=cost))
    assert database.read(ledger.open_calls) == []
    assert database.read(partial(ledger.session_cost, session_id=str(call.session_id))) == Cost(Decimal(0), 1)


@pytest.mark.parametrize("rate", ["1e8", "1e40", "1e200", "1e999999", "NaN", "Infinity"])
def test_prices_beyond_all_reason(database: Database, rate: str) -> None:
    """Whatever the user says a model costs, a call can be priced, or is of unknown cost, and is recorded."""
    cost = price(
        Usage(10**9, output=10**9), Catalog({"x/y": ModelOverride(Decimal(rate), Decimal("0.15"))}).find("x/y")
    )
    assert cost is None
    database.write(partial(spend, call=database.write(session_call), cost=cost))


def test_words_that_nest_too_deep_are_dropped(database: Database) -> None:
    """What a provider says beside its counts is no reason to lose the charge."""
    raw: dict[str, object] = {}
    for _ in range(100_000):
        raw = {"": raw}
    call = database.write(session_call)
    database.write(partial(spend, call=call, cost=Decimal(1), usage=Usage(raw=raw)))
    assert database.read(partial(ledger.session_cost, session_id=str(call.session_id))).known == 1


@pytest.mark.parametrize("count", [-1, 10**12 + 1, 10**30])
def test_a_count_beyond_all_reason(database: Database, count: int) -> None:
    """A token count that can't be true, and could spoil later sums, is refused."""
    call = database.write(session_call)
    with pytest.raises(StorageError):
        database.write(partial(spend, call=call, cost=None, usage=Usage(output=count)))


@pytest.mark.parametrize("change", ["UPDATE usage_ledger SET computed_pusd = 0", "DELETE FROM usage_ledger"])
def test_the_ledger_is_append_only(tmp_path: Path, change: str) -> None:
    """No one can change or delete what was recorded, not even with SQL."""
    with closing(connect(f"sqlite:///{tmp_path}/agentctl.db")) as database:
        call = database.write(session_call)
        database.write(partial(spend, call=call, cost=Decimal(1)))
    with closing(sqlite3.connect(tmp_path / "agentctl.db")) as raw, pytest.raises(sqlite3.IntegrityError, match="only"):
        raw.execute(change)


def test_what_the_provider_said_is_kept(tmp_path: Path) -> None:
    """The provider's own usage object is kept as JSON beside the buckets, with where the price came from."""
    with closing(connect(f"sqlite:///{tmp_path}/agentctl.db")) as database:
        call = database.write(session_call)
        usage = Usage(3, 2, 0, 1, 4, raw={"prompt_tokens": 6, "note": "\ud800"})
        database.write(partial(spend, call=call, cost=Decimal("0.000000000001"), usage=usage))
    with closing(sqlite3.connect(tmp_path / "agentctl.db")) as raw:
        columns = "uncached_input, cache_read, cache_write_short, cache_write_long, output, raw_usage, computed_pusd"
        rows = raw.execute(f"SELECT {columns}, price_version FROM usage_ledger WHERE kind = 'charge'").fetchall()
    assert rows == [(3, 2, 0, 1, 4, '{"prompt_tokens": 6, "note": "\\ud800"}', 1, "v1")]
