"""What the cache has of a conversation, and how much more it is worth to give it. Pure.

Only the longest beginning of each lifetime counts: it holds all that a shorter one does. A request that reads a
beginning and writes on from it pays for what is new alone, and what it writes lives as long as its own mark says, the
beginning included. So a short write is made a long one later, for the price of a few more tokens.

Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching, "Mixing different TTLs".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agentctl.breakpoints import SECONDS, Rules
from agentctl.economy.caching.forecast import Forecast
from agentctl.economy.caching.multiples import Multiples, break_even

Write = Literal["none", "short", "long"]


@dataclass(frozen=True, slots=True)
class Writes:
    """The tokens up to which a request is written for a long time, and from there on for a short one; 0 for none."""

    long: int = 0
    short: int = 0

    @property
    def tokens(self) -> int:
        """The tokens up to which anything is written."""
        return max(self.short, self.long)


@dataclass(frozen=True, slots=True)
class Held:
    """The tokens of the longest beginnings that are kept for a short and for a long time."""

    short: int = 0
    long: int = 0

    @property
    def tokens(self) -> int:
        """The tokens that a request would find."""
        return max(self.short, self.long)

    def after(self, gap: float | None, rules: Rules) -> Held:
        """What is left of it after a gap in seconds without a request; an unknown one is taken for a short one."""
        if gap is None:
            return self
        short = self.short if rules.short and gap <= SECONDS[rules.short] else 0
        return Held(short, self.long if rules.long and gap <= SECONDS[rules.long] else 0)

    def with_(self, writes: Writes) -> Held:
        """What there is once that was written."""
        return Held(writes.short or self.short, writes.long or self.long)


def choose(held: Held, places: Sequence[int], forecast: Forecast, prices: Multiples, rules: Rules) -> Writes:
    """Return how a request is best written.

    What is new costs its write now. What the next request does not find then costs it a write more than a read, of the
    dearest kind that pays in the long run; if none pays, nothing is written.

    Args:
        held: what the cache has as the request comes.
        places: the tokens up to each place where it can be cut, the last of which is its tail.
        forecast: of the next one.
        prices: of the model.
        rules: of the API.
    """
    paying = [_price(write, prices) for write in _paying(forecast, prices, rules)]
    new = [tokens for tokens in places if tokens > held.tokens]
    if not (paying and new):
        return Writes()
    again, tail = max(paying) - prices.read, new[-1]

    def cost(writes: Writes) -> float:
        then = held.with_(writes)
        to_long = writes.long or held.tokens
        to_short = writes.short or to_long
        written = prices.short * (to_short - to_long) + (prices.long * (to_long - held.tokens) if writes.long else 0)
        found = forecast.short * then.tokens + forecast.pause * then.long
        return written + (tail - to_short) + again * (forecast.any * tail - found)

    return min(_ways(new, rules), key=cost)


def _ways(new: Sequence[int], rules: Rules) -> list[Writes]:
    """How a request can be written up to these places.

    What makes a short write of before long is to go on from it with a long one, however little: so that is one way.
    """
    ways = [Writes(), Writes(short=new[-1])]
    if rules.long:
        ways.append(Writes(long=new[-1]))
    if rules.long and not rules.wide and len(new) > 1:
        ways.append(Writes(new[0], new[-1]))
    return ways


def pays(write: float, read: float, likely: float) -> bool:
    """Whether to write what the next request finds so likely, and the one after it, and so on.

    It is used 1 / (1 - p) times, the first included.
    """
    return likely >= 1 or 1 / (1 - likely) > break_even(write, read)


def _paying(forecast: Forecast, prices: Multiples, rules: Rules) -> list[Write]:
    """The writes that cost less in the long run than none, if each request is as likely followed as this one."""
    likely: dict[Write, float] = {"short": forecast.short}
    if rules.long:
        likely["long"] = forecast.within_long
    return [write for write, p in likely.items() if pays(_price(write, prices), prices.read, p)]


def _price(write: Write, prices: Multiples) -> float:
    return {"none": 1.0, "short": prices.short, "long": prices.long}[write]
