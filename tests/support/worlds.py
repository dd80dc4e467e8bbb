"""Sessions of a world in which the best model for each prompt is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentctl.learning.logged.experience import Experience, gather
from agentctl.store.decisions import Decision, Row, State
from agentctl.store.outcomes import Outcome
from agentctl.training.features import DEFAULT, decode, encode
from agentctl.usage import Usage

MODELS = ("peer/strong", "peer/weak")
PRICES = {"peer/strong": 1e-4, "peer/weak": 1e-6}
EASY = ("add", "list", "name", "spell", "count", "sort", "copy", "greet")
HARD = ("prove", "derive", "integrate", "factor", "refute", "optimise", "deduce", "formalise")


def price(name: str, usage: Usage) -> float | None:
    """Dollars, a price for each token."""
    cost = PRICES.get(name)
    return None if cost is None else cost * (usage.input + usage.output)


@dataclass(frozen=True)
class World:
    """Prompts of two kinds, told apart by their words: the weak model fails at hard ones, the strong one at none.

    Args:
        seed: of prompts and choices.
        flip: how often an outcome is the other way round.
        explore: how likely the strong model is asked; the weak one else.
        each: decisions of a session.
    """

    seed: int = 0
    flip: float = 0.0
    explore: float = 0.5
    each: int = 1

    def success(self, *, hard: bool, model: str) -> float:
        """How likely an answer is good."""
        good = model == "peer/strong" or not hard
        return abs(float(good) - self.flip)

    def rows(self, count: int, first: int = 0) -> list[Row]:
        """So many decisions, as the store gives them."""
        rng = np.random.default_rng((self.seed, first))
        return [self._row(number, rng) for number in range(first, first + count)]

    def _row(self, number: int, rng: np.random.Generator) -> Row:
        hard = bool(rng.random() < 0.5)
        words = " ".join(rng.choice(HARD if hard else EASY, 5))
        strong = bool(rng.random() < self.explore)
        model = MODELS[0] if strong else MODELS[1]
        value = float(rng.random() < self.success(hard=hard, model=model))
        return row(number, words, model, value, self.explore if strong else 1 - self.explore, number // self.each)

    def experience(self, count: int, first: int = 0) -> Experience:
        """The same as arrays."""
        return gathered(self.rows(count, first))


def row(  # noqa: PLR0917 - as they are read
    number: int, prompt: str, model: str, value: float | None, propensity: float = 0.5, session: int | None = None,
    *, candidates: tuple[str, ...] = MODELS, state: State = "completed", spec: str = DEFAULT.sha,
    latency: int = 0, tool_errors: int = 0,
) -> Row:  # fmt: skip
    """A decision, and what came of it."""
    name, message = f"s{number if session is None else session:05}", f"m{number}"
    decision = Decision(
        id=f"d{number:05}", session_id=name, at=number, policy=None, spec=spec,
        features=encode(DEFAULT.of(prompt)), candidates=candidates, mask=(True,) * len(candidates),
        action=candidates.index(model), propensity=propensity, cost_weight=1.0, explored=True,
    )  # fmt: skip
    outcomes = () if value is None else (Outcome(f"o{number}", name, message, "user", "1", value, None, number),)
    used = Usage(uncached_input=10, output=10)
    return Row(decision, {model: used}, latency, tool_errors, state, message, outcomes)


def gathered(rows: list[Row]) -> Experience:
    """Decisions as arrays, at the world's prices."""
    return gather(rows, DEFAULT.sha, lambda text: decode(text, DEFAULT.dims), price)


def prompts(count: int, seed: int = 99) -> tuple[list[str], NDArray[np.bool_]]:
    """Fresh prompts, and which of them are hard."""
    rng = np.random.default_rng(seed)
    hard = rng.random(count) < 0.5
    return [" ".join(rng.choice(HARD if one else EASY, 5)) for one in hard.tolist()], hard
