"""Whether a session stays with the model that has it cached. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentctl.learning.candidates import Candidate
from agentctl.learning.prefix import Prefix


@dataclass(frozen=True, slots=True)
class Pinned:
    """The place of the best candidate, and which may be chosen, once that is settled; `stays` says why, if it does."""

    best: int
    allowed: tuple[bool, ...]
    stays: str | None = None


def pin(
    best: int,
    candidates: Sequence[Candidate],
    prefix: Prefix,
    success: Mapping[str, float],
    cost_weight: float,
) -> Pinned:
    """Let a session stay with its model unless another one gains more than the cache that is lost by going there.

    The candidates' costs tell what is lost: that of the one that has the session cached counts as read, those of the
    others as sent anew. A session that stays is not explored either.

    Args:
        best: the place of what would be chosen without that.
        candidates: all that there is to choose among.
        prefix: what is cached.
        success: what is expected of each action; nothing where nothing was learnt.
        cost_weight: the success that a dollar is worth.
    """
    allowed = tuple(one.masked is None for one in candidates)
    at_home = [
        place for place, one in enumerate(candidates) if allowed[place] and prefix.tokens and _is_home(one, prefix)
    ]
    if not at_home:
        return Pinned(best, allowed)

    def worth(place: int) -> float:
        one = candidates[place]
        return success.get(str(one.action), 0.0) - cost_weight * float(one.cost or 0)

    home = best if best in at_home else max(at_home, key=worth)
    known = {str(candidates[place].action) for place in (best, home)} <= success.keys()
    if known and worth(best) > worth(home):
        return Pinned(best, allowed)
    why = f"the session stays with {prefix.model}, which has {prefix.tokens:,} tokens of it cached"
    return Pinned(home, tuple(place in at_home for place in range(len(candidates))), why)


def _is_home(candidate: Candidate, prefix: Prefix) -> bool:
    return candidate.action.model == prefix.model
