"""The laws of a plan, whatever the request, and what it decides where that can be reckoned by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.caches.anthropic import AnthropicCache
from support.caches.pieces import Clock, Piece, Spent

from agentctl.breakpoints import NO_CACHE, TOOLS, Breakpoint, CachePlan, Rules
from agentctl.economy.caching import Place, Shape, plan, readable, rental, shape_of
from agentctl.economy.caching.multiples import break_even, multiples
from agentctl.economy.prices import UNKNOWN, Prices
from agentctl.messages import Attachment, Message, Text, Thinking, ToolCall, ToolResult, ToolSpec, user
from agentctl.providers.caching import CLAUDE, GEMINI, KEPT_A_DAY, KEYED, MARKED, NOTHING_KNOWN, ROUTED_GEMINI

SONNET = Prices(Decimal(3), Decimal(15), Decimal("0.3"), Decimal("3.75"), Decimal(6))
PRO = Prices(Decimal("1.25"), Decimal(10), Decimal("0.125"), Decimal("1.25"), Decimal("1.25"))
LEAST = 1024
TOOL = Place(3000, 6)
SYSTEM = Place(2000)
ASK, CALL, RESULT = Place(300, 1, "user"), Place(90, 2, "assistant"), Place(900, 1, "tool")
ANSWER = Place(200, 1, "assistant")

tokens = st.integers(0, 3000)
blocks = st.integers(1, 25)
gap = st.floats(0, 8000)


def places(role: str) -> st.SearchStrategy[Place]:
    """Places of a role."""
    return st.builds(Place, tokens, blocks, st.just(role), st.just(False), st.sampled_from([True, True, True, False]))


def turn(calls: int) -> st.SearchStrategy[list[Place]]:
    """What a person says, and all that follows until the next answer without a call."""
    loops = [places(role) for _ in range(calls) for role in ("assistant", "tool")]
    return st.tuples(places("user"), *loops, places("assistant")).map(list)


conversations = st.builds(
    lambda system, turns: [*system, *(one for spoken in turns for one in spoken)][:-1],
    st.lists(places("system"), max_size=2),
    st.lists(st.integers(0, 3).flatmap(turn), min_size=1, max_size=5),
)
shapes = st.builds(
    lambda tools, messages: Shape(tools, tuple(messages)),
    st.none() | st.builds(Place, tokens, blocks),
    conversations,
)
ALL = (CLAUDE, MARKED, replace(MARKED, long="12h"), KEPT_A_DAY, KEYED, GEMINI, ROUTED_GEMINI, NOTHING_KNOWN)


def before(shape: Shape, after: int) -> int:
    """The tokens up to a place of a breakpoint, where no system message comes late."""
    return (shape.tools.tokens if shape.tools else 0) + sum(place.tokens for place in shape.messages[: after + 1])


def served(cache: AnthropicCache, shape: Shape, planned: CachePlan) -> Spent:
    """What the cache makes of the request."""
    marks = {one.after: one.ttl for one in planned.breakpoints}
    rows = [(TOOLS, shape.tools)] if shape.tools else []
    pieces = [
        Piece(
            f"{number} {block}",
            "tool_result" if place.role == "tool" else "text",
            marks.get(number) if block == place.blocks - 1 else None,
            tokens=place.tokens if block == place.blocks - 1 else 0,
        )
        for number, place in [*rows, *enumerate(shape.messages)]
        for block in range(place.blocks)
    ]
    return cache.serve("m", pieces)


@given(shapes, st.lists(gap, max_size=12), st.sampled_from(ALL), st.data())
def test_what_every_plan_keeps_to(shape: Shape, gaps: list[float], rules: Rules, data: st.DataObject) -> None:
    """Few marks, in order, long lives first, none below the minimum or after what changes; and always alike."""
    number = data.draw(st.none() | st.integers(0, len(shape.messages) - 1), label="volatile")
    if number is not None:
        volatile = replace(shape.messages[number], volatile=True)
        shape = replace(shape, messages=(*shape.messages[:number], volatile, *shape.messages[number + 1 :]))
    planned = plan(shape, rules, SONNET, least=LEAST, gaps=gaps)
    assert planned == plan(shape, rules, SONNET, least=LEAST, gaps=gaps)
    afters = [one.after for one in planned.breakpoints]
    assert len(afters) <= max(0, rules.marks - (rules.marks > 1 and planned.implicit))
    assert afters == sorted(set(afters))
    assert [one.ttl for one in planned.breakpoints] == sorted((one.ttl for one in planned.breakpoints), key=_life)
    for one in planned.breakpoints:
        assert one.after < len(shape.messages) if number is None else one.after < number
        assert before(shape, one.after) >= LEAST
        if one.after != TOOLS:
            place = shape.messages[one.after]
            assert place.marked
            assert rules.answers or place.role != "assistant"
        assert one.ttl in {rules.short, rules.long}
    assert planned.implicit <= rules.implicit


def _life(ttl: str) -> int:
    return -{"5m": 5, "30m": 30, "1h": 60, "12h": 720}[ttl]


@given(shapes, places("assistant"), st.lists(places("tool") | places("user"), min_size=1, max_size=4), gap)
def test_what_one_request_wrote_the_next_one_reads(
    shape: Shape, answer: Place, more: list[Place], seconds: float
) -> None:
    """However many blocks were added, and also where runs of calls and results do not count as one."""
    assume(answer.tokens > 0)
    cache = AnthropicCache(Clock(), LEAST, runs=False)
    first = plan(shape, CLAUDE, SONNET, least=LEAST)
    wrote = served(cache, shape, first)
    longer = replace(shape, messages=(*shape.messages, answer, *more))
    second = served(cache, longer, plan(longer, CLAUDE, SONNET, least=LEAST, gaps=[min(seconds, 290)]))
    assert second.read == wrote.read + wrote.short + wrote.long


@given(shapes, st.lists(gap, max_size=12), st.sampled_from(ALL))
def test_no_more_is_readable_than_there_is(shape: Shape, gaps: list[float], rules: Rules) -> None:
    """The low end of an estimate: nothing below the minimum, nothing of what is new, nothing if nothing is kept."""
    most = readable(shape, rules, plan(shape, rules, SONNET, least=LEAST, gaps=gaps), least=LEAST)
    assert most == 0 or LEAST <= most <= before(shape, len(shape.messages) - 1)
    assert readable(shape, rules, NO_CACHE, least=LEAST) == 0


def conversation(*messages: Place) -> Shape:
    """One with the usual beginning."""
    return Shape(TOOL, (SYSTEM, *messages))


def said(*messages: Place, gaps: Sequence[float] = (), prices: Prices = SONNET) -> tuple[Breakpoint, ...]:
    """Where Claude's breakpoints are."""
    return plan(conversation(*messages), CLAUDE, prices, least=LEAST, gaps=gaps).breakpoints


def test_a_first_request_keeps_its_head_and_its_tail() -> None:
    """Both for 5 minutes: a pause can still be prepared for later, and cheaply."""
    assert said(ASK) == (Breakpoint(0), Breakpoint(1))


def test_the_next_one_keeps_what_was_asked_before_too() -> None:
    """So that it is found, and lives on. Its own beginning is made to last an hour, at the price of the answer."""
    assert said(ASK, ANSWER, ASK, gaps=[20]) == (
        Breakpoint(0, "1h"),
        Breakpoint(1, "1h"),
        Breakpoint(2, "1h"),
        Breakpoint(3),
    )


def test_pauses_are_learnt() -> None:
    """Where each gap is longer than 5 minutes, all is written for an hour, or nothing where no hour is to be had."""
    spoken = [one for _ in range(9) for one in (ASK, ANSWER)]
    assert {one.ttl for one in said(*spoken, ASK, gaps=[1200] * 9)} == {"1h"}
    assert plan(conversation(*spoken, ASK), replace(CLAUDE, long=None), SONNET, gaps=[1200] * 9) == NO_CACHE


def test_what_never_pays_is_not_written() -> None:
    """Gaps of hours, or a price of reading that saves nothing."""
    spoken = [one for _ in range(9) for one in (ASK, ANSWER)]
    assert plan(conversation(*spoken, ASK), CLAUDE, SONNET, gaps=[9000.0] * 9) == NO_CACHE
    dear = replace(SONNET, cache_read=Decimal(3))
    assert plan(conversation(ASK), CLAUDE, dear) == NO_CACHE


def test_a_long_turn_has_a_mark_in_its_middle() -> None:
    """More than 15 blocks: who goes on from there finds it."""
    burst = (replace(CALL, blocks=8), *[replace(RESULT, blocks=8)] * 2)
    planned = plan(conversation(ASK, *burst), replace(CLAUDE, long=None), SONNET, least=LEAST, gaps=[5])
    assert [one.after for one in planned.breakpoints] == [0, 1, 2, 4]


def test_no_mark_in_the_middle_is_below_the_minimum() -> None:
    """Nothing is kept there, so it would be one for nothing."""
    shape = Shape(Place(983), (Place(41, 16, "user"),))
    assert plan(shape, CLAUDE, SONNET, least=LEAST).breakpoints == (Breakpoint(0),)


def test_the_tools_are_marked_where_the_system_changes() -> None:
    """And nothing after it."""
    shape = Shape(TOOL, (replace(SYSTEM, volatile=True), ASK))
    assert plan(shape, CLAUDE, SONNET, least=LEAST).breakpoints == (Breakpoint(TOOLS),)


def test_gpt_is_told_only_what_it_does_not_do_itself() -> None:
    """The head is marked for other conversations; the tail is kept unasked, unless it changes."""
    assert plan(conversation(ASK), MARKED, SONNET) == CachePlan((Breakpoint(0, "30m"),))
    changing = conversation(ASK, replace(ASK, volatile=True))
    marks = (Breakpoint(0, "30m"), Breakpoint(1, "30m"))
    assert plan(changing, MARKED, SONNET) == CachePlan(marks, implicit=False)
    assert plan(Shape(None, (ASK,)), MARKED, SONNET) == CachePlan()


@pytest.mark.parametrize(
    ("rules", "gaps", "ttl"),
    [(KEPT_A_DAY, [20.0], None), (KEPT_A_DAY, [20.0, 400.0], "24h"), (KEYED, [400.0], None), (GEMINI, [400.0], None)],
)
def test_a_day_is_asked_for_once_it_was_missed(rules: Rules, gaps: list[float], ttl: str | None) -> None:
    """It costs nothing, but what is not needed is not kept."""
    assert plan(conversation(ASK), rules, SONNET, gaps=gaps).ttl == ttl


def test_gemini_behind_a_router_has_one_mark() -> None:
    """Where nothing changes, if the next request comes soon enough. A price of $0.375 is for keeping alone."""
    prices = replace(PRO, cache_write_short=Decimal("0.375"))
    assert plan(conversation(ASK), ROUTED_GEMINI, prices).breakpoints == (Breakpoint(0),)
    spoken = [one for _ in range(9) for one in (ASK, ANSWER)]
    assert plan(conversation(*spoken, ASK), ROUTED_GEMINI, prices, gaps=[900.0] * 9) == CachePlan()


def test_multiples_are_of_the_actual_prices() -> None:
    """0.1 and 1.25 hold for many models and not for all; unknown prices are planned with as the usual ones."""
    opus = Prices(Decimal(4), Decimal(20), Decimal("0.2"), Decimal(5), Decimal(8))
    assert (multiples(opus).read, multiples(opus).short, multiples(opus).long) == (0.05, 1.25, 2.0)
    assert multiples(UNKNOWN) == multiples(SONNET)
    assert multiples(replace(SONNET, cache_write_long=None)).long == float("inf")


@given(st.floats(0, 0.9), st.floats(1, 3), st.integers(1, 60))
def test_break_even(read: float, write: float, uses: int) -> None:
    """More uses than that cost less kept than not, fewer cost more."""
    kept, bare = write + (uses - 1) * read, uses
    even = break_even(write, read)
    assume(abs(uses - even) > 1e-6)
    assert (kept < bare) == (uses > even)


def test_renting_pays_where_gemini_would_have_forgotten() -> None:
    """By hand: 20 requests of 100,000 tokens, 8 minutes apart; $1.125 saved of a million, $4.50 an hour for it."""
    shape = Shape(TOOL, (Place(97_000), ASK))
    found = rental(shape, GEMINI, PRO, Decimal("4.5"), gaps=[480.0] * 20)
    assert found is not None
    assert (found.covered, found.tokens, found.seconds) == (0, 100_000, 9600)
    assert found.saving == (20 * Decimal("1.125") - Decimal("1.25") - Decimal("4.5") * 9600 / 3600) / 10
    assert rental(shape, GEMINI, PRO, Decimal("4.5"), gaps=[60.0] * 20) is None
    assert rental(shape, GEMINI, PRO, Decimal("4.5"), gaps=[1200.0] * 20) is None
    assert rental(shape, GEMINI, PRO, None, gaps=[480.0] * 20) is None
    assert rental(Shape(None, (ASK, ANSWER, ASK)), GEMINI, PRO, Decimal("0.1"), gaps=[480.0] * 20) is None
    assert rental(shape, CLAUDE, PRO, Decimal("4.5"), gaps=[480.0] * 20) is None


@given(st.lists(gap, min_size=1, max_size=15), st.integers(3000, 200_000), st.decimals("0.1", 20, places=2))
def test_a_rental_saves_just_what_it_says(gaps: list[float], size: int, storage: Decimal) -> None:
    """If things go on as they went: the bill with it and the one without differ by that, and there is none below 0."""
    shape = Shape(None, (Place(size), ASK))
    found = rental(shape, GEMINI, PRO, storage, gaps=gaps)
    assert PRO.input
    assert PRO.cache_read
    seconds = max(60, round(sum(gaps) / 60) * 60)
    without = sum(PRO.input if one > 300 else PRO.cache_read for one in gaps)
    rented = PRO.input + storage * seconds / 3600 + len(gaps) * PRO.cache_read
    saving = (without - rented) * size / 10**6
    assert abs((found.saving if found else 0) - max(saving, Decimal(0))) < Decimal("1e-15")


def test_the_shape_of_messages() -> None:
    """Thoughts and blanks can't carry a mark, and each tool is a block."""
    thought = Thinking("hm", "s")
    messages = [
        Message("system", (Text("be brief"),)),
        user("look", Attachment("a.png", "image/png", b"x")),
        Message("assistant", (thought, ToolCall("c", "f", "{}"))),
        Message("tool", (ToolResult("c", "1"), ToolResult("d", "2"))),
        Message("assistant", (thought, Text(" "))),
    ]
    tools = [ToolSpec("f", "", {}), ToolSpec("g", "", {})]
    assert shape_of(messages, tools, (50, (1, 2, 3, 4, 5)), volatile={1}) == Shape(
        Place(50, 2),
        (
            Place(1),
            Place(2, 2, "user", volatile=True),
            Place(3, 2, "assistant"),
            Place(4, 2, "tool"),
            Place(5, 2, "assistant", marked=False),
        ),
    )
    assert shape_of([], [], (0, ())) == Shape(None, ())


def test_no_mark_stands_below_the_minimum_where_a_turn_is_long() -> None:
    """The middle of a first turn of many blocks is marked only where so much is kept."""
    talk = (Place(0, role="user"), Place(0, role="assistant"), Place(378, 13, role="tool"))
    marks = plan(Shape(Place(646), talk), CLAUDE, SONNET, least=LEAST, gaps=[], expected="loop").breakpoints
    assert [mark.after for mark in marks] == [2]
