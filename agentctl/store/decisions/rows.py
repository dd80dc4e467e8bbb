"""Decisions with what came of them, to learn from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agentctl.store import outcomes
from agentctl.store.base import Transaction
from agentctl.store.decisions.decision import Decision, of_row
from agentctl.store.outcomes import Outcome
from agentctl.usage import Usage

State = Literal["completed", "broke_off", "running"]
_FAILED = frozenset({"failed", "lost"})
_Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Row:
    """A decision, and what came of it so far.

    Args:
        decision: what was decided.
        tokens: what its calls used, by `provider/model`.
        latency: µs from the decision to the last of what was charged; None if nothing was.
        tool_errors: how many of the tool calls that its calls asked for failed.
        state: whether the turn came to its answer, is under way, or broke off. One that is between two of its calls
            right now is taken for one that broke off.
        message_id: the last message that its calls brought.
        outcomes: what graders say of those messages; of each message the newest of each grader.
    """

    decision: Decision
    tokens: Mapping[str, Usage]
    latency: int | None
    tool_errors: int
    state: State
    message_id: str | None
    outcomes: tuple[Outcome, ...]


def rows(tx: Transaction, *, after: str = "", limit: int = 200) -> list[Row]:
    """Return decisions in the order of their ids, those of sessions in the trash left out.

    Args:
        tx: a transaction.
        after: the id of the last one of the page before.
        limit: how many at most; fewer are the last page.

    Raises:
        StorageError: one is not as it was written.
    """
    found = [of_row(row) for row in tx.all("decisions.page", after=after, limit=limit)]
    if not found:
        return []
    span = {"first": found[0].id, "last": found[-1].id}
    charges, tools, graded = (
        _by_decision(tx.all(query, **span))
        for query in ("decisions.charges", "decisions.tools", "outcomes.of_decisions")
    )
    under_way = {row["decision_id"] for row in tx.all("decisions.open", **span)}
    return [_row(one, charges[one.id], tools[one.id], graded[one.id], under_way=one.id in under_way) for one in found]


def _row(decision: Decision, charges: _Rows, tools: _Rows, graded: _Rows, *, under_way: bool) -> Row:
    tokens: defaultdict[str, Usage] = defaultdict(Usage)
    for charge in charges:
        tokens[f"{charge['provider']}/{charge['model']}"] += Usage(**{name: charge[name] for name in Usage().buckets()})
    messages = [charge["message_id"] for charge in charges if charge["message_id"]]
    return Row(
        decision=decision,
        tokens=dict(tokens),
        latency=charges[-1]["created_at"] - decision.at if charges else None,
        tool_errors=sum(tool["state"] in _FAILED for tool in tools),
        state="running" if under_way else _state(charges, tools),
        message_id=messages[-1] if messages else None,
        outcomes=tuple(outcomes.of_row(row) for row in graded),
    )


def _state(charges: _Rows, tools: _Rows) -> State:
    if any(tool["concluded_at"] is None for tool in tools):
        return "running"
    answered = bool(charges) and charges[-1]["status"] == "final"
    asked = {tool["run_id"] for tool in tools}  # the calls that asked for tools, after which another should have come
    return "completed" if answered and charges[-1]["call_id"] not in asked else "broke_off"


def _by_decision(found: Iterable[Mapping[str, Any]]) -> Mapping[str, list[Mapping[str, Any]]]:
    grouped: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in found:
        grouped[row["decision_id"]].append(row)
    return grouped
