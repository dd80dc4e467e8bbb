"""When the next request will come, as far as those before it tell. Pure.

A gap is one of two kinds. After an answer that called tools it is as long as they take; after any other, as long as a
person thinks, and may be the last. So what a request ends with, the user's words or results of tools, says something
about the gap that follows, and each conversation shows how much: by Laplace's rule, what was seen so often is as likely
next time, with some weight on what is usual.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from agentctl.breakpoints import SECONDS, Rules

Expectation = Literal["one-shot", "conversation", "loop"]
"""Whether nothing is to follow, a person goes on, or tools do."""
Turn = Literal["user", "tool"]
"""What follows an answer, and so whose gap it is: a person's words, or results of tools."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What is expected before anything was seen. The numbers of each group are as good as so many gaps seen.

    Args:
        calls: of the answers, how many call tools, and how many do not.
        goes_on: of the answers that call none, after how many the conversation goes on, and after how many not.
        person: of a person's gaps, how many are short enough for the short lifetime, for the long one, and for none.
        tools: of the gaps that tools make, likewise.
    """

    calls: tuple[float, float]
    goes_on: tuple[float, float]
    person: tuple[float, float, float]
    tools: tuple[float, float, float]


USUAL: dict[Expectation, Usual] = {
    "one-shot": Usual((0, 1), (0, 1), (1.2, 0.6, 0.2), (0.5, 0, 0)),
    "conversation": Usual((0.5, 0.5), (1.6, 0.4), (1.2, 0.6, 0.2), (0.95, 0.05, 0)),
    "loop": Usual((0.9, 0.1), (1, 1), (1.2, 0.6, 0.2), (0.95, 0.05, 0)),
}
"""A person at a terminal answers within 5 minutes more often than not, and goes on more often than not."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """How likely the next request comes within the short lifetime, after it but within the long one, or at all."""

    short: float
    pause: float
    any: float

    @property
    def within_long(self) -> float:
        """How likely it comes within the long lifetime."""
        return self.short + self.pause


class Habits:
    """What a conversation has shown so far.

    Args:
        rules: of the API, which say what is a short gap.
        expectation: what is usual for it.
        tools: whether there are tools that could be called.
    """

    def __init__(self, rules: Rules, expectation: Expectation, *, tools: bool) -> None:
        self._usual = USUAL[expectation]
        self._last = expectation == "one-shot"
        self._tools = tools
        self._limits = [SECONDS[ttl] for ttl in (rules.short, rules.long) if ttl]
        self._followed: Counter[tuple[Turn, Turn]] = Counter()  # what came after the answer to what
        self._lengths: Counter[tuple[Turn, int]] = Counter()

    def see(self, before: Turn, then: Turn, gap: float | None) -> None:
        """Remember a gap in seconds, None if nobody knows it, between a request that ended so and the next."""
        self._followed[before, then] += 1
        if gap is not None:
            self._lengths[then, self._length(gap)] += 1

    def forecast(self, ends_with: Turn, *, now: bool = True) -> Forecast:
        """Return what is to be expected after a request that ends so; `now` if it is the one that is planned."""
        if self._last and now:
            return Forecast(0, 0, 0)
        called = self._share_of_calls(ends_with)
        talked = (1 - called) * self._share_that_goes_on()
        person, tools = self._lengths_of("user"), self._lengths_of("tool")
        short, pause = (talked * one + called * other for one, other in zip(person[:2], tools[:2], strict=True))
        return Forecast(short, pause, talked + called)

    def _length(self, gap: float) -> int:
        """0 for a gap within the short lifetime, 1 for one within the long one, 2 for a longer one."""
        return next((number for number, limit in enumerate(self._limits) if gap <= limit), 2)

    def _share_of_calls(self, before: Turn) -> float:
        if not self._tools:
            return 0
        yes, no = self._usual.calls
        calls, talks = self._followed[before, "tool"], self._followed[before, "user"]
        return (calls + yes) / (calls + talks + yes + no)

    def _share_that_goes_on(self) -> float:
        """All that was seen went on, but for what ends now."""
        yes, no = self._usual.goes_on
        seen = self._followed["user", "user"] + self._followed["tool", "user"]
        return (seen + yes) / (seen + yes + no)

    def _lengths_of(self, then: Turn) -> list[float]:
        usual = self._usual.person if then == "user" else self._usual.tools
        counts = [self._lengths[then, length] + weight for length, weight in enumerate(usual)]
        return [count / sum(counts) for count in counts]
