"""`agentctl train promote`: past the gate, or not at all."""

from __future__ import annotations

import pytest
from support.policies import library, policy, proven
from support.program import Program
from support.schemas import validate

from agentctl.learning.artifacts import Artifact, Library


def add(program: Program, *artifacts: Artifact) -> list[str]:
    """Keep policies, and return their hashes."""
    return [library(program.home).add(one).name for one in artifacts]


def test_what_is_better_is_promoted(program: Program) -> None:
    """A policy that its training run showed to be better decides from then on, and promoting it again is no move."""
    (sha,) = add(program, proven(0.2))
    found = program.run("train", "promote", sha[:8], "--json")
    assert found.code == 0
    validate("train-promote", found.json)
    assert (found.json["policy"], found.json["channel"], found.json["promoted"]) == (sha, "production", True)
    assert (found.json["former"], found.json["gate"]["verdict"]) == (None, "better")
    done = program.run("train", "promote", sha[:8])
    assert (done.code, done.out) == (0, "")
    assert f"{sha[:12]} is in production" in done.err
    assert len(library(program.home).channels.history("production")) == 1


def test_too_little_data_says_how_much_more(program: Program) -> None:
    """A gain that is not shown yet does not pass; the user hears about how much more would show it."""
    (sha,) = add(program, proven(0.02, rows=500))
    done = program.run("train", "promote", sha)
    assert (done.code, done.out) == (1, "")
    assert "was not promoted: not enough data: about" in done.err
    assert "hint: train again with more tasks" in done.err
    found = program.run("train", "promote", sha, "--json")
    validate("train-promote", found.json)
    assert (found.code, found.json["promoted"]) == (1, False)
    assert found.json["gate"]["needed"] > 0
    assert library(program.home).channels.current("production") is None


def test_what_is_not_better_may_be_watched(program: Program) -> None:
    """What the gate refuses decides nothing, not even as a canary, but it may be watched."""
    (sha,) = add(program, proven(-0.2))
    for channel in ("production", "canary"):
        assert program.run("train", "promote", sha, "--channel", channel).code == 1
    for channel in ("shadow", "candidate"):
        done = program.run("train", "promote", sha, "--channel", channel, "--json")
        validate("train-promote", done.json)
        assert (done.code, done.json["gate"]) == (0, None)
    assert library(program.home).channels.all().keys() == {"shadow", "candidate"}


def test_what_was_never_measured_does_not_pass(program: Program) -> None:
    """A policy without a report of the gate is refused."""
    (sha,) = add(program, policy(selected="ppo"))
    done = program.run("train", "promote", sha)
    assert done.code == 1
    assert "nothing was measured" in done.err


def test_it_must_have_been_compared_with_what_decides_now(program: Program) -> None:
    """Proof against baselines alone is not enough where another policy decides; proof against that one is."""
    first = proven(0.2)
    other, better = proven(0.3, 1), proven(0.3, 2, incumbent=first.sha)
    add(program, first, other, better)
    assert program.run("train", "promote", first.sha).code == 0
    done = program.run("train", "promote", other.sha)
    assert done.code == 1
    assert f"was never compared with {first.sha[:12]}, which decides now" in done.err
    done = program.run("train", "promote", better.sha, "--json")
    assert (done.code, done.json["former"]) == (0, first.sha)


def test_a_canary_decides_for_some(program: Program) -> None:
    """A canary gets ten per cent of the questions or as many as are asked for, and no other channel takes a share."""
    (sha,) = add(program, proven(0.2))
    assert program.run("train", "promote", sha, "--channel", "canary", "--json").json["percent"] == 10
    done = program.run("train", "promote", sha, "--channel", "canary", "--percent", "2.5")
    assert "canary (2.5 %)" in done.err
    for options in (
        ["--percent", "5"],
        ["--channel", "canary", "--percent", "0"],
        ["--channel", "canary", "--percent", "101"],
    ):
        assert program.run("train", "promote", sha, *options).code == 2
    assert program.run("train", "promote", sha, "--channel", "canary", "--percent", "nan").code == 2


def test_what_plays_is_not_promoted(program: Program) -> None:
    """A policy of an environment has nothing to decide in a chat, and is refused in every channel."""
    (sha,) = add(program, policy(0, "environment"))
    for channel in ("production", "candidate"):
        done = program.run("train", "promote", sha, "--channel", channel)
        assert done.code == 2
        assert "plays CartPole-v1" in done.err
        assert "hint: agentctl train run" in done.err


def test_an_unknown_channel_is_told(program: Program) -> None:
    """There are four channels."""
    (sha,) = add(program, proven(0.2))
    done = program.run("train", "promote", sha, "--channel", "prod")
    assert (done.code, "one of candidate, shadow, canary, production" in done.err) == (2, True)


@pytest.mark.parametrize("gate", [[], {"verdict": "better"}, {"promotes": True}, "better"])
def test_a_report_without_sense_does_not_pass(program: Program, gate: object) -> None:
    """Only a whole report of the gate counts."""
    (sha,) = add(program, policy(gate=gate))
    done = program.run("train", "promote", sha)
    assert done.code == 9
    assert "report" in done.err


def test_a_policy_from_elsewhere_is_kept(program: Program) -> None:
    """A policy given by its path is in the library once it is promoted."""
    artifact = proven(0.2)
    path = Library(program.home / "elsewhere").add(artifact)
    assert program.run("train", "promote", path).code == 0
    assert library(program.home).find("production").sha == artifact.sha
