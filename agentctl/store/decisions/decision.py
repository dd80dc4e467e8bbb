"""Decisions as they are written, and read back as they were."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentctl.errors import StorageError
from agentctl.store.base import Transaction


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided for a turn.

    Args:
        id: sorts by the time it was made, as those of `new_id` do.
        session_id: whose turn it is.
        at: when, in epoch µs.
        policy: the artifact that chose, by its content; None where nothing was learnt yet.
        spec: what the features are, by content.
        features: what was known of the prompt.
        candidates: what could be chosen among.
        mask: which of them were allowed.
        action: the one that was chosen.
        propensity: how likely that one was to be.
        cost_weight: how much a dollar counted against success.
        explored: whether chance chose.
        shadow: what a policy on trial would have chosen.

    Raises:
        ValueError: a field says what can't be.
    """

    id: str
    session_id: str
    at: int
    policy: str | None
    spec: str
    features: str
    candidates: tuple[str, ...]
    mask: tuple[bool, ...]
    action: int
    propensity: float
    cost_weight: float
    explored: bool
    shadow: int | None = None

    def __post_init__(self) -> None:
        if not self.candidates or len(self.mask) != len(self.candidates):
            raise ValueError(f"{len(self.candidates)} candidates have a mask of {len(self.mask)}")
        if not (0 <= self.action < len(self.candidates) and self.mask[self.action]):
            raise ValueError(f"action {self.action} was not allowed")
        if self.shadow is not None and not 0 <= self.shadow < len(self.candidates):
            raise ValueError(f"there is no candidate {self.shadow}")
        if not 0 < self.propensity <= 1:
            raise ValueError(f"a propensity is above 0 and at most 1, not {self.propensity}")
        if not (self.cost_weight >= 0 and math.isfinite(self.cost_weight)):
            raise ValueError(f"a cost weight is 0 or more, not {self.cost_weight}")


def record(tx: Transaction, decision: Decision) -> None:
    """Write a decision. Its session is there by the end of the transaction."""
    row = _row(decision)
    tx.execute("decisions.record", **row, sha256=_sha256(row))


def attach(tx: Transaction, decision_id: str, call_id: str) -> None:
    """Record that a call belongs to the turn that a decision was made for; once, however often this is said.

    Raises:
        StorageError: there is no such decision, or the call is of another one.
    """
    tx.execute("decisions.attach", decision_id=decision_id, call_id=call_id)


def altered(tx: Transaction, session_id: str) -> list[str]:
    """Return the ids of a session's decisions that are not as they were written."""
    return [row["id"] for row in tx.all("decisions.of_session", session_id=session_id) if not _is_whole(row)]


def of_row(row: Mapping[str, Any]) -> Decision:
    """Return the decision that a row is.

    Raises:
        StorageError: it is not as it was written.
    """
    if not _is_whole(row):
        raise StorageError(
            f"decision {row['id']} of session {row['session_id']} is damaged: its checksum differs",
            hint=f"put the session in the trash, and nothing is learnt from it: "
            f"`agentctl sessions delete {row['session_id']}`",
        )
    fields = {name: row[name] for name in Decision.__slots__}
    return Decision(
        **fields
        | {
            "candidates": tuple(json.loads(row["candidates"])),
            "mask": tuple(json.loads(row["mask"])),
            "explored": bool(row["explored"]),
        }
    )


def _row(decision: Decision) -> dict[str, Any]:
    return {name: getattr(decision, name) for name in Decision.__slots__} | {
        "candidates": json.dumps(decision.candidates),
        "mask": json.dumps([bool(allowed) for allowed in decision.mask]),
        "action": int(decision.action),
        "propensity": float(decision.propensity),
        "cost_weight": float(decision.cost_weight) + 0.0,  # SQLite reads -0.0 as 0.0: another checksum
        "explored": int(decision.explored),
        "shadow": None if decision.shadow is None else int(decision.shadow),
    }


def _is_whole(row: Mapping[str, Any]) -> bool:
    written: str = row["sha256"]
    return _sha256({name: row[name] for name in Decision.__slots__}) == written


def _sha256(row: Mapping[str, Any]) -> str:
    import hashlib  # noqa: PLC0415 - a chat that decides nothing needs none, and it loads all of OpenSSL

    return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()
