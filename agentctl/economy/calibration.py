"""What providers bill for the tokens that we count: the estimate of a model learns from the model's own calls.

Nothing is counted while a call is made, for that would keep it waiting: what was said is in the database, and what was
billed for it too, so both are put side by side when an estimate asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from agentctl.context import as_sent
from agentctl.economy.tokens.counting import Observed, count
from agentctl.economy.tokens.prompt import Prompt
from agentctl.store import sessions
from agentctl.store.base import Transaction

_MOST = 24  # calls of a model
_AMONG = 5_000  # of the latest calls of all models
_FEWEST = 4  # calls that tell something
_LEAST = 64  # tokens; in less than that the text counts for little beside what is around it
_ENOUGH = 1_000_000  # tokens, which take a tenth of a second to count


def observed(tx: Transaction, model: str) -> Observed | None:
    """Return what the latest kept calls of `model` were billed for each token that we count; None for under four."""
    calls = list(_calls(tx, model))
    if len(calls) < _FEWEST:
        return None
    ratios = [billed / counted for counted, billed in calls]
    mean = sum(billed for _, billed in calls) / sum(counted for counted, _ in calls)
    return Observed(len(calls), mean, min(ratios), max(ratios))


def _calls(tx: Transaction, model: str) -> Iterator[tuple[int, int]]:
    """The tokens that we count of each call, and those that were billed; the latest call first."""
    provider, _, name = model.partition("/")
    looked_at = 0
    for row in tx.all("counts.billed", provider=provider, model=name, among=_AMONG, most=_MOST):
        thread = sessions.before(tx, row["branch_id"], row["seq"])
        if any(stored.status == "damaged" for stored in thread):
            continue  # what was sent is not known any more
        said = (stored.message for stored in thread)
        counted = count(Prompt(as_sent(said)), model)
        looked_at += counted.base
        if counted.plain and counted.base >= _LEAST and row["billed"] > 0:
            yield counted.base, row["billed"]
        if looked_at > _ENOUGH:
            return
