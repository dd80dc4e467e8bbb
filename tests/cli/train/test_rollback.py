"""`agentctl train rollback`: what decided before decides again."""

from __future__ import annotations

from support.policies import library, policy, proven
from support.program import Program
from support.schemas import validate


def test_the_former_policy_is_back(program: Program) -> None:
    """Each rollback takes one promotion back, to the very policy that was there, and at last to none."""
    kept = library(program.home)
    first = proven(0.2)
    second = proven(0.3, 1, incumbent=first.sha)
    for one in (first, second):
        kept.add(one)
        assert program.run("train", "promote", one.sha).code == 0
    found = program.run("train", "rollback", "--json").json
    validate("train-rollback", found)
    assert found == {"channel": "production", "policy": first.sha, "percent": None, "former": second.sha}
    assert kept.find("production").sha == first.sha
    done = program.run("train", "rollback")
    assert (done.code, done.out) == (0, "")
    assert f"no policy is in production now instead of {first.sha[:12]}" in done.err
    done = program.run("train", "rollback")
    assert done.code == 2
    assert "nothing to take back" in done.err
    assert "hint: agentctl train list" in done.err


def test_the_share_of_a_canary_is_back_too(program: Program) -> None:
    """A canary gets back the share that it had."""
    sha = library(program.home).add(proven(0.2)).name
    for percent in ("5", "50"):
        program.run("train", "promote", sha, "--channel", "canary", "--percent", percent)
    assert program.run("train", "rollback", "--channel", "canary", "--json").json["percent"] == 5


def test_one_channel_and_no_other(program: Program) -> None:
    """A rollback of one channel leaves the others, and an unknown one is told."""
    sha = library(program.home).add(policy()).name
    for channel in ("shadow", "candidate"):
        program.run("train", "promote", sha, "--channel", channel)
    assert program.run("train", "rollback", "--channel", "shadow").code == 0
    assert library(program.home).channels.all().keys() == {"candidate"}
    assert program.run("train", "rollback", "--channel", "prod").code == 2
