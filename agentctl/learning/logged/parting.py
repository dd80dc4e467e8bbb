"""Which sessions a run learns from, and which are kept to judge it by.

A session's side follows from its id and the run's seed alone, so that whoever knows the seed can tell later which
sessions a policy has not learnt from, those that began afterwards included. All decisions of a session are on one side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from agentctl.learning.logged.experience import Experience

GATED = 0.5
"""The share of the sessions that no learner sees: the gate judges by them."""


@dataclass(frozen=True, slots=True)
class Parting:
    """How a run parted sessions.

    Args:
        seed: of the run.
        newest: the id of the newest decision that there was.
    """

    seed: int
    newest: str

    def gated(self, session_id: str) -> bool:
        """Whether a session was kept for the gate."""
        digest = hashlib.sha256(f"{self.seed}:{session_id}".encode()).digest()
        return int.from_bytes(digest[:4], "big") < GATED * 2**32

    def split(self, experience: Experience) -> tuple[Experience, Experience]:
        """What is learnt from, and what the gate judges by."""
        held = np.array([self.gated(one) for one in experience.sessions], np.bool_)
        return experience.taken(np.flatnonzero(~held)), experience.taken(np.flatnonzero(held))

    def unseen(self, experience: Experience, first: Mapping[str, str]) -> Experience:
        """The decisions that the run did not learn from, of sessions that it did not learn from either.

        Args:
            experience: all there are.
            first: the id of the first decision of each session, rated or not.
        """
        fresh = [self.gated(one) or first[one] > self.newest for one in experience.sessions]
        return experience.taken(np.flatnonzero(fresh))

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Parting:
        """What a manifest says.

        Raises:
            KeyError, TypeError: it says nothing of it.
        """
        return cls(int(manifest["seed"]), str(manifest["source"]["newest"]))


def first_decisions(decisions: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The first decision of each session, of decisions in their order, each with its session."""
    found: dict[str, str] = {}
    for session_id, decision_id in decisions:
        found.setdefault(session_id, decision_id)
    return found
