"""`agentctl train run --tasks` and `train eval --tasks`, run as a program."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support.program import Program
from support.schemas import validate
from support.tables import answered, tasks, write

COST = ("--cost", "weak=0.1,strong=1")


def trained(program: Program, path: Path, *options: str) -> dict[str, Any]:
    """The result of a short run."""
    done = program.run("train", "run", "--tasks", path, *COST, "--steps", "8192", "--json", *options)
    assert (done.code, done.err) == (0, "")
    result = dict(json.loads(done.out))
    validate("train-run", result)
    return result


def test_a_run_and_its_evaluation(program: Program, tmp_path: Path) -> None:
    """A run keeps a policy, and an evaluation on other tasks finds it by its hash and scores each task."""
    known, fresh = write(tmp_path / "known.jsonl", tasks(200)), write(tmp_path / "fresh.jsonl", tasks(100, seed=1))
    metrics = tmp_path / "metrics.jsonl"
    result = trained(program, known, "--metrics", str(metrics))
    assert result["apgr"] == result["learners"][result["selected"]]["apgr"] > 0.7
    assert (result["tasks"], result["seed"], result["mode"]) == (200, 0, "direct")
    again = trained(program, known)
    assert (again["policy"], again["param_sha256"]) == (result["policy"], result["param_sha256"])
    validate("train-show", program.run("train", "show", result["policy"][:8], "--json").json)
    other = trained(program, known, "--seed", "1")["policy"]
    validate("train-diff", program.run("train", "diff", result["policy"], other, "--json").json)
    validate("train-list", program.run("train", "list", "--json").json)
    measured = [json.loads(line) for line in metrics.read_text().splitlines()]
    assert [one["steps"] for one in measured] == [2048, 4096, 6144, 8192]
    scores = tmp_path / "scores.jsonl"
    done = program.run("train", "eval", result["policy"][:8], "--tasks", fresh, "--scores", scores, "--json")
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    validate("train-eval", found)
    assert found["apgr"] == found["learners"][found["selected"]]["apgr"]
    assert set(found["learners"]) == {"best_single", "threshold", "ridge", "linucb", "ppo"}
    assert set(found["learners"]["ppo"]) >= {"apgr", "cpt50", "cpt80", "reward", "cost", "success"}
    lines = [json.loads(line) for line in scores.read_text().splitlines()]
    assert [one["id"] for one in lines] == [one["id"] for one in tasks(100)]
    hard = [one["outcomes"]["weak"]["success"] == 0 for one in tasks(100, seed=1)]
    ranked = sorted(zip([one["score"] for one in lines], hard, strict=True), reverse=True)
    assert all(is_hard for _, is_hard in ranked[: sum(hard)])


def test_people_see_tables(program: Program, tmp_path: Path) -> None:
    """Without --json there is a table of all learners, and what each action earns alone."""
    path = write(tmp_path / "known.jsonl", answered(100))
    done = program.run("train", "run", "--tasks", path, *COST, "--steps", "4096", "--set", "mode=escalate")
    assert done.code == 0
    assert [line.split("\t")[0] for line in done.out.splitlines()[1:]] == [
        *("learner", "best_single", "threshold", "ridge", "linucb", "ppo", "always weak", "always strong")
    ]
    policy = done.out.split()[1].rstrip(":")
    done = program.run("train", "eval", policy, "--tasks", path)
    assert done.code == 0
    assert "was trained on these tasks" in done.err


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ([], "what weak, strong cost is not said"),
        (["--cost", "weak=0.1"], "does not say what 'strong' costs"),
        (["--cost", "weak=0.1,strong=1,x=2"], "'x'"),
        ([*COST, "--envs", "4"], "--envs is for --env"),
        ([*COST, "--set", "mode=x"], "the mode is 'x'"),
    ],
)
def test_a_run_that_makes_no_sense_is_refused(program: Program, tmp_path: Path, options: list[str], why: str) -> None:
    """What is missing or unknown is said, with what to do, and nothing is kept."""
    done = program.run("train", "run", "--tasks", write(tmp_path / "a.jsonl", tasks(30)), *options)
    assert done.code == 2
    assert why in done.err
    assert "Traceback" not in done.err
    assert not (program.home / ".local/share/agentctl/policies").exists()


def test_files_that_are_no_tasks_are_refused(program: Program, tmp_path: Path) -> None:
    """A file that breaks off, is missing or has too few tasks is refused."""
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(b"\x1f\x8b\x08\x00")
    few = write(tmp_path / "few.jsonl", tasks(5))
    for path, why in ((cut, "breaks off"), (tmp_path / "none", "can't read"), (few, "5 tasks")):
        done = program.run("train", "run", "--tasks", path, *COST)
        assert done.code == 2
        assert why in done.err


def test_other_policies_and_actions_are_refused(program: Program, tmp_path: Path) -> None:
    """A policy is evaluated on tasks with its own actions, and scores go to a file that can be written."""
    known = write(tmp_path / "known.jsonl", tasks(60))
    policy = trained(program, known)["policy"]
    renamed = tmp_path / "renamed.jsonl"
    renamed.write_text(known.read_text().replace("strong", "other"))
    done = program.run("train", "eval", policy, "--tasks", renamed)
    assert (done.code, "line 1: 'other' is none of the actions" in done.err) == (2, True)
    before = known.read_bytes()
    os.mkfifo(tmp_path / "pipe")
    for scores, why in {
        known: "is the file of the tasks",
        tmp_path / "none/s.jsonl": "there is no directory",
        Path("/dev/null/x"): "there is no directory",
    }.items():
        refused = program.run("train", "eval", policy, "--tasks", known, "--scores", scores)
        assert (refused.code, why in refused.err) == (2, True)
    assert known.read_bytes() == before
    for command in (("eval", policy, "--scores"), ("run", *COST, "--steps", "4096", "--metrics")):
        refused = program.run("train", *command, tmp_path / "pipe", "--tasks", known)
        assert (refused.code, "it is no file" in refused.err) == (9, True)
    assert (tmp_path / "pipe").is_fifo()
    done = program.run("train", "eval", "ffffffff", "--tasks", known)
    assert done.code == 2
