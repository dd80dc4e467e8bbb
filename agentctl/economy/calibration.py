"""What providers bill for the tokens that we count: the estimate of a model learns from the model's own calls."""

from __future__ import annotations

from agentctl.economy.tokens.counting import Observed
from agentctl.ids import new_id
from agentctl.store.base import Transaction

_KEPT = 64  # calls of a model
_FEWEST = 4  # calls that tell something
_LEAST = 64  # tokens; in less than that the text counts for little beside what is around it


def observe(tx: Transaction, model: str, *, counted: int, billed: int, now: int) -> None:
    """Remember a call: what a short one or an impossible bill would tell is left out.

    Args:
        tx: a write transaction.
        model: `provider/model`.
        counted: the `base` of the count that was made before; it should be a `plain` one.
        billed: all tokens of input that the provider reports, cached ones too.
        now: in epoch µs.
    """
    if counted < _LEAST or billed <= 0:
        return
    tx.execute("counts.add", id=new_id(), model=model, counted=counted, billed=billed, now=now)
    tx.execute("counts.forget", model=model, kept=_KEPT)


def observed(tx: Transaction, model: str) -> Observed | None:
    """Return what the latest calls of `model`, 64 at most, were billed for each token counted; None for under four."""
    calls = tx.tuples("counts.latest", model=model, kept=_KEPT)
    if len(calls) < _FEWEST:
        return None
    ratios = [billed / counted for counted, billed in calls]
    mean = sum(billed for _, billed in calls) / sum(counted for counted, _ in calls)
    return Observed(len(calls), mean, min(ratios), max(ratios))
