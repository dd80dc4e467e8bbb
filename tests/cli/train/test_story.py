"""From chats to a policy that decides, and back: two models, questions of two kinds, and one server for all of it."""

from __future__ import annotations

import pytest
from support.program import Program
from support.routed import Routed, Said, routed

THINGS = ("river", "window", "candle", "garden", "engine", "letter", "bridge", "market", "violin", "harbour", "ladder")
STRONG_COST = 0.3  # of a success, what an answer of the strong model costs


def _prompt(number: int) -> str:
    thing, other = THINGS[number % len(THINGS)], THINGS[number // len(THINGS) % len(THINGS)]
    if number % 5 < 3:
        return f"Translate into French: the {thing} is near the {other}. ({number})"
    return f"Prove the theorem about the {thing} and the {other}, step by step. ({number})"


def _is_easy(prompt: str) -> bool:
    return prompt.startswith("Translate")


def _answer(model: str, prompt: str) -> str:
    """The strong model is always right, the weak one where it is easy; both use as many words."""
    return ("right" if model == "strong" or _is_easy(prompt) else "wrong") + " and so on" * 10


def _is_right(said: Said) -> float:
    return float(said.text.startswith("right"))


def _learn(scene: Routed, chats: int, weight: float) -> None:
    """Talk while chance chooses, and rate every answer."""
    scene.configure(explore=1.0, cost_weight=weight)
    said = scene.talk([_prompt(number) for number in range(chats)])
    scene.rate([(one, _is_right(one)) for one in said])


def test_sessions_teach_to_ask_the_cheap_model_where_it_does(program: Program) -> None:
    """What is learnt passes the gate, succeeds as the strong model does at 60 % of its cost, and can be taken back."""
    with routed(program.home, _answer, weak=(0.1, 0.1), strong=(10, 30)) as scene:
        weight = STRONG_COST / 0.001  # an answer of the strong model costs about a tenth of a cent
        _learn(scene, 260, weight)
        fresh = [_prompt(number) for number in range(1000, 1040)]
        scene.configure(explore=0.0, cost_weight=weight)
        before = scene.talk(fresh)

        run = scene.document("train", "run", "--from-sessions", "--json")
        assert run["gate"]["verdict"] == "better", run["gate"]["reason"]
        assert scene.document("train", "promote", run["policy"], "--json")["promoted"]
        after = scene.talk(fresh)
        strong = scene.program.run("chat", "-m", "peer/strong", "-o", "json", fresh[0]).json
        assert sum(map(_is_right, after)) == len(fresh)
        assert sum(one.cost for one in after) <= 0.6 * len(fresh) * float(strong["cost_usd"])
        assert {one.model for one in before} == {"peer/weak"}, "the usual one, as nothing was learnt yet"

        assert scene.document("train", "rollback", "--json")["policy"] is None
        again = scene.talk(fresh)
    assert [(one.model, one.text, one.decision) for one in again] == [
        (one.model, one.text, one.decision) for one in before
    ]


@pytest.mark.parametrize("chats", [30, 60])
def test_too_few_sessions_are_said_to_be_too_few(program: Program, chats: int) -> None:
    """Nothing is promoted by chance: there is a refusal, or a gate that says how many more sessions it needs."""
    with routed(program.home, _answer, weak=(0.1, 0.1), strong=(10, 30)) as scene:
        _learn(scene, chats, STRONG_COST / 0.001)
        done = scene.program.run("train", "run", "--from-sessions", "--json")
        if done.code:
            assert (done.code, chats) == (2, 30)
            assert "30 rated decisions" in done.err
            return
        promoted = scene.program.run("train", "promote", done.json["policy"], "--json")
        assert promoted.code == 1
        assert promoted.json["gate"]["verdict"] == "not enough data"
        assert promoted.json["gate"]["needed"] > 0
