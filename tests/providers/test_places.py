"""A plan's places, carried to a request that lost some of its messages, and to those that can have a mark."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from support.parts import MESSAGES

from agentctl.breakpoints import NO_CACHE, TOOLS, Breakpoint, CachePlan, Rules
from agentctl.errors import UsageError
from agentctl.messages import Attachment, Message, Text, Thinking, ToolResult, ToolSpec, user
from agentctl.providers import caching
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.caching import rules
from agentctl.providers.history import adapt
from agentctl.providers.known import KNOWN
from agentctl.providers.places import carried, moved, speaks
from agentctl.providers.tools import in_order

ALL = Capabilities("p", media_types=("image/",))


def plan(*afters: int, covered: int = 0) -> CachePlan:
    """One with breakpoints at these places."""
    return CachePlan(tuple(Breakpoint(after) for after in afters), covered=covered)


@pytest.mark.parametrize(
    ("kept", "places"),
    [((0, 1, 2, 3), (0, 2, 3)), ((0, 2, 3), (0, 1, 2)), ((0, 1), (0, 1)), ((1, 3), (TOOLS, 0, 1)), ((), (TOOLS,))],
)
def test_places_move_back_to_what_is_still_there(kept: tuple[int, ...], places: tuple[int, ...]) -> None:
    """Those that meet are one."""
    assert moved(plan(0, 2, 3), kept) == plan(*places)


def test_of_two_that_meet_the_longer_lives() -> None:
    """And what lies in a cache is counted without what is gone."""
    both = CachePlan((Breakpoint(0, "1h"), Breakpoint(1)), covered=2)
    assert moved(both, (0,)) == CachePlan((Breakpoint(0, "1h"),), covered=1)
    assert carried(both, [True, False]) == {0: "1h"}


def test_a_mark_moves_to_the_nearest_before_that_can_carry_it() -> None:
    """In the order in which the provider reads; before all messages stand the tools."""
    assert carried(plan(3), [True, True, False, False]) == {1: "5m"}
    assert carried(plan(3), [False] * 4) == {TOOLS: "5m"}
    assert carried(plan(TOOLS, 1), [True, True]) == {TOOLS: "5m", 1: "5m"}
    assert carried(plan(0), [False, False, True], order=[2, 0, 1]) == {2: "5m"}
    assert carried(plan(9), [True]) == {TOOLS: "5m"}
    assert carried(None, [True]) == {}


@pytest.mark.parametrize(
    ("message", "able"),
    [
        (user("x"), True),
        (user(" "), False),
        (user("", Attachment("a.png", "image/png", b"x")), True),
        (Message("system", (Text("x"),)), True),
        (Message("tool", (ToolResult("c", "x"), ToolResult("d", ""))), False),
        (Message("tool", (ToolResult("c", "x"),)), True),
        (Message("assistant", (Text("x"),)), False),
        (Message("user", ()), False),
    ],
)
def test_what_can_carry_a_mark_where_answers_can_not(message: Message, *, able: bool) -> None:
    """What ends in something that is not the model's."""
    assert speaks(message) is able


def test_adapting_carries_the_plan_along() -> None:
    """Messages that a provider does not get take no place; without a plan nothing changes."""
    gone = Message("assistant", (Thinking("hm", "s", "q"),), "q/m")
    messages = (user("a"), gone, user("b"), Message("assistant", (Text("c"),)), user("d"))
    request = Request("m", messages, cache=plan(0, 2, 4, covered=3))
    assert adapt(request, ALL)[0].cache == plan(0, 1, 3, covered=2)
    assert adapt(Request("m", messages), ALL)[0].cache is None


@given(st.lists(MESSAGES, max_size=6), st.lists(st.integers(-1, 5), unique=True, max_size=4))
def test_places_stay_within_what_is_sent(messages: list[Message], afters: list[int]) -> None:
    """Whatever is left out, and in order."""
    known = [after for after in sorted(afters) if after < len(messages)]
    request = replace(Request("m", tuple(messages)), cache=plan(*known))
    try:
        adapted, _ = adapt(request, replace(ALL, media_types=("",)))
    except UsageError:  # one of the files is no text
        reject()
    assert adapted.cache
    places = [one.after for one in adapted.cache.breakpoints]
    assert places == sorted(set(places))
    assert all(TOOLS <= place < len(adapted.messages) for place in places)


def shuffled(value: Any, seed: int) -> Any:
    """The same JSON with the keys of its objects in another order."""
    if isinstance(value, Mapping):
        keys = sorted(value, key=lambda key: hash((seed, key)))
        return {key: shuffled(value[key], seed) for key in keys}
    return [shuffled(one, seed) for one in value] if isinstance(value, list) else value


JSON = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
SCHEMAS = st.dictionaries(st.text(max_size=4), JSON, max_size=4)


@given(st.dictionaries(st.text(max_size=4), SCHEMAS, max_size=5), st.randoms(use_true_random=False), st.integers())
def test_the_same_tools_are_the_same_bytes(schemas: dict[str, Any], random: Any, seed: int) -> None:
    """In whatever order they and the words of their schemas come; and they mean what they meant."""
    tools = [ToolSpec(name, "does it", schema) for name, schema in schemas.items()]
    others = [replace(tool, parameters=shuffled(tool.parameters, seed)) for tool in tools]
    random.shuffle(others)
    assert json.dumps([*map(repr, in_order(tools))]) == json.dumps([*map(repr, in_order(others))])
    assert {tool.name: tool.parameters for tool in in_order(tools)} == schemas


def test_tools_are_ordered_for_a_cache_alone() -> None:
    """Where nothing is planned, they are sent as they came."""
    tools = (ToolSpec("b", "", {"z": 1, "a": 2}), ToolSpec("a", "", {}))
    assert adapt(Request("m", (user("x"),), tools=tools), ALL)[0].tools == tools
    adapted, _ = adapt(Request("m", (user("x"),), tools=tools, cache=NO_CACHE), ALL)
    assert [(tool.name, [*tool.parameters]) for tool in adapted.tools] == [("a", []), ("b", ["a", "z"])]


@pytest.mark.parametrize(
    ("provider", "model", "found"),
    [
        ("anthropic", "claude-sonnet-4-5", caching.CLAUDE),
        ("anthropic", "kimi-k2", caching.NOTHING_KNOWN),
        ("openai", "gpt-5.6-sol", replace(caching.MARKED, long="12h")),
        ("openai", "ft:gpt-6:org", replace(caching.MARKED, long="12h")),
        ("openai", "gpt-5.5-2026-04-23", caching.KEPT_A_DAY),
        ("openai", "gpt-5", caching.KEPT_A_DAY),
        ("openai", "gpt-5-mini", caching.KEYED),
        ("openai", "gpt-35-turbo", caching.KEYED),
        ("openai", "o3", caching.KEYED),
        ("google", "gemini-2.5-pro", caching.GEMINI),
        ("google", "gemini-3-pro-preview", replace(caching.GEMINI, least=4096)),
        ("openrouter", "anthropic/claude-sonnet-4.5", caching.ROUTED_CLAUDE),
        ("openrouter", "google/gemini-2.5-pro", caching.ROUTED_GEMINI),
        ("openrouter", "openai/gpt-5.6-sol", caching.MARKED),
        ("openrouter", "openai/gpt-5", caching.NOTHING_KNOWN),
        ("openrouter", "x-ai/grok-4", caching.NOTHING_KNOWN),
        ("deepseek", "deepseek-chat", caching.NOTHING_KNOWN),
    ],
)
def test_which_rules_hold(provider: str, model: str, found: Rules) -> None:
    """By the API and the generation of the model."""
    assert rules(KNOWN[provider], model) == found


def test_rules_of_chat_completions() -> None:
    """OpenAI's own have those of its models, without the lifetime that only Responses have; others are not known."""
    own = replace(KNOWN["openai"], api="chat")
    assert rules(own, "gpt-5.6") == caching.MARKED
    assert rules(own, "gpt-4.1") == caching.KEPT_A_DAY
    assert rules(replace(own, cache_key=False), "gpt-5.6") == caching.NOTHING_KNOWN
