"""What is learnt from sessions of a world whose best choices are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.worlds import MODELS, World, gathered, prompts, row

from agentctl.errors import UsageError
from agentctl.learning.logged.experience import gather
from agentctl.learning.logged.learning import Taught, Trained, train
from agentctl.learning.logged.parting import Parting
from agentctl.learning.logged.sufficing import FEWEST, sufficing
from agentctl.learning.logged.worth import Worth, parted
from agentctl.learning.routing.acting import Recipe
from agentctl.learning.routing.measuring import best
from agentctl.learning.verdict import Report
from agentctl.store.decisions import Row
from agentctl.training.features import DEFAULT, decode
from agentctl.training.ope import LoggedError
from agentctl.training.policy import LEARNERS

WEIGHT = 100.0  # a strong answer costs $0.002, and so a fifth of a success
WORLD, COUNT = World(flip=0.05), 800
QUICK = replace(Recipe().practice, updates=12, episodes=512)


def trained(world: World, count: int, seed: int = 0, worth: Worth | None = None) -> Trained:
    """A short run."""
    taught = Taught(world.experience(count), DEFAULT, Recipe(practice=QUICK, seed=seed), worth or Worth(WEIGHT), None)
    return train(taught, lambda _: None)


@pytest.fixture(scope="module")
def learnt() -> Trained:
    """A policy from 800 decisions, one in twenty of whose ratings is wrong."""
    return trained(WORLD, COUNT)


@pytest.mark.parametrize("learner", ["threshold", "ridge", "linucb", "ppo"])
def test_the_best_choice_is_learnt(learnt: Trained, learner: str) -> None:
    """Hard prompts go to the strong model, easy ones to the weak one, though each decision shows one answer alone."""
    asked, hard = prompts(200)
    costs = [2e-3, 2e-5]
    judged = (learnt.policy.judge(DEFAULT.of(one), costs=costs, cost_weight=WEIGHT, learner=learner) for one in asked)
    chosen = np.array([one.action for one in judged])
    assert learnt.policy.actions == MODELS
    assert ((chosen == 0) == hard).mean() >= 0.95


def test_the_gate_sees_what_it_is_worth(learnt: Trained) -> None:
    """By the other half of the sessions the policy is better than either model alone, and the manifest says so."""
    report, manifest = learnt.report, learnt.artifact.manifest
    assert report.verdict == "better"
    assert report.method == "dr"
    assert report.rows == COUNT - learnt.learnt == manifest["metrics"]["gated"]
    truth = 0.95 - WEIGHT * (2e-3 + 2e-5) / 2
    assert report.value == pytest.approx(truth, abs=0.12)
    assert Report.of(manifest["gate"]) == report
    assert Parting.of(manifest) == Parting(0, f"d{COUNT - 1:05}", 0.5)
    assert set(learnt.learners) == set(LEARNERS)
    assert learnt.policy.selected == best(learnt.learners, by_reward=True)


def test_the_same_log_and_seed_give_the_same_policy(learnt: Trained) -> None:
    """A run is a function of its log and seed, to the bit; another seed parts other sessions."""
    again, other = trained(WORLD, COUNT), trained(WORLD, COUNT, seed=1)
    assert again.artifact.sha == learnt.artifact.sha
    assert other.artifact.manifest["param_sha256"] != learnt.artifact.manifest["param_sha256"]


def test_what_the_gate_judges_by_is_never_learnt_from() -> None:
    """Other outcomes of the gated sessions leave the policy's numbers as they are, to the bit."""
    rows = World().rows(120)
    parting = Parting(0, rows[-1].decision.id)
    other = [
        replace(one, outcomes=tuple(replace(said, value=1 - said.value) for said in one.outcomes))
        if parting.gated(one.decision.session_id)
        else one
        for one in rows
    ]
    recipe = Recipe(practice=replace(QUICK, updates=2))
    first, second = (
        train(Taught(gathered(log), DEFAULT, recipe, Worth(WEIGHT), None), lambda _: None) for log in (rows, other)
    )
    params = [one.artifact.manifest["param_sha256"] for one in (first, second)]
    assert params[0] == params[1]
    assert first.report.value != second.report.value


@given(st.integers(0, 5), st.integers(1, 4))
def test_decisions_of_a_session_are_on_one_side(seed: int, each: int) -> None:
    """Of a session with several decisions all are learnt from, or none."""
    experience = World(each=each).experience(40)
    parting = Parting(seed, max(experience.ids))
    learning, gated = parting.split(experience)
    assert not set(learning.sessions) & set(gated.sessions)
    assert len(learning) + len(gated) == 40


def test_seeds_part_sessions_independently() -> None:
    """About half of the sessions are gated, and of these half are gated by another seed too."""
    names = [f"s{number}" for number in range(2000)]
    sides = np.array([[Parting(seed, "").gated(name) for name in names] for seed in range(2)])
    assert sides.mean() == pytest.approx(0.5, abs=0.05)
    assert (sides[0] & sides[1]).mean() == pytest.approx(0.25, abs=0.05)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_a_policy_keeps_its_own_parting(share: float) -> None:
    """A manifest tells of its own share: by no session that was learnt from it is judged, whatever newer runs keep."""
    parting = Parting(3, "d00099", share)
    experience = World().experience(100)
    learning, gated = parting.split(experience)
    kept = Parting.of({"seed": 3, "source": parting.as_json()})
    assert kept.unseen(experience, dict(zip(experience.sessions, experience.ids, strict=True))).ids == gated.ids
    assert len(gated) / len(experience) == pytest.approx(share, abs=0.12)
    assert not set(learning.sessions) & set(gated.sessions)


@pytest.mark.parametrize("gated", [0, 1, -1, "x", None, float("nan")])
def test_a_parting_that_makes_no_sense_is_refused(gated: object) -> None:
    """A share that leaves nothing on a side, or that is no number, is no parting."""
    with pytest.raises((TypeError, ValueError)):
        Parting.of({"seed": 0, "source": {"newest": "d00099", "gated": gated}})


def test_sessions_that_began_later_are_new_to_a_policy() -> None:
    """Later decisions count as unseen where their session was gated or began after the run, and else do not."""
    parting = Parting(0, "d00099")
    early = [row(n, "greet me", MODELS[0], 1.0, session=n) for n in range(100)]
    late = [row(100 + n, "greet me", MODELS[0], 1.0, session=n) for n in range(200)]
    found = gathered([*early, *late])
    first: dict[str, str] = {}
    for session, decision in zip(found.sessions, found.ids, strict=True):
        first.setdefault(session, decision)
    unseen = parting.unseen(found, first)
    expected = {f"s{n:05}" for n in range(200) if n >= 100 or parting.gated(f"s{n:05}")}
    assert set(unseen.sessions) == expected
    assert len(unseen) == sum(2 if name < "s00100" else 1 for name in expected)


def test_time_and_errors_count_against_success() -> None:
    """A second and a failed tool cost what they are said to be worth, and dollars what they are worth."""
    rows = [row(0, "a", MODELS[0], 1.0, latency=2_000_000, tool_errors=1), row(1, "a", MODELS[1], 0.5)]
    worth = Worth(10, latency=0.1, tool_error=0.05)
    assert worth.rewards(gathered(rows)).tolist() == pytest.approx([1 - 10 * 2e-3 - 0.2 - 0.05, 0.5 - 10 * 2e-5])
    assert worth.good(gathered(rows)).tolist() == pytest.approx([0.75, 0.5])


@given(*[st.floats(0, 1e9)] * 3, st.integers(0, 10**12), st.integers(0, 1000))
def test_a_failure_for_nothing_never_outranks_a_success(
    cost: float, latency: float, tool_error: float, took: int, errors: int
) -> None:
    """However dear, slow and troublesome a success was, a failure that took nothing is not better."""
    good = row(0, "a", MODELS[0], 1.0, latency=took, tool_errors=errors)
    found = gathered([good, row(1, "a", MODELS[1], 0.0)])
    free = replace(found, costs=np.array([1e6, 0.0]))
    success, failure = Worth(cost, latency, tool_error).rewards(free)
    assert success >= failure


def test_slow_models_are_avoided_where_time_counts() -> None:
    """Where the strong model takes ten seconds and a second is worth a tenth, the weak one is asked everything."""
    rows = [replace(one, latency=10_000_000 * (one.decision.action == 0)) for one in World().rows(200)]
    taught = Taught(gathered(rows), DEFAULT, Recipe(practice=QUICK), Worth(0.0, latency=0.1), None)
    policy = train(taught, lambda _: None).policy
    judged = policy.judge(DEFAULT.of("prove derive"), costs=[0, 0], cost_weight=0, learner="ridge")
    assert policy.actions[judged.action] == "peer/weak"


def test_too_small_parts_are_refused() -> None:
    """Where one session has nearly all decisions there is nothing to judge by."""
    with pytest.raises(LoggedError, match="too few"):
        train(Taught(World(each=39).experience(40), DEFAULT, Recipe(), Worth(1.0), None), lambda _: None)


def _refused(rows: list[Row]) -> str:
    with pytest.raises(UsageError) as caught:
        sufficing(gathered(rows))
    assert "routing.explore" in str(caught.value.hint)
    return caught.value.message


def test_what_is_not_enough_is_refused() -> None:
    """Too few decisions or sessions, none explored, one tried too rarely, other features: each is told."""
    rows = World().rows(60)
    assert f"{FEWEST} is the least" in _refused(rows[:30])
    assert "10 more are needed" in _refused(rows[:30])
    assert "of 20 sessions" in _refused(World(each=3).rows(60))
    greedy = [replace(one, decision=replace(one.decision, propensity=1.0)) for one in rows]
    assert "no other model was ever tried" in _refused(greedy)
    assert "no other model was ever tried" in _refused([row(n, "a", MODELS[0], 1.0, 0.9) for n in range(60)])
    rare = [row(n, "a", MODELS[int(n > 2)], 1.0) for n in range(60)]
    assert "hardly ever tried (peer/strong 3, peer/weak 57 times)" in _refused(rare)
    assert "other features" in _refused([row(n, "a", MODELS[0], 1.0, spec="old") for n in range(60)])


def test_actions_that_were_hardly_tried_are_no_choice() -> None:
    """Nothing is learnt of a third model that was taken twice; the others keep their rows and columns."""
    three = (*MODELS, "peer/weaker")
    rows = [row(n, "a", three[2 if n < 2 else n % 2], 1.0, candidates=three) for n in range(62)]
    dear = {**dict.fromkeys(MODELS, 1e-6), "peer/weaker": 1e-6}
    found = gather(rows, DEFAULT.sha, lambda text: decode(text, DEFAULT.dims), lambda name, _: dear.get(name))
    kept = sufficing(found)
    assert (kept.actions, len(kept), kept.mask.shape) == (MODELS, 60, (60, 2))
    assert kept.left_out == {"of what was hardly ever tried": 2}
    assert [kept.actions[one] for one in kept.chosen] == [MODELS[n % 2] for n in range(2, 62)]


def test_weights_are_parted_from_hyperparameters() -> None:
    """`latency_weight` and `tool_error` are read, the rest is left, and what is no weight is refused."""
    found, rest = parted({"latency_weight": "0.5", "tool_error": "0.1", "epochs": "2"})
    assert (found, rest) == ({"latency": 0.5, "tool_error": 0.1}, {"epochs": "2"})
    for wrong in ("x", "-1", "nan", "inf"):
        with pytest.raises(UsageError, match="latency_weight"):
            parted({"latency_weight": wrong})
