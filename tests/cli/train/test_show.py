"""`agentctl train show`: one policy, by any of its names."""

from __future__ import annotations

import shutil

import pytest
from support.policies import library, policy, proven
from support.program import Program
from support.schemas import validate


def test_a_policy_by_each_of_its_names(program: Program) -> None:
    """The beginning of the hash, a channel and a path show the same manifest."""
    artifact = proven(0.2, actions=["a/weak", "b/strong"])
    path = library(program.home).add(artifact)
    assert program.run("train", "promote", artifact.sha[:6]).code == 0
    for name in (artifact.sha[:4], artifact.sha, "production", path, path / "arrays.npz"):
        shown = program.run("train", "show", name, "--json").json
        validate("train-show", shown)
        assert (shown["policy"], shown["manifest"]) == (artifact.sha, dict(artifact.manifest))
        assert shown["channels"] == [{"channel": "production", "percent": None}]


def test_a_table_for_people(program: Program) -> None:
    """The table has its actions, how many numbers it has, and what the gate said."""
    artifact = proven(0.2, actions=["a/weak", "b/strong"])
    library(program.home).add(artifact)
    out = program.run("train", "show", artifact.sha[:8]).out
    assert '["a/weak", "b/strong"]' in out
    assert "13 in 2 arrays" in out
    assert "better: it earns +0." in out


@pytest.mark.parametrize(
    ("reference", "code", "said"),
    [
        ("zzzz", 2, "there is no policy 'zzzz'"),
        ("abc", 2, "there is no policy 'abc'"),
        ("shadow", 2, "there is no policy in shadow"),
        ("/", 2, "is no policy"),
        ("a\x1b[2Jb", 2, "there is no policy"),
    ],
)
def test_what_is_no_policy_is_told(program: Program, reference: str, code: int, said: str) -> None:
    """Of a name that means nothing the user hears why, and what to do."""
    done = program.run("train", "show", reference)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert "hint: " in done.err
    assert "\x1b" not in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("change", ["truncated", "a pickle", "another manifest", "no arrays"])
def test_a_damaged_policy_is_refused(program: Program, change: str) -> None:
    """A policy whose files are not those that were written is not shown, and exits as damaged storage does."""
    path = library(program.home).add(policy())
    arrays, manifest = path / "arrays.npz", path / "manifest.json"
    if change == "truncated":
        arrays.write_bytes(arrays.read_bytes()[:-20])
    elif change == "a pickle":
        arrays.write_bytes(b"\x80\x04N.")
    elif change == "another manifest":
        shutil.copy(library(program.home).add(policy(1)) / "manifest.json", manifest)
    else:
        arrays.unlink()
    done = program.run("train", "show", path.name[:8])
    assert (done.code, done.out) == (9, "")
    assert done.err.startswith("error: can't use the policy")
    assert "Traceback" not in done.err
