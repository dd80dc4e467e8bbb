"""Policies as training runs make them, small ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentctl.learning.artifacts import Artifact, Library, pack
from agentctl.learning.comparison import Paired
from agentctl.learning.gate import judge

BASELINE = "single: strong"


def library(home: Path) -> Library:
    """The library that `agentctl` has in a home."""
    return Library(home / ".local/share/agentctl/policies")


def policy(seed: int = 0, kind: str = "routing", **manifest: Any) -> Artifact:
    """A policy whose numbers follow from its seed."""
    rng = np.random.default_rng(seed)
    source = {"environment": "CartPole-v1"} if kind == "environment" else {"tasks": "tasks.jsonl", "rows": 400}
    about = {"format": 1, "kind": kind, "seed": seed, "source": source, "metrics": {"apgr": 0.625}, **manifest}
    arrays: dict[str, NDArray[Any]] = {
        "ppo/weights": rng.normal(size=(3, 4)).astype(np.float32),
        "step": np.array(seed, np.int64),
    }
    return pack(about, arrays)


def compared(gain: float, rows: int = 400, incumbent: str | None = None, noise: float = 0.3) -> Paired:
    """A candidate that earns about `gain` more a task than all else."""
    rng = np.random.default_rng(7)
    others = {name: rng.random(rows) for name in (BASELINE, incumbent) if name is not None}
    candidate = np.mean(list(others.values()), axis=0) + gain + noise * rng.normal(size=rows)
    return Paired(candidate, others, None, incumbent)


def proven(gain: float, seed: int = 0, rows: int = 400, incumbent: str | None = None, **manifest: Any) -> Artifact:
    """A policy with the gate's report on a gain."""
    return policy(seed, selected="ridge", gate=judge(compared(gain, rows, incumbent)).as_json(), **manifest)
