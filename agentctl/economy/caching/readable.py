"""How much of a request can at best be read from the cache. Pure."""

from __future__ import annotations

from agentctl.breakpoints import CachePlan, Rules
from agentctl.economy.caching.shape import Shape, asked, ends


def readable(shape: Shape, rules: Rules, plan: CachePlan, *, least: int | None = None) -> int:
    """Return the most tokens of a request that can come from the cache, if what is kept by plan is still there.

    That is what the request before it asked, or for a first one what other conversations begin with too: the tools and
    the system's messages.

    Args:
        shape: of the request.
        rules: of the API's cache.
        plan: of the request.
        least: the fewest tokens that the cache keeps; None takes those of the rules.
    """
    if not (plan.implicit or plan.breakpoints or plan.resource):
        return 0
    earlier = asked(shape)[:-1]
    until = max(earlier[-1] if earlier else 0, plan.covered)
    found = [end.tokens for end in ends(shape, rules) if end.role == "system" or end.after < until]
    most = max(found, default=0)
    return most if most >= (rules.least if least is None else least) else 0
