"""`agentctl sessions migrate`: a whole store in another database, killed or not.

By default a few kills at seeded moments; AGENTCTL_TEST_FULL=1 makes it 10 for each way.
"""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.backends import POSTGRES, Backends
from support.filled import Filler
from support.program import PATIENCE, Program
from support.schemas import validate

from agentctl.store.open import connect
from agentctl.store.transfer import counts

KILLS = 10 if os.environ.get("AGENTCTL_TEST_FULL") else 3
STEPS = 17  # that it tells of: each table, and the comparison
WAYS = (("file", "file"), ("file", POSTGRES[0]), (POSTGRES[0], "file"))


@pytest.fixture(params=WAYS, ids=" to ".join)
def urls(request: pytest.FixtureRequest, backends: Backends, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Where a store is that has something of everything, and where it is to go."""
    one, other = request.param
    with backends.url(one, tmp_path / "one") as source, backends.url(other, tmp_path / "other") as target:
        with closing(connect(source)) as database:
            Filler(7).fill(database, 12)
        yield source, target


def _killed(program: Program, source: str, target: str, chance: random.Random) -> None:
    """Start a copy, and kill it a moment after it has told of some steps."""
    process = program.start("sessions", "migrate", source, target)
    assert process.stderr
    for _ in range(chance.randint(1, STEPS)):
        process.stderr.readline()
    threading.Event().wait(chance.uniform(0, 0.05))
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=PATIENCE)


def test_a_copy_that_is_killed_goes_on(program: Program, urls: tuple[str, str]) -> None:
    """After each SIGKILL the same command goes on; the last says that both are the same, and so they are."""
    source, target = urls
    chance = random.Random(source[:9] + target[:9])
    for _ in range(KILLS):
        _killed(program, source, target, chance)
    done = program.run("sessions", "migrate", source, target, "--json")
    assert done.code == 0, done.err
    validate("sessions-migrate", done.json)
    with closing(connect(source)) as one, closing(connect(target)) as other:
        expected = one.read(counts)
        assert other.read(counts) == expected
        assert other.check() == []
    assert {name: table["rows"] for name, table in done.json["tables"].items() if name in expected} == expected


def test_a_dry_run_writes_nothing(program: Program) -> None:
    """It tells how many rows there are, and that the target is not there yet; and it stays so."""
    source, target = f"sqlite:///{program.home}/a.db", f"sqlite:///{program.home}/b.db"
    with closing(connect(source)) as database:
        Filler(1).fill(database, 2)
    planned = program.run("sessions", "migrate", source, target, "--dry-run", "--json").json
    validate("sessions-migrate", planned)
    assert (planned["target"], planned["rows"]["sessions"]) == ("missing", 2)
    assert not (program.home / "b.db").exists()
    table = program.run("sessions", "migrate", source, target, "--dry-run")
    assert "sessions\t2\n" in table.out
    assert "nothing was written" in table.err


def test_it_says_how_to_use_the_copy(program: Program) -> None:
    """The table has the checksums, and the setting that it names makes the copy the store that is used."""
    source, target = f"sqlite:///{program.home}/a.db", f"sqlite:///{program.home}/b.db"
    with closing(connect(source)) as database:
        Filler(1).fill(database, 2)
    done = program.run("sessions", "migrate", source, target)
    assert done.out.startswith("table\trows\tchecksum\nsessions\t2\t")
    assert "copying messages" in done.err
    (line,) = [line for line in done.err.splitlines() if line.startswith("to use it: agentctl ")]
    assert program.run(*line.removeprefix("to use it: agentctl ").split()).code == 0
    shown = program.run("config", "get", "database").out
    assert shown == f"{target}\n"


@pytest.mark.parametrize(
    ("source", "target", "code", "why"),
    [("none.db", "b.db", 2, "there is no database"), ("a.db", "a.db", 2, "the same database"),
     (":memory:", "b.db", 2, "in memory"), ("a.db", ":memory:", 2, "in memory"), ("x://a", "b.db", 3, "no database"),
     ("a.db", "a2.db", 9, "is not empty")],
)  # fmt: skip
def test_what_can_not_be_copied_is_told(program: Program, source: str, target: str, code: int, why: str) -> None:
    """A missing or wrong database, or one that is no place for a copy, is refused with a hint."""
    for name in ("a.db", "a2.db"):
        with closing(connect(f"sqlite:///{program.home}/{name}")) as database:
            Filler(len(name)).fill(database, 1)
    given = [name if ":" in name else f"sqlite:///{program.home}/{name}" for name in (source, target)]
    done = program.run("sessions", "migrate", *given)
    assert done.code == code
    assert why in done.err
    assert "hint: " in done.err
    assert done.out == ""
