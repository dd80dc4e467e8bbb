"""What answers a turn: masks, exploration, policies, pins, and what is recorded of that."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from math import sqrt
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.choosers import SESSION, Offices, Opinion, Shop, asks, learned
from support.routing_policies import policy

from agentctl.asking import Options
from agentctl.choosing import Choice, Situation
from agentctl.economy import ledger
from agentctl.errors import AgentctlError, ConfigError, StorageError, UsageError
from agentctl.learning.actions import Action, parse
from agentctl.learning.artifacts import Library, pack
from agentctl.learning.channels import Pointer
from agentctl.learning.drawing import draw
from agentctl.learning.policies import Learned, Policies, is_canary
from agentctl.learning.scale import Scale
from agentctl.messages import Attachment, Message, Text, ToolSpec, user
from agentctl.providers.base import Capabilities
from agentctl.settings import ModelOverride
from agentctl.training.features import DEFAULT, decode

FULL = os.environ.get("AGENTCTL_TEST_FULL") == "1"
THREE = {"a/x": "1", "b/y": "2", "c/z": "4"}
LONG = "word " * 3_000


def masked(choice: Choice) -> dict[str, str | None]:
    """Why each candidate could not be chosen."""
    return {one.action: one.masked for one in choice.told.considered}


def answered(model: str, text: str = "well") -> Message:
    """What a model said."""
    return Message("assistant", (Text(text),), model, "end_turn")


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("a/b", Action("a/b")),
        ("a/b@high", Action("a/b", "high")),
        ("a/b+terse", Action("a/b", None, "terse")),
        ("a/b@low+terse", Action("a/b", "low", "terse")),
        ("cloudflare/@cf/meta/llama", Action("cloudflare/@cf/meta/llama")),
        ("a/b@2024", Action("a/b@2024")),
        ("a/b:free@max", Action("a/b:free", "max")),
    ],
)
def test_an_action_is_read_as_it_is_written(text: str, action: Action) -> None:
    """A model's own @ is no effort, and what is written again is the same."""
    assert parse(text) == action
    assert str(action) == text


def test_an_alias_is_a_model_in_an_action_too() -> None:
    """What stands for the model is resolved, and what is none is refused."""
    assert parse("fast@low", {"fast": "a/b"}.__getitem__) == Action("a/b", "low")
    for wrong in ("", "a/b+", "a b", "a/b@low+x y"):
        with pytest.raises(UsageError):
            parse(wrong)


def test_without_a_policy_the_usual_model_answers_and_that_is_told_once() -> None:
    """Nothing is learnt yet; a second turn is not told so again."""
    chooser = Shop(THREE).chooser(default=1)
    first, second = chooser.choose(asks()), chooser.choose(asks())
    assert first.target.name == "b/y"
    assert "nothing is learnt yet" in first.notes[0]
    assert second.notes == ()
    assert first.decision is not None
    assert (first.decision.policy, first.decision.propensity, first.decision.explored) == (None, 1.0, False)


def test_the_policy_chooses_by_what_success_is_worth() -> None:
    """Where a dollar counts for nothing the best is chosen; where it counts for much, the cheapest."""
    policy = learned({"a/x": 0.5, "b/y": 0.6, "c/z": 0.9})
    shop = Shop(THREE)
    chosen = [
        shop.chooser(Offices(policy), cost_weight=weight).choose(asks()).told.action for weight in (0.0, 200.0, 1e6)
    ]
    assert chosen == ["c/z", "c/z", "a/x"]
    assert shop.chooser(Offices(replace(policy, cost_weight=1e6))).choose(asks()).told.action == "a/x"


def test_a_higher_cost_weight_never_buys_a_dearer_model() -> None:
    """Along the curve from quality to thrift the expected cost only falls."""
    shop, policy = Shop(THREE), learned({"a/x": 0.5, "b/y": 0.6, "c/z": 0.9})
    costs = []
    for weight in np.linspace(0, 2_000, 41):
        told = shop.chooser(Offices(policy), cost_weight=float(weight)).choose(asks()).told
        costs.append(next(one.cost or Decimal(0) for one in told.considered if one.action == told.action))
    assert costs == sorted(costs, reverse=True)
    assert len(set(costs)) > 1


SITUATIONS: list[tuple[str, Situation]] = [
    ("free", asks()),
    ("a file", replace(asks(), added=(Message("user", (Text("see"), Attachment("a.png", "image/png", b"x"))),))),
    ("tools", replace(asks(), options=Options(tools=(ToolSpec("t", "does", {}),)))),
]


@pytest.mark.parametrize("situation", [one for _, one in SITUATIONS], ids=[name for name, _ in SITUATIONS])
@pytest.mark.parametrize("policy", ["none", "one", "broken"])
def test_what_is_logged_is_how_often_it_happens(situation: Situation, policy: str) -> None:
    """Over many turns each model is chosen as often as its logged probability says, after masks and fallback."""
    capable = Capabilities("a", media_types=("image/",))
    less = Capabilities("b", tools=False)
    offices = {
        "none": Offices(),
        "one": Offices(learned({"a/x": 0.1, "b/y": 0.9, "c/z": 0.8})),
        "broken": Offices(StorageError("damaged")),
    }[policy]
    shop = Shop(THREE, capabilities={"a/x": capable, "b/y": less, "c/z": capable})
    chooser = shop.chooser(offices, seed=5, explore=0.3)
    rounds = 20_000 if FULL else 800
    chosen, first = Counter[int](), chooser.choose(situation).decision
    assert first is not None
    for _ in range(rounds):
        decision = chooser.choose(situation).decision
        assert decision is not None
        chosen[decision.action] += 1
        assert decision.mask == first.mask
    likely = [one.probability for one in chooser.choose(situation).told.considered]
    assert sum(likely) == pytest.approx(1.0)
    for place, share in enumerate(likely):
        assert abs(chosen[place] / rounds - share) <= 4 * sqrt(share * (1 - share) / rounds)
    assert all(chosen[place] == 0 for place, ok in enumerate(first.mask) if not ok)


@given(
    allowed=st.lists(st.booleans(), min_size=1, max_size=8).filter(any),
    explore=st.floats(0, 1),
    seed=st.integers(0, 2**32),
    data=st.data(),
)
def test_a_drawn_propensity_is_one_of_a_distribution(
    allowed: list[bool], explore: float, seed: int, data: st.DataObject
) -> None:
    """It is above 0 and at most 1, all sum to 1, and nothing that is masked is ever drawn."""
    best = data.draw(st.sampled_from([place for place, ok in enumerate(allowed) if ok]))
    drawn = draw(best, allowed, explore, Random(seed))
    assert allowed[drawn.place]
    assert 0 < drawn.propensity <= 1
    assert sum(drawn.probabilities) == pytest.approx(1.0)
    assert all(one == 0 for one, ok in zip(drawn.probabilities, allowed, strict=True) if not ok)
    assert drawn.explored or drawn.place == best
    assert not (drawn.explored and sum(allowed) == 1), "there was no choice, so chance did not choose"


def test_what_can_not_take_a_turn_is_masked() -> None:
    """Each reason is told: no key, no such server, no price, too long, no tools, no images, another effort."""
    shop = Shop(
        {**dict.fromkeys(("a/x", "b/key", "d/short", "e/tools", "f/blind", "g/think"), "1"), "c/price": None},
        missing=frozenset({"h/gone"}),
        actions=("a/x", "b/key", "c/price", "d/short", "e/tools", "f/blind", "g/think@high", "h/gone"),
        capabilities={
            "a/x": Capabilities("a", media_types=("image/",)),
            "c/price": Capabilities("c", media_types=("image/",)),
            "d/short": Capabilities("d", media_types=("image/",)),
            "e/tools": Capabilities("e", tools=False),
            "f/blind": Capabilities("f"),
        },
        overrides={"d/short": ModelOverride(input=Decimal(1), output=Decimal(1), window=2)},
        obstacle=lambda name: "there is no key for b" if name == "b/key" else None,
    )
    picture = Message("user", (Text("see"), Attachment("a.png", "image/png", b"x")))
    options = Options(tools=(ToolSpec("t", "does", {}),), effort="low")
    told = masked(shop.chooser().choose(replace(asks(), added=(picture,), options=options)))
    assert told == {
        "a/x": None,
        "b/key": "there is no key for b",
        "c/price": 'its price is unknown: set models."c/price".input and .output',
        "d/short": told["d/short"],
        "e/tools": "it can't call tools",
        "f/blind": "it takes no image/png",
        "g/think@high": "the effort is to be low",
        "h/gone": "h/gone is gone",
    }
    assert "too many" in (told["d/short"] or "")


def test_a_system_prompt_is_kept_for_a_session() -> None:
    """A variant is chosen with the first turn; later ones keep it, and one that the user gives beats them all."""
    variants = {"terse": "Be brief.", "kind": "Be kind."}
    shop = Shop({"a/x": "1"}, ("a/x", "a/x+terse", "a/x+kind"), variants)
    first = shop.chooser(default=1).choose(asks())
    assert (first.told.action, first.system) == ("a/x+terse", "Be brief.")
    said = (Message("system", (Text("Be brief."),)), user("hi"), answered("a/x"))
    later = shop.chooser(default=2).choose(asks("more", *said))
    assert (later.told.action, later.system) == ("a/x+terse", None)
    given = shop.chooser(default=2).choose(asks(system=True))
    assert (given.told.action, given.system) == ("a/x", None)
    plain = shop.chooser(default=2).choose(asks("more", user("hi"), answered("a/x")))
    assert plain.told.action == "a/x"


def _warm(model: str, *, ago: float = 10) -> Situation:
    """A turn in a long session that a model answered so many seconds ago."""
    return asks("more", user(LONG), answered(model), asked_at=ledger.now() - int(ago * 1e6))


CACHING = {name: Capabilities(name[0], api="messages") for name in ("a/claude", "b/claude")}


def test_a_cached_session_stays_with_its_model() -> None:
    """Another model has to gain more than its cache is worth; a session that stays is not explored."""
    shop = Shop({"a/claude": "10", "b/claude": "1"}, capabilities=CACHING)
    stays = shop.chooser(explore=1.0, default=1).choose(_warm("a/claude"))
    assert stays.told.action == "a/claude"
    assert stays.decision is not None
    assert (stays.decision.propensity, stays.decision.mask) == (1.0, (True, False))
    assert "tokens of it cached" in (masked(stays)["b/claude"] or "")
    gone = shop.chooser(default=1).choose(_warm("a/claude", ago=3_000))
    assert gone.told.action == "b/claude"


@pytest.mark.parametrize(("gain", "chosen"), [(0.01, "a/claude"), (0.2, "b/claude")])
def test_a_gain_beyond_the_lost_cache_moves_a_session(gain: float, chosen: str) -> None:
    """What is read costs a tenth of what is sent anew: about 0.0034 dollars here, worth 0.034 of success."""
    shop = Shop({"a/claude": "1", "b/claude": "1"}, capabilities=CACHING)
    policy = learned({"a/claude": 0.5, "b/claude": 0.5 + gain}, cost_weight=10.0)
    assert shop.chooser(Offices(policy)).choose(_warm("a/claude")).told.action == chosen


TROUBLES: dict[str, Learned | Exception] = {
    "damaged": StorageError("the policy is damaged", hint="train it again"),
    "no numpy": ConfigError("policies need numpy, which is not installed", hint="pip install 'agentctl[train]'"),
    "a bug": ZeroDivisionError("oops"),
    "no number": learned({"a/x": float("nan"), "b/y": 0.5}),
    "unknown models": learned({"cheap": 0.5, "strong": 0.9}),
}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_a_policy_that_can_not_be_used_costs_no_turn(trouble: Learned | Exception) -> None:
    """The usual model answers, the user is told once, and the row says that no policy chose."""
    chooser = Shop(THREE).chooser(Offices(trouble), default=2, explore=0.0)
    choice = chooser.choose(asks())
    assert choice.target.name == "c/z"
    assert any("the usual model answers" in note for note in choice.notes)
    assert choice.decision is not None
    assert (choice.decision.policy, choice.decision.propensity) == (None, 1.0)
    assert chooser.choose(asks()).notes == ()


def test_a_shadow_says_what_it_would_choose_and_decides_nothing() -> None:
    """Its choice is in the row; where it fails, the row has none."""
    policy, trial = learned({"a/x": 0.9, "b/y": 0.1}), learned({"a/x": 0.1, "b/y": 0.9}, "6" * 64)
    decision = Shop(THREE).chooser(Offices(policy, trial)).choose(asks()).decision
    assert decision is not None
    assert (decision.action, decision.shadow, decision.policy) == (0, 1, "5" * 64)
    failed = Shop(THREE).chooser(Offices(policy, StorageError("damaged"))).choose(asks()).decision
    assert failed is not None
    assert failed.shadow is None


def test_the_policy_is_asked_only_for_what_may_answer() -> None:
    """Masked models and such that the user does not allow are masked for it too."""
    opinion = Opinion({"c/z": 0.9, "not/allowed": 1.0, "b/y": 0.5})
    policy = Learned("5" * 64, opinion, 0.0, {})  # type: ignore[arg-type]
    shop = Shop(THREE, obstacle=lambda name: "no key" if name == "c/z" else None)
    assert shop.chooser(Offices(policy)).choose(asks()).told.action == "b/y"
    assert [[*map(bool, mask)] for mask in opinion.asked] == [[False, False, True]]


def test_nothing_is_recorded_that_would_not_be_true() -> None:
    """Not what is not kept, not an effort of the user's, and not what a router may answer with another model."""
    shop = Shop(THREE)
    assert shop.chooser().choose(asks(session_id=None)).decision is None
    assert shop.chooser().choose(asks(options=Options(effort="low"))).decision is None
    assert shop.chooser().choose(asks()).decision is not None


def test_a_row_has_the_features_that_a_policy_sees() -> None:
    """They are those of the prompt, in the form that the specification names."""
    decision = Shop(THREE).chooser().choose(asks("What is 2 + 2?")).decision
    assert decision is not None
    assert (decision.spec, decision.session_id, decision.candidates) == (DEFAULT.sha, SESSION, ("a/x", "b/y", "c/z"))
    assert np.array_equal(decode(decision.features, DEFAULT.dims), DEFAULT.of("What is 2 + 2?"))


def test_where_nothing_can_answer_the_usual_model_says_why() -> None:
    """The turn is left to it, and not recorded."""
    choice = Shop(THREE, obstacle=lambda _: "there is no key").chooser(default=1).choose(asks())
    assert (choice.target.name, choice.decision) == ("b/y", None)
    assert "nothing can answer" in choice.notes[0]
    with pytest.raises(AgentctlError, match="is gone"):
        Shop(THREE, missing=frozenset(THREE)).chooser().usual()


@given(st.text(min_size=1, max_size=40), st.floats(0, 100))
def test_a_canary_decides_always_the_same_sessions(session_id: str, percent: float) -> None:
    """A session is of the canary or not; 0 % is none, 100 % all, and more per cent only add sessions."""
    assert is_canary(session_id, 100)
    assert not is_canary(session_id, 0)
    assert is_canary(session_id, percent) <= is_canary(session_id, min(100.0, percent + 5))


def test_a_canary_decides_its_share() -> None:
    """A fifth of many sessions, within what chance allows."""
    count = sum(is_canary(f"session {number}", 20) for number in range(5_000))
    assert abs(count / 5_000 - 0.2) < 4 * sqrt(0.2 * 0.8 / 5_000)


def relative(worth: float = 0.2, dear: str = "b/y") -> Learned:
    """A policy that was trained on relative costs: `b/y` had to bring so much more than `a/x` to be worth its cost."""
    return replace(learned({"a/x": 0.5, "b/y": 0.65}), scale=Scale("a/x", dear, worth, 500))


def test_relative_costs_become_dollars_by_the_prices_of_today() -> None:
    """With prompts and answers as in training the dear model has to bring as much as it had to."""
    choice = Shop({"a/x": "1", "b/y": "2"}).chooser(Offices(relative())).choose(asks())
    rise = (500 + 500) * 1e-6  # dollars for 500 tokens either way
    assert choice.told.cost_weight == pytest.approx(0.2 / rise)
    assert choice.target.name == "b/y"  # "hi" is short, and so costs about half of it
    dearer = Shop({"a/x": "1", "b/y": "2"}).chooser(Offices(relative(worth=0.5))).choose(asks())
    assert dearer.target.name == "a/x"
    assert dearer.decision is not None
    assert dearer.decision.cost_weight == pytest.approx(0.5 / rise)


def test_what_the_user_says_a_dollar_is_worth_counts_before_a_scale() -> None:
    """A cost weight of the user's is in dollars, whatever the policy was trained on."""
    choice = Shop({"a/x": "1", "b/y": "2"}).chooser(Offices(relative()), cost_weight=0.0).choose(asks())
    assert (choice.told.cost_weight, choice.target.name) == (0.0, "b/y")


@pytest.mark.parametrize("prices", [{"a/x": "2", "b/y": "2"}, {"a/x": "1", "c/z": "2"}, {"a/x": "1", "b/y": None}])
def test_relative_costs_that_nothing_makes_dollars_of_leave_it_to_the_usual_model(prices: dict[str, str]) -> None:
    """Where the dear model is no dearer today, or can't be asked, or has no price, the user is told what to set."""
    choice = Shop(prices).chooser(Offices(relative())).choose(asks())
    assert (choice.target.name, choice.told.policy) == ("a/x", None)
    assert any("routing.cost_weight" in note for note in choice.notes)


def test_a_manifest_says_what_costs_were(tmp_path: Path) -> None:
    """A policy with relative costs is loaded with a scale, one with dollars with its weight."""
    library, made = Library(tmp_path), policy({"p/a": 0.1, "p/b": 0.9})
    manifest, arrays = made.parts()
    common = {"format": 1, "kind": "routing", "hyperparameters": {"cost_weight": 0.5}, "prices": {"p/a": 0.1, "p/b": 1}}
    for unit, weight in (("relative", 0.0), ("dollar", 0.5)):
        kept = pack({**common, **manifest, "cost_unit": unit, "input_tokens": 80}, arrays)
        library.add(kept)
        library.channels.promote("production", Pointer(kept.sha), over=library.channels.current("production"))
        found = Policies(library).deciding(None)
        assert found is not None
        assert found.cost_weight == weight
        assert found.scale == (Scale("p/a", "p/b", 0.45, 80) if unit == "relative" else None)
