"""Tables of tasks whose best routing is known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

EASY = ["add", "list", "name", "spell", "count", "sort", "copy", "greet"]
HARD = ["prove", "derive", "integrate", "factor", "refute", "optimise", "deduce", "formalise"]
COSTS = {"weak": 0.1, "strong": 1.0}


def task(number: int, prompt: str, **success: Any) -> dict[str, Any]:
    """A task as a line has it."""
    return {"id": f"t{number}", "prompt": prompt, "outcomes": {name: {"success": one} for name, one in success.items()}}


def tasks(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Tasks of two kinds, told apart by their words: the weak action fails at the hard ones, the strong one at none."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        hard = bool(rng.random() < 0.5)
        words = " ".join(rng.choice(HARD if hard else EASY, 5))
        made.append(task(number, f"{words} number {int(rng.integers(50))}", weak=int(not hard), strong=1))
    return made


def answered(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Tasks that nothing tells apart but the weak action's answer, which says when it failed."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        good = bool(rng.random() < 0.6)
        one = task(number, f"say {' '.join(rng.choice(EASY, 4))}", weak=int(good), strong=1)
        one["outcomes"]["weak"]["response"] = "here it is, certainly" if good else "sorry, unable and unsure"
        made.append(one)
    return made


def write(path: Path, lines: Sequence[dict[str, Any]]) -> Path:
    """A file of tasks."""
    path.write_text("".join(json.dumps(one) + "\n" for one in lines))
    return path
