"""Whether there is enough in sessions to learn from."""

from __future__ import annotations

import numpy as np

from agentctl.errors import UsageError
from agentctl.learning.logged.experience import Experience

FEWEST = 40
"""Rated decisions, and as many sessions, that halves can be made of, and folds of one half."""
LEAST_TAKEN = 8
"""How often an action has to have been taken: of fewer, nothing is learnt of what it is good at."""
_EXPLORE = "agentctl config set routing.explore 0.05, chat -m auto, and rate the answers: agentctl sessions rate"


def sufficing(experience: Experience) -> Experience:
    """The part of the decisions that can be learnt from.

    Raises:
        UsageError: that is too little; it says what is missing.
    """
    told = _told(experience)
    if experience.left_out.get("made with other features") and not len(experience):
        raise UsageError(f"the sessions were recorded with other features than this version makes{told}", hint=_EXPLORE)
    if len(experience) < FEWEST:
        raise UsageError(
            f"there are {len(experience)} rated decisions{told}, and {FEWEST} is the least to learn from: "
            f"{FEWEST - len(experience)} more are needed",
            hint=_EXPLORE,
        )
    if (found := len(set(experience.sessions))) < FEWEST:
        raise UsageError(
            f"the rated decisions are of {found} sessions, and {FEWEST} is the least to learn from and to judge by: "
            f"{FEWEST - found} more are needed",
            hint=_EXPLORE,
        )
    return _explored(experience)


def _explored(experience: Experience) -> Experience:
    """What was tried often enough to be told of."""
    counts = np.bincount(experience.chosen, minlength=len(experience.actions))
    if (experience.propensities == 1).all() or (counts > 0).sum() < 2:  # noqa: PLR2004 - nothing to compare
        raise UsageError("no other model was ever tried: what it would have answered nobody can tell", hint=_EXPLORE)
    if (counts >= LEAST_TAKEN).sum() < 2:  # noqa: PLR2004
        often = ", ".join(f"{name} {count}" for name, count in zip(experience.actions, counts.tolist(), strict=True))
        raise UsageError(
            f"another model was hardly ever tried ({often} times): {LEAST_TAKEN} is the least to learn from",
            hint=_EXPLORE,
        )
    return experience.tried(LEAST_TAKEN)


def _told(experience: Experience) -> str:
    left = ", ".join(f"{count:,} {why}" for why, count in experience.left_out.items())
    return f" ({left} left out)" if left else ""
