"""Why a cache was not read: each cause by what tells it, and nothing where nothing was missed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agentctl.breakpoints import NO_CACHE, Breakpoint, CachePlan, Ttl
from agentctl.economy.footprints import Footprint, footprint
from agentctl.economy.misses import Before, Miss, Outcome, explain
from agentctl.messages import Message, Text, user
from agentctl.providers.base import Request
from agentctl.usage import Usage

MINUTE = 60_000_000  # µs
TALK = (Message("system", (Text("be kind"),)), user("hi"), Message("assistant", (Text("ho"),)), user("and?"))


def marked(after: int, ttl: Ttl = "5m") -> CachePlan:
    return CachePlan((Breakpoint(after, ttl),), implicit=False)


def sent(
    messages: tuple[Message, ...] = TALK,
    plan: CachePlan | None = None,
    at: int = 0,
    model: str = "m",
    expected: int | None = None,
) -> Footprint:
    return footprint(Request(model, messages, cache=plan), "p", at, expected)


FIRST = sent(TALK[:2], marked(1))
WROTE = Before(FIRST, Outcome(Usage(100, cache_write_short=5000)))
NEXT = sent(TALK, marked(3), MINUTE)
NOTHING_READ = Outcome(Usage(200, cache_write_short=5500))


def cause(before: Before | None, now: Footprint, outcome: Outcome = NOTHING_READ, least: int | None = 1024) -> object:
    found = explain(before, now, outcome, least)
    return found and found.cause


def test_a_first_call_misses_nothing() -> None:
    """Nor does one after a call that kept nothing, or one that asks for nothing."""
    assert explain(None, FIRST, NOTHING_READ) is None
    assert explain(replace(WROTE, footprint=sent(TALK[:2], NO_CACHE)), NEXT, NOTHING_READ) is None
    assert explain(WROTE, sent(TALK, NO_CACHE), NOTHING_READ) is None


def test_a_hit_misses_nothing() -> None:
    """All that had been read and written was read."""
    assert explain(WROTE, NEXT, Outcome(Usage(200, cache_read=5000))) is None


def test_a_part_of_a_hit_is_missed() -> None:
    """What was read is no miss; the rest has its cause."""
    changed = sent((TALK[0], user("ha"), *TALK[2:]), marked(3), MINUTE)
    assert explain(WROTE, changed, Outcome(Usage(200, 4000), "m")) == Miss(
        "changed",
        1000,
        "an earlier message changed at $.messages[0].parts[0].text",
        "$.messages[0].parts[0].text",
        None,
        MINUTE,
    )


def test_the_provider_is_heard_beside_ourselves() -> None:
    """Its reason stands beside our path, and alone where we see nothing."""
    outcome = Outcome(Usage(5700, diagnosis="messages_changed, 5000 tokens"))
    found = explain(WROTE, sent((TALK[0], user("ha"), *TALK[2:]), marked(3), MINUTE), outcome)
    assert found
    assert (found.cause, found.told) == ("changed", "messages_changed, 5000 tokens")
    found = explain(WROTE, NEXT, outcome)
    assert found
    assert (found.cause, found.path, found.told) == ("provider", None, "messages_changed, 5000 tokens")


def test_another_model_has_another_cache() -> None:
    """That goes before all else, for everything else differs too."""
    assert cause(WROTE, sent(TALK, marked(3), 60 * MINUTE, model="n")) == "model_changed"


@pytest.mark.parametrize(
    ("plan", "minutes", "read", "expected"),
    [
        (marked(1), 4, 0, "provider"),
        (marked(1), 6, 0, "expired"),
        (marked(1, "1h"), 6, 0, "provider"),
        (marked(1, "1h"), 61, 0, "expired"),
        (CachePlan((Breakpoint(0, "1h"), Breakpoint(1)), implicit=False), 6, 2000, "expired"),
        (CachePlan((Breakpoint(0, "1h"), Breakpoint(1)), implicit=False), 6, 0, "provider"),
        (None, 6, 0, "expired"),
    ],
)
def test_what_was_kept_expires(plan: CachePlan | None, minutes: int, read: int, expected: str) -> None:
    """By the lifetime that was asked for; of two the shorter one, if the other part was still there."""
    before = replace(WROTE, footprint=sent(TALK[:2], plan))
    assert cause(before, sent(TALK, plan, minutes * MINUTE), Outcome(Usage(5000, read))) == expected


def test_expiry_is_told_in_minutes() -> None:
    """How long it was, and how long it lasts."""
    found = explain(WROTE, replace(NEXT, at=7 * MINUTE), NOTHING_READ)
    assert found
    assert found.text == "7 minutes after the call before, and what is kept lasts 5 minutes"
    assert found.gap == 7 * MINUTE


@pytest.mark.parametrize(("size", "expected"), [(1023, "below_minimum"), (1024, "provider")])
def test_too_little_is_not_cached(size: int, expected: str) -> None:
    """A provider writes nothing below its minimum, and says nothing of it."""
    assert cause(replace(WROTE, outcome=Outcome(Usage(size))), NEXT) == expected


def test_another_route_is_another_cache() -> None:
    """Where a router chose another provider; who answered is not always told."""
    for there, here, expected in (("a", "b", "route_changed"), ("a", "a", "provider"), (None, "b", "provider")):
        before = replace(WROTE, outcome=replace(WROTE.outcome, answered_by=there))
        assert cause(before, NEXT, replace(NOTHING_READ, answered_by=here)) == expected


@pytest.mark.parametrize(("blocks", "expected"), [(20, "provider"), (21, "look_back")])
def test_the_look_back_ends(blocks: int, expected: str) -> None:
    """From each breakpoint the provider looks back over 20 blocks; each part is one."""
    more = tuple(user(str(number)) for number in range(blocks))
    messages = (*TALK[:2], *more)
    assert cause(WROTE, sent(messages, marked(len(messages) - 1), MINUTE)) == expected
    halfway = CachePlan((Breakpoint(5), Breakpoint(len(messages) - 1)), implicit=False)
    assert cause(WROTE, sent(messages, halfway, MINUTE)) == "provider"


def test_what_is_kept_unasked() -> None:
    """All of it can be read again, down to whole steps; where no cache is known of there is nothing to miss."""
    before = Before(sent(TALK[:2]), Outcome(Usage(2006)))
    assert explain(before, sent(), Outcome(Usage(300, 1920)), 1024) is None
    found = explain(before, sent(), Outcome(Usage(2300)), 1024)
    assert found
    assert (found.cause, found.tokens) == ("provider", 2006)
    assert explain(before, sent(), Outcome(Usage(2300))) is None
    assert explain(replace(before, outcome=Outcome(Usage(86, 1920))), sent(), Outcome(Usage(2300))) is not None


def test_what_was_reckoned_counts() -> None:
    """Who planned the call knows better what it could read."""
    found = explain(WROTE, sent(TALK, marked(3), MINUTE, expected=7000), Outcome(Usage(1, 5000)))
    assert found
    assert found.tokens == 2000
