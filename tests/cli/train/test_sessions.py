"""`agentctl train run --from-sessions`, and what is promoted by it, run as a program."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.logs import CONFIG, keep
from support.policies import library
from support.program import Outcome, Program
from support.routing_policies import artifact, policy, promote
from support.tables import task, write
from support.worlds import MODELS, World, row

from agentctl.store.decisions import Row

WEIGHT = 200.0  # a strong answer costs $0.002, and so two fifths of a success
RUN = ("train", "run", "--from-sessions", "--cost-weight", str(WEIGHT), "--steps", "8192")


def logged(program: Program, rows: Sequence[Row]) -> None:
    """Put decisions into the program's database."""
    program.configure(CONFIG.format(home=program.home))
    keep(program.home, rows)


def learnt(program: Program, *options: str) -> dict[str, Any]:
    """The result of a run."""
    done = program.run(*RUN, "--json", *options)
    assert (done.code, done.err) == (0, "")
    return dict(done.json)


def refused(program: Program, rows: Sequence[Row], *options: str, code: int = 2) -> str:
    """What is said where these can't be learnt from; nothing is kept then."""
    logged(program, rows)
    done = program.run(*RUN, *options)
    assert (done.code, done.out) == (code, "")
    assert "hint: " in done.err
    assert "Traceback" not in done.err
    assert not list((program.home / ".local/share/agentctl").glob("policies/*/manifest.json"))
    return done.err


def test_from_a_log_to_a_policy_that_decides(program: Program, tmp_path: Path) -> None:
    """A run learns from rated decisions, writes its metrics and its curve, and passes the gate."""
    logged(program, World().rows(240))
    metrics, plot = tmp_path / "metrics.jsonl", tmp_path / "curve.png"
    result = learnt(program, "--metrics", str(metrics), "--plot", str(plot), "--set", "latency_weight=0,tool_error=0.5")
    assert (result["decisions"], result["actions"], result["cost_weight"]) == (240, list(MODELS), WEIGHT)
    assert (result["tool_error"], result["latency_weight"]) == (0.5, 0)
    assert (result["gate"]["verdict"], result["gate"]["method"]) == ("better", "dr")
    measured = [json.loads(line) for line in metrics.read_text().splitlines()]
    assert [one["steps"] for one in measured] == [2048, 4096, 6144, 8192]
    assert all(one["gradient_norm"] > 0 for one in measured)
    assert plot.read_bytes().startswith(b"\x89PNG")
    again = learnt(program, "--set", "latency_weight=0,tool_error=0.5")
    assert again["policy"] == result["policy"]
    done = program.run("train", "promote", result["policy"], "--json")
    assert (done.code, done.json["promoted"]) == (0, True)
    assert done.json["gate"]["rows"] == result["gate"]["rows"]


def test_what_is_no_number_is_null_in_the_metrics(program: Program, tmp_path: Path) -> None:
    """An update that came to no finite numbers leaves lines that any reader of JSON takes."""
    logged(program, World().rows(60))
    metrics = tmp_path / "metrics.jsonl"
    learnt(program, "--metrics", str(metrics), "--set", "learning_rate=1e38")
    lines = [json.loads(line, parse_constant=pytest.fail) for line in metrics.read_text().splitlines()]
    assert None in [one["gradient_norm"] for one in lines]


def test_people_see_what_was_learnt_and_why(program: Program) -> None:
    """Without --json there is progress, tables of learners and estimates, what was left out, and what the gate says."""
    rows = World().rows(120)
    rows += [row(200, "greet", MODELS[0], None), row(201, "greet", MODELS[0], 1.0, spec="old")]
    logged(program, rows)
    done = program.run(*RUN)
    assert done.code == 0
    assert [line.split("\t")[0] for line in done.out.splitlines()[1:]] == [
        *("learner", "best_single", "threshold", "ridge", "linucb", "ppo"),
        *("reward by", "IPS", "SNIPS", "DM", "DR"),
    ]
    for told in ("ppo 4/4: reward", "left out: 1 not rated", "left out: 1 made with other features", "against always"):
        assert told in done.err


def test_the_gate_is_asked_anew_with_every_promotion(program: Program) -> None:
    """Sessions that a policy never learnt from count as they are now, and against what decides now."""
    logged(program, World().rows(240))
    sha = learnt(program)["policy"]
    keep(program.home, [row(1000 + n, "prove derive refute", MODELS[n % 2], float(n % 2)) for n in range(600)])
    done = program.run("train", "promote", sha, "--json")
    assert (done.code, done.json["gate"]["verdict"]) == (1, "not better")
    assert done.json["gate"]["rows"] > 600
    other = promote(program.home, artifact(policy({"peer/strong": 0.9, "peer/weak": 0.1})))
    done = program.run("train", "promote", sha, "--json")
    assert (done.code, done.json["gate"]["incumbent"]) == (1, other)


def test_tasks_that_are_new_to_it_may_prove_it(program: Program, tmp_path: Path) -> None:
    """With --tasks it is those that count, under the names that the models have there; those it learnt from do not."""
    logged(program, World().rows(240))
    sha = learnt(program)["policy"]
    lines = [
        task(n, "prove derive integrate factor" if n % 2 else "greet copy sort count", weak=int(n % 2 == 0), strong=1)
        for n in range(200)
    ]
    path = write(tmp_path / "tasks.jsonl", lines)
    named = ("--action", "weak=peer/weak,strong=peer/strong")
    done = program.run("train", "promote", sha, "--tasks", path)
    assert (done.code, "--action NAME=MODEL" in done.err) == (2, True)
    done = program.run("train", "promote", sha, "--tasks", path, *named, "--json")
    assert (done.code, done.json["gate"]["method"], done.json["gate"]["rows"]) == (0, "exact", 200)
    done = program.run("train", "promote", sha, "--tasks", path, "--channel", "shadow")
    assert (done.code, "nothing has to be proven" in done.err) == (2, True)
    assert program.run("train", "promote", sha, *named).code == 2


def test_tasks_that_it_learnt_from_prove_nothing(program: Program, tmp_path: Path) -> None:
    """A policy is not judged by the file that it was trained on."""
    lines = [task(n, f"prove {n}" if n % 2 else f"greet {n}", **{"p/a": int(n % 2 == 0), "p/b": 1}) for n in range(60)]
    path = write(tmp_path / "tasks.jsonl", lines)
    done = program.run("train", "run", "--tasks", path, "--cost", "p/a=0.1,p/b=1", "--steps", "2048", "--json")
    assert done.code == 0
    assert done.json["gate"]["rows"] == 18
    done = program.run("train", "promote", done.json["policy"], "--tasks", path)
    assert done.code == 2
    assert "learnt from" in done.err


def test_what_is_not_enough_says_how_much_is(program: Program) -> None:
    """Too few rated decisions are refused with the number that is missing, and none at all as well."""
    assert "0 rated decisions" in refused(program, [])
    assert "10 more are needed" in refused(program, World().rows(30))


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([replace(one, decision=replace(one.decision, propensity=1.0)) for one in World().rows(60)], "ever tried"),
        ([row(n, "greet", MODELS[n > 2], 1.0) for n in range(60)], "hardly ever tried"),
        ([row(n, "greet", MODELS[n % 2], 1.0, spec="old") for n in range(60)], "other features"),
        ([row(n, "greet", MODELS[n % 2], 1.0, session=n % 3) for n in range(60)], "of 3 sessions"),
    ],
    ids=["nothing explored", "hardly explored", "changed features", "few sessions"],
)
def test_logs_that_teach_nothing_are_refused(program: Program, rows: list[Row], why: str) -> None:
    """It says why, and how to come by more."""
    assert why in refused(program, rows)


def test_a_damaged_decision_is_refused(program: Program) -> None:
    """Nothing is learnt from a log in which a row is not as it was written; it says which, and what to do."""
    logged(program, World().rows(60))
    with closing(sqlite3.connect(program.home / "agentctl.db")) as file, file:
        for name, _ in file.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f'DROP TRIGGER "{name}"')
        file.execute("UPDATE decisions SET propensity = 0.9 WHERE id = 'd00007'")
    done: Outcome = program.run(*RUN)
    assert (done.code, done.out) == (9, "")
    assert "decision d00007" in done.err
    assert "hint: " in done.err


def test_features_that_make_no_sense_are_refused(program: Program) -> None:
    """A row whose features can't be read was written by something else."""
    rows = World().rows(60)
    rows[3] = replace(rows[3], decision=replace(rows[3].decision, features="AAAA"))
    assert "features" in refused(program, rows)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--cost", "a=1,b=2"], "--cost"),
        (["--envs", "4"], "--envs"),
        (["--set", "mode=escalate"], "no second choice"),
        (["--set", "latency_weight=-1"], "latency_weight"),
        (["--set", "tool_error=x"], "tool_error"),
        (["--plot", "curve.pdf"], "PNG"),
    ],
)
def test_options_without_sense_are_refused(program: Program, options: list[str], why: str) -> None:
    """What is not for sessions is told before anything is read."""
    done = program.run(*RUN, *options)
    assert (done.code, why in done.err) == (2, True)
    assert not (program.home / ".local/share/agentctl/policies").exists()


def test_actions_that_no_chat_can_ask_are_not_promoted(program: Program) -> None:
    """A policy that chooses between `weak` and `strong` can't decide in a chat; the hint says what would let it."""
    made = artifact(policy({"weak": 0.1, "strong": 0.9}))
    library(program.home).add(made)
    for channel in ("production", "shadow"):
        done = program.run("train", "promote", made.sha, "--channel", channel)
        assert done.code == 2
        assert "'weak', which is no model" in done.err
        assert "--action weak=PROVIDER/MODEL" in done.err
