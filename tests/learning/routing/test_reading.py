"""Files of tasks: what is read of them, and how what is wrong is refused."""

from __future__ import annotations

import gzip
import json
import os
import re
from pathlib import Path
from random import Random
from typing import Any

import pytest
from support.tables import COSTS, task, tasks, write

from agentctl.errors import UsageError
from agentctl.learning.routing.costs import costs_of, usual_weight
from agentctl.learning.routing.reading import read
from agentctl.learning.routing.table import split


def test_tasks_are_read_as_they_stand(tmp_path: Path) -> None:
    """Ids, prompts, outcomes and answers are read in their order, gzipped or not; blank lines are none."""
    lines = tasks(3)
    lines[1]["outcomes"]["weak"]["response"] = "so"
    plain = write(tmp_path / "a.jsonl", lines)
    plain.write_text(plain.read_text().replace("\n", "\n\n"))
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    for table in (read(plain), read(packed)):
        assert list(table.ids) == ["t0", "t1", "t2"]
        assert table.actions == ("weak", "strong")
        assert table.success[:, 1].tolist() == [1, 1, 1]
        assert table.answers[1] == ["so", None]
        assert table.costs is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "line 2: it is no JSON"),
        ("[]", "line 2: it is no JSON object"),
        (json.dumps({"prompt": "x", "outcomes": {}}), "line 2: it has no 'id'"),
        (json.dumps(task(1, "", weak=1, strong=1)), "line 2: it has no 'prompt'"),
        (json.dumps(task(0, "x", weak=1, strong=1)), "line 2: the id 't0' is that of line 1 too"),
        (json.dumps(task(1, "x", weak=1, other=1)), "line 2: 'other' is none of the actions weak, strong"),
        (json.dumps(task(1, "x", weak=1)), "line 2: the outcome of 'strong' is missing"),
        (json.dumps(task(1, "x", weak=float("nan"), strong=1)), "line 2: the success of 'weak' is nan"),
        (json.dumps(task(1, "x", weak=2, strong=1)), "line 2: the success of 'weak' is 2"),
        (json.dumps(task(1, "x", weak=None, strong=1)), "line 2: the success of 'weak' is None"),
        ("[" * 100_000, "line 2: "),
    ],
)
def test_a_line_that_is_no_task_is_refused(tmp_path: Path, line: str, why: str) -> None:
    """What is wrong is said, and in which line."""
    path = write(tmp_path / "a.jsonl", [task(0, "x", weak=0, strong=1)])
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(UsageError, match=re.escape(f"a.jsonl, {why}")) as raised:
        read(path)
    assert raised.value.hint


@pytest.mark.parametrize("cost", [-1, float("nan"), float("inf"), "1", True, 10**400])
def test_a_cost_without_sense_is_refused(tmp_path: Path, cost: Any) -> None:
    """What an outcome cost is a number of dollars, 0 or more."""
    one = task(0, "x", weak=0, strong=1)
    one["outcomes"]["weak"]["cost"] = cost
    with pytest.raises(UsageError, match="line 1: the cost of 'weak'"):
        read(write(tmp_path / "a.jsonl", [one]))


def test_files_that_can_not_be_tasks_are_refused(tmp_path: Path) -> None:
    """A file that is missing, empty, cut off within gzip, or gzipped in name only is refused with what it is."""
    whole = gzip.compress(json.dumps(task(0, "x", weak=0, strong=1)).encode())
    contents = {"empty.jsonl": b"", "cut.jsonl.gz": whole[:-9], "damaged.gz": whole[:20] + b"\xff\xff" + whole[22:]}
    contents["plain.gz"] = b"{}\n"
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    expected = {"empty.jsonl": "no tasks", "cut.jsonl.gz": "breaks off", "damaged.gz": "damaged"}
    expected |= {"plain.gz": "is not gzipped", "none": "can't read"}
    (tmp_path / "zeros").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe")
    expected |= dict.fromkeys(("zeros", "pipe", "."), "is no file")
    for name, why in expected.items():
        with pytest.raises(UsageError, match=why):
            read(tmp_path / name)


def test_actions_of_a_policy_must_all_be_there(tmp_path: Path) -> None:
    """Tasks for a policy have the outcomes of its actions, whatever their order."""
    path = write(tmp_path / "a.jsonl", [task(0, "x", weak=0, strong=1)])
    assert read(path, ("strong", "weak")).success.tolist() == [[1, 0]]
    with pytest.raises(UsageError, match="'weak' is none of the actions"):
        read(path, ("strong", "other"))


def test_costs_are_given_or_come_of_outcomes(tmp_path: Path) -> None:
    """Costs that are given count, else the mean of the outcomes' own; who has neither is told what to say."""
    lines = tasks(2)
    table = read(write(tmp_path / "a.jsonl", lines))
    assert costs_of(table, COSTS).tolist() == [0.1, 1]
    with pytest.raises(UsageError, match="not said") as raised:
        costs_of(table, None)
    assert raised.value.hint == "--cost weak=0.1,strong=1"
    for number, one in enumerate(lines):
        one["outcomes"]["weak"]["cost"] = number
        one["outcomes"]["strong"]["cost"] = 4
    assert costs_of(read(write(tmp_path / "b.jsonl", lines)), None).tolist() == [0.5, 4]


@pytest.mark.parametrize(
    "given", [{"weak": 0.1}, {**COSTS, "other": 1.0}, {**COSTS, "weak": float("nan")}, {**COSTS, "weak": -1.0}], ids=str
)
def test_costs_that_do_not_fit_are_refused(tmp_path: Path, given: dict[str, float]) -> None:
    """A cost that is missing, of no action, or no number is refused by its name."""
    table = read(write(tmp_path / "a.jsonl", tasks(2)))
    with pytest.raises(UsageError, match=r"weak|strong|other"):
        costs_of(table, given)


def test_the_usual_weight_makes_both_ends_worth_the_same(tmp_path: Path) -> None:
    """At the usual cost weight the cheapest action and the dearest one earn the same over all tasks."""
    table = read(write(tmp_path / "a.jsonl", tasks(50)))
    costs = costs_of(table, COSTS)
    weak, strong = table.success.mean(axis=0) - usual_weight(table.success, costs) * costs
    assert weak == pytest.approx(strong)


@pytest.mark.parametrize("seed", range(5))
def test_a_split_holds_its_share_however_many_kinds_there_are(tmp_path: Path, seed: int) -> None:
    """Where hardly two tasks have the same outcomes, the second part still has a fifth of them."""
    rng = Random(seed)
    lines = [task(number, "x", **{f"a{place}": rng.randrange(2) for place in range(10)}) for number in range(100)]
    kept, held = split(read(write(tmp_path / "a.jsonl", lines)), seed, 0.2)
    assert (len(kept), len(held)) == (80, 20)
    assert sorted([*kept.tolist(), *held.tolist()]) == list(range(100))


def test_a_split_holds_a_share_of_each_kind(tmp_path: Path) -> None:
    """No task is in both parts, each outcome has its share in both, and the same seed parts them alike."""
    table = read(write(tmp_path / "a.jsonl", tasks(100)))
    kept, held = split(table, 3, 0.2)
    assert sorted([*kept.tolist(), *held.tolist()]) == list(range(100))
    hard = (table.success[:, 0] == 0).mean()
    assert (table.success[held, 0] == 0).mean() == pytest.approx(hard, abs=0.05)
    assert split(table, 3, 0.2)[1].tolist() == held.tolist()
    assert split(table, 4, 0.2)[1].tolist() != held.tolist()
