"""A conversation replayed as the planner saw it, request by request. Pure.

Nobody keeps what was planned for earlier requests, nor need they: the same rules give the same plans again. So what
lies in the cache follows from the shape of the conversation and the gaps between its requests. Where it was otherwise,
as after a turn with another model, the plan is less good, but no less right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from agentctl.breakpoints import Rules
from agentctl.economy.caching.forecast import Expectation, Forecast, Habits, Turn
from agentctl.economy.caching.held import Held, Writes, choose
from agentctl.economy.caching.multiples import Multiples
from agentctl.economy.caching.shape import End, Shape, asked, ends


@dataclass(frozen=True, slots=True)
class Now:
    """Where the request that is planned stands.

    Args:
        ends: where a breakpoint can stand, in order.
        head: the end of the tools and the system messages before all else, where a breakpoint can stand.
        before: where the request before this one ended, as far as a breakpoint can stand there.
        tail: where this one ends, likewise.
        held: what the cache is taken to have.
        writes: how it is to be written.
        forecast: of the next request.
    """

    ends: tuple[End, ...]
    head: End | None
    before: End | None
    tail: End | None
    held: Held
    writes: Writes
    forecast: Forecast


def replay(
    shape: Shape, rules: Rules, prices: Multiples, *, least: int, gaps: Sequence[float], expected: Expectation
) -> Now:
    """Return where a conversation stands.

    Args:
        shape: of the request to be planned, which holds all that was asked before.
        rules: of the API.
        prices: of the model.
        least: the fewest tokens that are kept.
        gaps: in seconds, between the requests of the conversation, the last one that before this request.
        expected: what is to follow.
    """
    possible = tuple(end for end in ends(shape, rules) if end.marked and end.tokens >= least)
    habits = Habits(rules, expected, tools=shape.tools is not None)
    counts = asked(shape)
    known = _aligned(gaps, len(counts) - 1)
    held, before, tail = Held(), None, None
    for number, count in enumerate(counts):
        if number:
            habits.see(_turn(shape, counts[number - 1]), _follows(shape, counts[number - 1]), known[number - 1])
            held = held.after(known[number - 1], rules)
        before, tail = tail, next((end for end in reversed(possible) if end.after < count), None)
        forecast = habits.forecast(_turn(shape, count), now=count == counts[-1])
        places = [end.tokens for end in possible if tail and end.tokens <= tail.tokens]
        writes = choose(held, places, forecast, prices, rules)
        now = Now(possible, _head(possible), before, tail, held, writes, forecast)
        held = held.with_(writes)
    return now


def _aligned(gaps: Sequence[float], number: int) -> list[float | None]:
    """The last gaps, as many as there are; those that came before all that are known are None."""
    known = gaps[len(gaps) - min(number, len(gaps)) :]
    return [*([None] * (number - len(known))), *known]


def _turn(shape: Shape, count: int) -> Turn:
    """What a request with so many messages ended with."""
    return "tool" if count and shape.messages[count - 1].role == "tool" else "user"


def _follows(shape: Shape, answer: int) -> Turn:
    """What came after the answer of this index."""
    return "tool" if shape.messages[min(answer + 1, len(shape.messages) - 1)].role == "tool" else "user"


def _head(possible: Sequence[End]) -> End | None:
    head = [*takewhile(lambda end: end.role == "system", possible)]
    return head[-1] if head else None
