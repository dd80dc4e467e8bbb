"""`agentctl train diff`: what changed from one policy to another."""

from __future__ import annotations

import numpy as np
import pytest
from support.policies import library, policy
from support.program import Program
from support.schemas import validate

from agentctl.learning.artifacts import pack


def test_what_differs(program: Program) -> None:
    """Actions, settings and figures that differ are told, with how far the numbers are apart; the rest is not."""
    about = {"format": 1, "kind": "routing", "spec": {"dims": 512}}
    weights = np.array([3.0, 4.0], np.float32)
    first = pack({**about, "seed": 1, "actions": ["a", "b"], "metrics": {"apgr": 0.5}}, {"w": weights, "v": weights})
    second = pack(
        {**about, "seed": 2, "actions": ["b", "c"], "metrics": {"apgr": 0.75}},
        {"w": weights + np.array([0, 1], np.float32), "v": weights[:1]},
    )
    for one in (first, second):
        library(program.home).add(one)
    found = program.run("train", "diff", first.sha[:8], second.sha[:8], "--json").json
    validate("train-diff", found)
    assert (found["first"], found["second"], found["same"]) == (first.sha, second.sha, False)
    assert (found["added"], found["removed"]) == (["c"], ["a"])
    assert found["manifest"] == {"seed": [1, 2]}
    assert found["metrics"] == {"apgr": [0.5, 0.75]}
    assert found["distances"] == [{"name": "w", "absolute": 1.0, "relative": pytest.approx(0.2)}]
    assert found["unlike"] == ["v"]
    table = program.run("train", "diff", first.sha[:8], second.sha[:8]).out
    assert "w\t\t1 (20.00%) apart" in table
    assert "metrics.apgr\t0.5\t0.75" in table


def test_a_policy_and_itself(program: Program) -> None:
    """A policy does not differ from itself."""
    path = library(program.home).add(policy())
    done = program.run("train", "diff", path.name[:8], path)
    assert (done.code, done.out) == (0, "")
    assert "the same policy" in done.err
    assert program.run("train", "diff", path.name, path.name, "--json").json["same"] is True


def test_one_that_is_not_there(program: Program) -> None:
    """Both must exist."""
    path = library(program.home).add(policy())
    assert program.run("train", "diff", path.name, "ffff").code == 2
