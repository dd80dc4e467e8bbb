"""What takes a policy back: the tests that it is held against, and what is done then."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from support.graded import decide_all

from agentctl.economy.catalog import Catalog
from agentctl.learning.artifacts import Library
from agentctl.learning.channels import Pointer
from agentctl.learning.guard import ALPHA, LEAST, Turn, judge
from agentctl.learning.watch import EVERY, Watch
from agentctl.store.base import Database
from agentctl.store.open import connect

FULL = os.environ.get("AGENTCTL_TEST_FULL") == "1"
BEFORE, AFTER = "b" * 64, "a" * 64


def turns(rng: Random, count: int, *, good: float, failed: float = 0.02, cost: float = 0.01) -> list[Turn]:
    """Turns of that many good outcomes, failures, and dollars on average."""
    return [
        Turn(float(rng.random() < good), rng.random() < failed, cost * rng.lognormvariate(0, 0.5)) for _ in range(count)
    ]


@pytest.mark.parametrize(
    ("change", "measure"),
    [({"good": 0.5}, "outcome"), ({"good": 0.8, "failed": 0.3}, "errors"), ({"good": 0.8, "cost": 0.03}, "cost")],
)
def test_what_got_worse_is_found(change: dict[str, float], measure: str) -> None:
    """Fewer good outcomes, more failures or higher costs are each told, with the means of both sides."""
    rng = Random(1)
    worse = judge(turns(rng, 300, **change), turns(rng, 300, good=0.8), look=1)
    assert worse is not None
    assert worse.measure == measure
    assert (worse.policy < worse.before) == (measure == "outcome")


def test_a_policy_that_does_better_may_cost_more() -> None:
    """What is paid for better outcomes is no reason to take a policy back."""
    rng = Random(2)
    assert judge(turns(rng, 300, good=0.95, cost=0.03), turns(rng, 300, good=0.6), look=1) is None


def test_few_turns_say_nothing() -> None:
    """With one turn less than is needed on either side not even the worst is told; with it, it is."""
    bad, fine = Turn(0.0, failed=True, cost=1.0), Turn(1.0, failed=False, cost=0.0)
    for mine, theirs in ((LEAST - 1, 500), (500, LEAST - 1)):
        assert judge([bad] * mine, [fine] * theirs, look=1) is None
    assert judge([bad] * LEAST, [fine] * LEAST, look=1) is not None


def test_turns_without_an_outcome_count_for_the_rest() -> None:
    """Ungraded turns say nothing of outcomes, and tell of failures and costs."""
    ungraded = [Turn(None, failed=place % 2 == 0, cost=None) for place in range(200)]
    worse = judge(ungraded, [Turn(None, failed=False, cost=None)] * 200, look=1)
    assert worse is not None
    assert worse.measure == "errors"


def test_a_policy_that_is_no_worse_is_hardly_ever_taken_back() -> None:
    """Looked at again and again over a long stream, what does as well as before is stopped in few of all streams."""
    rng, streams, looks = Random(3), 400 if FULL else 60, 12
    stopped = 0
    for _ in range(streams):
        before, mine = turns(rng, 400, good=0.7, failed=0.05), turns(rng, EVERY * looks, good=0.7, failed=0.05)
        stopped += any(judge(mine[: EVERY * look], before, look=look) for look in range(1, looks + 1))
    assert stopped / streams <= 3 * ALPHA + 0.01


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty database."""
    db = connect(f"sqlite:///{tmp_path / 'a.db'}")
    yield db
    db.close()


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """A library in whose production one policy follows another."""
    made = Library(tmp_path / "policies")
    made.channels.promote("production", Pointer(BEFORE), over=None)
    return made


def _history(database: Database, library: Library, good_after: float) -> None:
    """Turns of a policy that does well, and then of its successor."""
    rng = Random(4)
    decide_all(database, BEFORE, [rng.random() < 0.9 for _ in range(120)])
    library.channels.promote("production", Pointer(AFTER), over=Pointer(BEFORE))
    decide_all(database, AFTER, [rng.random() < good_after for _ in range(120)])


def test_a_policy_that_does_worse_is_taken_back(database: Database, library: Library, tmp_path: Path) -> None:
    """After so many decisions production points to what it pointed to before, and the reason is told and kept."""
    _history(database, library, good_after=0.4)
    watch = Watch(library, lambda: database, Catalog(), tmp_path / "guard.json")
    told = [watch.count(1) for _ in range(EVERY)]
    assert told[:-1] == [None] * (EVERY - 1)
    assert "was rolled back" in (told[-1] or "")
    assert library.channels.current("production") == Pointer(BEFORE)
    assert "outcomes" in (library.channels.history("production")[-1].reason or "")


def test_a_policy_that_does_well_stays(database: Database, library: Library, tmp_path: Path) -> None:
    """It is looked at after every so many decisions, whoever makes them, and nothing else happens."""
    _history(database, library, good_after=0.9)
    for _ in range(3):
        assert Watch(library, lambda: database, Catalog(), tmp_path / "guard.json").count(EVERY) is None
    assert library.channels.current("production") == Pointer(AFTER)


@pytest.mark.parametrize(
    "text",
    [
        '{"policy": 3',
        '{"policy": "POLICY", "since": "x", "looks": 0}',
        '{"policy": "POLICY", "since": null, "looks": null}',
        '{"policy": "POLICY", "since": 49, "looks": -1}',
        '{"policy": "POLICY", "since": Infinity, "looks": 0}',
        "[" * 100_000,
    ],
)
def test_a_count_that_can_not_be_read_begins_anew(
    database: Database, library: Library, tmp_path: Path, text: str
) -> None:
    """A damaged file costs a look, and no turn."""
    (tmp_path / "guard.json").write_text(text.replace("POLICY", BEFORE))
    watch = Watch(library, lambda: database, Catalog(), tmp_path / "guard.json")
    assert watch.count(1) is None
    assert watch.count(0) is None
