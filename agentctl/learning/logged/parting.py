"""Which sessions a run learns from, and which are kept to judge it by.

A session's side follows from its id and the run's seed alone, so that whoever knows the seed can tell later which
sessions a policy has not learnt from, those that began afterwards included. All decisions of a session are on one side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from agentctl.learning.logged.experience import Experience

GATED = 0.5
"""The share of the sessions that no learner sees, in runs from now on: the gate judges by them."""


@dataclass(frozen=True, slots=True)
class Parting:
    """How a run parted sessions.

    Args:
        seed: of the run.
        newest: the id of the newest decision that there was.
        share: of the sessions that no learner saw.
    """

    seed: int
    newest: str
    share: float = GATED

    def gated(self, session_id: str) -> bool:
        """Whether a session was kept for the gate."""
        digest = hashlib.sha256(f"{self.seed}:{session_id}".encode()).digest()
        return int.from_bytes(digest[:4], "big") < self.share * 2**32

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

    def as_json(self) -> dict[str, Any]:
        """As a manifest has it of its source, beside its seed."""
        return {"newest": self.newest, "gated": self.share}

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Parting:
        """What a manifest says.

        Raises:
            KeyError, TypeError, ValueError: it says nothing of it, or nothing that makes sense.
        """
        source = manifest["source"]
        share = float(source["gated"])
        if not 0 < share < 1:
            raise ValueError(f"the share of its sessions that were kept for the gate is {share}")
        return cls(int(manifest["seed"]), str(source["newest"]), share)
