"""What the cache has of a conversation, and how much more it is worth to give it. Pure.

Only the longest beginning of each lifetime counts: it holds all that a shorter one does. A request that reads a
beginning and writes on from it pays for what is new alone, and what it writes lives as long as its own mark says, the
beginning included. So a short write can be made a long one later, for the price of a few more tokens.

Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching, "Mixing different TTLs".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from agentctl.breakpoints import SECONDS, Rules
from agentctl.economy.caching.forecast import Forecast
from agentctl.economy.caching.multiples import Multiples, break_even

Write = Literal["none", "short", "long"]
"""For how long the tail of a request is written, if at all."""


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

    def written(self, write: Write, tokens: int) -> Held:
        """What there is once a beginning of so many tokens was written."""
        if write == "none" or tokens <= self.tokens:
            return self
        return replace(self, long=tokens) if write == "long" else replace(self, short=tokens)


def choose(held: Held, tokens: int, forecast: Forecast, prices: Multiples, rules: Rules) -> Write:
    """Return how the tail of a request is best written.

    What is new costs its write now. What the next request does not find then costs it a write more than a read, of the
    kind that costs least in the long run; if none pays, nothing is written.

    Args:
        held: what the cache has as the request comes.
        tokens: of the request, up to its tail.
        forecast: of the next one.
        prices: of the model.
        rules: of the API.
    """
    usual = _in_the_long_run(forecast, prices, rules)
    if usual == "none":
        return "none"
    again = _price(usual, prices) - prices.read
    writes: list[Write] = ["none", "short", "long"] if rules.long else ["none", "short"]

    def cost(write: Write) -> float:
        then = held.written(write, tokens)
        found = forecast.short * then.tokens + forecast.pause * then.long
        return _price(write, prices) * (tokens - held.tokens) + again * (forecast.any * tokens - found)

    return min(writes, key=cost)


def pays(write: float, read: float, likely: float) -> bool:
    """Whether to write what the next request finds so likely, and the one after it, and so on.

    It is used 1 / (1 - p) times, the first included.
    """
    return likely >= 1 or 1 / (1 - likely) > break_even(write, read)


def _in_the_long_run(forecast: Forecast, prices: Multiples, rules: Rules) -> Write:
    """What costs least where each request is as likely followed by another as this one.

    A token is then read with the likelihood p, and else written: w (1 - p) + r p for each request.
    """
    likely: dict[Write, float] = {"short": forecast.short}
    if rules.long:
        likely["long"] = forecast.within_long
    costs = {
        write: _price(write, prices) * (1 - p) + prices.read * p
        for write, p in likely.items()
        if pays(_price(write, prices), prices.read, p)
    }
    return min(costs, key=lambda write: costs[write], default="none")


def _price(write: Write, prices: Multiples) -> float:
    return {"none": 1.0, "short": prices.short, "long": prices.long}[write]
