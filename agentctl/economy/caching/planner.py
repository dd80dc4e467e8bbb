"""The plan of a request: which of its beginnings are kept, and for how long. Pure.

Sources: as of providers/caching.py. The reasons stand in docs/adr/0010-prompt-caching.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from agentctl.breakpoints import NO_CACHE, SECONDS, Breakpoint, CachePlan, Rules, Ttl
from agentctl.economy.caching.forecast import Expectation
from agentctl.economy.caching.held import pays
from agentctl.economy.caching.multiples import Multiples, multiples
from agentctl.economy.caching.session import Now, replay
from agentctl.economy.caching.shape import End, Shape
from agentctl.economy.prices import Prices

_FAR = 15  # blocks that a turn adds, past which a look-back of 20 is a near thing


def plan(
    shape: Shape,
    rules: Rules,
    prices: Prices,
    *,
    least: int | None = None,
    gaps: Sequence[float] = (),
    expected: Expectation = "conversation",
) -> CachePlan:
    """Return what of a request is to be kept.

    Args:
        shape: of the request.
        rules: of the API's cache.
        prices: of the model.
        least: the fewest tokens that it keeps; None takes those of the rules.
        gaps: in seconds, between the requests of the conversation so far, the last one that before this request.
        expected: what is to follow it.
    """
    if not rules.marks:
        return CachePlan(ttl=_lifetime(rules, gaps))
    costs = multiples(prices)
    now = replay(shape, rules, costs, least=rules.least if least is None else least, gaps=gaps, expected=expected)
    if not rules.renews:
        return _head_alone(now, costs)
    if not (now.writes.tokens or now.held.tokens):
        return NO_CACHE if now.tail or not rules.implicit else CachePlan()
    if rules.implicit and not any(place.volatile for place in shape.messages):
        return _beside_implicit(now, rules)
    marks = _marked(now, rules)
    return CachePlan(marks, implicit=False, ttl=rules.long if rules.wide and now.writes.long else None)


def _lifetime(rules: Rules, gaps: Sequence[float]) -> Ttl | None:
    """The longer lifetime, where it costs nothing more and was missed: nobody is asked to keep what is not needed."""
    missed = rules.short and any(gap > SECONDS[rules.short] for gap in gaps)
    return rules.long if missed else None


def _head_alone(now: Now, costs: Multiples) -> CachePlan:
    """One mark, where nothing changes: each new end would be paid anew from the beginning."""
    write = costs.short if costs.short >= 1 else 1 + costs.short  # lists say what keeping costs, beside the input
    paid = now.head and pays(write, costs.read, now.forecast.short)
    return CachePlan((Breakpoint(now.head.after),)) if now.head and paid else CachePlan()


def _beside_implicit(now: Now, rules: Rules) -> CachePlan:
    """The tail is kept unasked; the head is marked too, for other conversations begin with it."""
    head = (Breakpoint(now.head.after, _ttl(now.head, now, rules)),) if now.head else ()
    return CachePlan(head, ttl=rules.long if now.writes.long else None)


def _marked(now: Now, rules: Rules) -> tuple[Breakpoint, ...]:
    """The most important marks, in the order of the request."""
    wanted = dict.fromkeys(end for end in _wanted(now, rules) if end is not None)
    chosen = sorted(islice(wanted, rules.marks), key=now.ends.index)
    return tuple(Breakpoint(end.after, _ttl(end, now, rules)) for end in chosen)


def _wanted(now: Now, rules: Rules) -> Iterator[End | None]:
    """Where marks are wanted, the most important first.

    That of the request before is found however much was said since, and each mark that is read is renewed.
    """
    if now.writes.tokens:
        yield now.tail
    long = now.writes.long or now.held.long
    yield next((end for end in now.ends if end.tokens == long), None)
    yield now.before
    yield now.head
    if now.writes.tokens and rules.look_back:
        yield _between(now)


def _between(now: Now) -> End | None:
    """The middle of a turn that adds many blocks, so that one who goes on from there finds it."""
    last, first = now.tail, now.before or now.head
    start = first.blocks if first else 0
    if last is None or last.blocks - start <= _FAR:
        return None
    inner = [end for end in now.ends if start < end.blocks < last.blocks]
    return min(inner, key=lambda end: abs(2 * end.blocks - start - last.blocks), default=None)


def _ttl(end: End, now: Now, rules: Rules) -> Ttl:
    """The longer lifetime comes first, so what stands before a long write is marked as one too."""
    if rules.long and end.tokens <= max(now.writes.long, now.held.long):
        return rules.long
    return rules.short or "5m"
