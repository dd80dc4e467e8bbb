"""What the gate is told of a run on tasks, and of policies on tasks that are new to them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.routing_policies import policy
from support.tables import COSTS, answered, task, tasks, write

from agentctl.learning.incumbent import Incumbent
from agentctl.learning.routing.acting import Practice, Recipe
from agentctl.learning.routing.comparing import Terms, compared, earned_by
from agentctl.learning.routing.costs import costs_of
from agentctl.learning.routing.reading import read
from agentctl.learning.routing.table import Table
from agentctl.learning.routing.training import GATED, Asked, Trained, train

WEIGHT = 0.4
QUICK = Recipe(practice=Practice(updates=10, episodes=512))


def table(tmp_path: Path, lines: list[dict[str, object]]) -> Table:
    """The tasks as they come out of a file."""
    return read(write(tmp_path / "tasks.jsonl", lines))


def trained(known: Table, *, incumbent: Incumbent | None = None, sequential: bool = False) -> Trained:
    """A short run."""
    asked = Asked(costs_of(known, COSTS), WEIGHT, sequential, QUICK, incumbent=incumbent)
    return train(known, asked, lambda _: None)


@pytest.mark.parametrize("sequential", [False, True])
def test_a_run_on_tasks_is_judged_by_tasks_that_it_held_out(tmp_path: Path, *, sequential: bool) -> None:
    """Their rewards are known to the task: success less what was paid, a first answer included."""
    found = trained(table(tmp_path, answered(300) if sequential else tasks(300)), sequential=sequential)
    report = found.report
    assert (report.verdict, report.method, report.rows) == ("better", "exact", 300 * GATED)
    assert report.value == pytest.approx(found.learners[found.selected]["reward"], abs=0.08)
    assert found.artifact.manifest["cost_unit"] == "relative"
    assert found.artifact.manifest["gate"]["promotes"]


def test_where_there_is_nothing_to_learn_nothing_is_promoted(tmp_path: Path) -> None:
    """On tasks that are all alike one action is chosen for each, and earns to the task what it earns alone."""
    lines = [task(n, "say it", weak=0, strong=int(n % 5 > 0)) for n in range(200)]
    report = trained(table(tmp_path, lines)).report
    assert report.verdict == "not better"
    assert [(one.against, one.value, one.low, one.high) for one in report.differences] == [("always strong", 0, 0, 0)]


def test_more_tasks_are_asked_for_than_the_gate_lacks(tmp_path: Path) -> None:
    """Of the tasks that come in the gate gets a part, and so a run needs so many more."""
    report = trained(table(tmp_path, tasks(60))).report
    assert (report.verdict, report.rows) == ("not enough data", 18)
    assert report.needed is not None
    assert report.needed >= (50 - 18) / GATED


def test_the_incumbent_is_a_rival_where_it_has_the_same_actions(tmp_path: Path) -> None:
    """In whatever order it has them, and whatever it sees: what it would earn is compared by its hash."""
    known = table(tmp_path, tasks(300))
    strong = Incumbent("5" * 64, policy({"strong": 0.9, "weak": 0.1}))
    found = trained(known, incumbent=strong)
    assert found.report.incumbent == found.artifact.manifest["parent"] == strong.sha
    assert strong.sha in {one.against for one in found.report.differences}
    stranger = Incumbent("5" * 64, policy({"strong": 0.9, "other": 0.1}))
    assert trained(known, incumbent=stranger).report.incumbent is None


def test_a_policy_earns_what_its_choices_earn(tmp_path: Path) -> None:
    """Task by task, with its actions in another order than the file's."""
    known = table(tmp_path, tasks(50))
    terms = Terms(costs_of(known, COSTS), WEIGHT)
    always = earned_by(policy({"strong": 0.9, "weak": 0.1}), known, terms)
    np.testing.assert_allclose(always, known.success[:, known.actions.index("strong")] - WEIGHT * 1.0)
    paired = compared(always, known, terms, None)
    np.testing.assert_allclose(paired.others["always strong"], always)
    cheap = known.success[:, known.actions.index("weak")] - WEIGHT * 0.1
    np.testing.assert_allclose(paired.others["always weak"], cheap)


def test_kinds_of_tasks_are_slices(tmp_path: Path) -> None:
    """The subject of a task, or else its task, is its slice; where one has neither there are none."""
    lines = [{**one, "task": "mmlu", "subject": f"s{n % 2}"} for n, one in enumerate(tasks(20))]
    assert list(table(tmp_path, lines).kinds or ()) == ["s0", "s1"] * 10
    assert set(table(tmp_path, [{**one, "task": "gsm8k"} for one in tasks(20)]).kinds or ()) == {"gsm8k"}
    assert table(tmp_path, [*lines[:-1], tasks(20)[-1]]).kinds is None
    part = table(tmp_path, lines).take(np.array([1, 2]))
    assert list(part.kinds or ()) == ["s1", "s0"]


def test_names_of_actions_can_be_changed(tmp_path: Path) -> None:
    """Outcomes stay with their action; a name that is unknown or there twice is refused."""
    known = table(tmp_path, tasks(20))
    renamed = known.renamed({"weak": "p/w"}).among(("strong", "p/w"))
    np.testing.assert_array_equal(renamed.success, known.success[:, [1, 0]])
    for wrong in ({"x": "y"}, {"weak": "strong"}):
        with pytest.raises(ValueError, match="action"):
            known.renamed(wrong)
