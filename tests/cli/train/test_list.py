"""`agentctl train list`: what was trained, and where it is used."""

from __future__ import annotations

from support.policies import library, policy, proven
from support.program import Program
from support.schemas import validate

from agentctl.learning.channels import Pointer


def test_nothing_was_trained(program: Program) -> None:
    """An empty list is no error, and says how to begin."""
    done = program.run("train", "list")
    assert (done.code, done.out) == (0, "")
    assert "no policy was trained" in done.err
    assert program.run("train", "list", "--json").json == []


def test_policies_with_their_channels(program: Program) -> None:
    """Each policy stands there with what it is, what it learned from, its figures and its channels."""
    kept = library(program.home)
    routing, other = proven(0.2), policy(1, "environment")
    kept.add(routing)
    kept.add(other)
    kept.channels.promote("production", Pointer(routing.sha), over=None)
    kept.channels.promote("canary", Pointer(routing.sha, 5), over=None)
    listed = program.run("train", "list", "--json").json
    validate("train-list", listed)
    rows = {row["policy"]: row for row in listed}
    assert rows[routing.sha]["channels"] == [
        {"channel": "canary", "percent": 5},
        {"channel": "production", "percent": None},
    ]
    assert (rows[routing.sha]["selected"], rows[routing.sha]["metrics"]) == ("ridge", {"apgr": 0.625})
    assert (rows[other.sha]["kind"], rows[other.sha]["source"]) == ("environment", {"environment": "CartPole-v1"})
    table = program.run("train", "list").out
    assert "canary (5 %), production" in table
    assert "apgr 0.625" in table
    assert "environment=CartPole-v1" in table


def test_a_damaged_policy_is_told(program: Program) -> None:
    """A policy that was changed stands in the list as damaged, and the others are as they were."""
    kept = library(program.home)
    kept.add(policy(0))
    path = kept.add(policy(1))
    (path / "arrays.npz").write_bytes(b"PK")
    done = program.run("train", "list")
    assert done.code == 0
    assert "damaged" in done.out
    assert "truncated" in done.err
    listed = program.run("train", "list", "--json").json
    validate("train-list", listed)
    errors = {row["policy"]: row["error"] for row in listed}
    assert errors[path.name]
    assert errors[policy(0).sha] is None


def test_what_a_manifest_says_can_move_no_cursor(program: Program) -> None:
    """Control characters in a manifest come out as what they are, in one line."""
    library(program.home).add(policy(0, selected="\x1b[2Jred\nnext", source={"tasks": "a\rb"}))
    done = program.run("train", "list")
    assert "\x1b" not in done.out
    assert "\r" not in done.out
    assert len(done.out.splitlines()) == 2


def test_of_several_learners_the_one_that_chooses_is_shown(program: Program) -> None:
    """The figures in the table are those of the learner that was selected, the telling ones first."""
    learners = {"ridge": {"success": 0.75, "apgr": 0.5, "cost": 2.0}, "ppo": {"apgr": 0.25}}
    library(program.home).add(
        policy(0, selected="ridge", metrics={"always": {"a": {"cost": 1.0}}, "learners": learners})
    )
    assert "apgr 0.5 cost 2 success 0.75" in " ".join(program.run("train", "list").out.split())
