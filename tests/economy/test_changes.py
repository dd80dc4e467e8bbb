"""What differs between two requests: the first differing place is named, and nothing is where nothing differs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.parts import SENT

from agentctl.breakpoints import NO_CACHE, TOOLS, Breakpoint, CachePlan
from agentctl.economy.changes import Change, change
from agentctl.economy.footprints import Footprint, extent, footprint
from agentctl.economy.kept import Kept, dump_body, dump_system, dump_tools, load_footprint
from agentctl.economy.prints import leaves, step
from agentctl.messages import Message, Text, ToolSpec, dump, load, user
from agentctl.providers.base import Request

FIXED = {"type", "data", "tools", "system", "messages", "parts", "parameters", "schema"}
"""What can't be just any text."""

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
NAMES = st.text(st.characters(codec="utf-8"), max_size=4)
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)
TOOL_LISTS = st.lists(
    st.builds(ToolSpec, NAMES, NAMES, st.dictionaries(NAMES, DOCUMENTS, max_size=3)),
    max_size=3,
    unique_by=lambda tool: tool.name,
)
REQUESTS = st.builds(
    Request,
    st.just("m"),
    st.lists(SENT, max_size=4).map(tuple),
    schema=st.none() | st.dictionaries(NAMES, DOCUMENTS, max_size=2),
    tools=TOOL_LISTS.map(tuple),
)
WEATHER = ToolSpec("weather", "tells it", {"type": "object", "properties": {"city": {"description": "where"}}})
CLOCK = ToolSpec("clock", "tells it", {"type": "object"})
MAIL = ToolSpec("mail", "sends it", {"type": "object"})
ASK = Request("m", (Message("system", (Text("be kind"),)), user("hi"), user("ho")), tools=(WEATHER, CLOCK))


def stored(request: Request) -> Footprint:
    """The footprint of a request, read back from where it was kept."""
    made = footprint(request, "p", 7)
    kept = load_footprint(Kept("p", request.model, 7, dump_tools(made), dump_system(made), dump_body(made)))
    messages = made.extent.messages if made.extent else 0
    assert kept == replace(made, messages=made.messages[:messages])
    return kept


def differs(old: Request, new: Request) -> Change | None:
    """The difference between two requests."""
    return change(stored(old), footprint(new, "p", 8))


def document(request: Request) -> Any:
    """The request as the JSON that paths are of."""
    spoken = [json.loads(dump(replace(message, model=None, stop_reason=None))) for message in request.messages]
    tools = [{"name": one.name, "description": one.description, "parameters": one.parameters} for one in request.tools]
    return {
        "tools": tools,
        "system": [part for one in spoken if one["role"] == "system" for part in one["parts"]],
        "messages": [one for one in spoken if one["role"] != "system"],
        "schema": request.schema,
    }


def request_of(told: Any) -> Request:
    """The request that such JSON stands for."""
    system = [{"role": "system", "parts": told["system"]}] if told["system"] else []
    messages = tuple(load(json.dumps(one)) for one in (*system, *told["messages"]))
    tools = tuple(ToolSpec(**tool) for tool in told["tools"])
    return Request("m", messages, schema=told["schema"], tools=tools)


def places(told: Any, path: str = "$") -> Iterator[tuple[Any, Any, str]]:
    """Each leaf that can have another value: what holds it, its key there, and its path."""
    items = told.items() if isinstance(told, dict) else enumerate(told)
    for key, value in items:
        at = path + (step(str(key)) if isinstance(told, dict) else f"[{key}]")
        if isinstance(value, dict | list) and value:
            yield from places(value, at)
        elif key not in FIXED:
            yield told, key, at


@given(REQUESTS, st.data())
def test_any_leaf_that_changes_is_named(request: Request, data: st.DataObject) -> None:
    """It is named by its path, or by that of what holds it."""
    old = document(request)
    new = deepcopy(old)
    found = list(places(new))
    assume(found)
    holder, key, path = data.draw(st.sampled_from(found))
    holder[key] = _another(holder[key])
    try:
        before, now = request_of(old), request_of(new)
    except ValueError:  # no request has such a value there
        assume(False)
    assume(document(before) != document(now))
    told = differs(before, now)
    assert told is not None
    rest = path[len(told.path) :] if path.startswith(told.path) else None
    assert rest == "" or (rest and rest[0] in ".["), (path, told)
    assert told.where == {"$.t": "tools", "$.m": "messages"}.get(
        told.path[:3], "system" if told.path.startswith("$.sy") else "settings"
    )


def _another(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    return "tool" if value in ("user", "assistant") else "user" if value == "tool" else f"{value}x"


@given(REQUESTS, st.lists(SENT.filter(lambda one: one.role != "system"), max_size=2))
def test_a_conversation_that_goes_on_has_not_changed(request: Request, more: list[Message]) -> None:
    """What comes after all that was there is no difference."""
    assert differs(request, replace(request, messages=(*request.messages, *more))) is None


@given(DOCUMENTS)
def test_every_leaf_has_a_path_of_its_own(told: Any) -> None:
    """No two share one, whatever their names are."""
    paths = [path for path, _ in leaves(told)]
    assert len(set(paths)) == len(paths)


@pytest.mark.parametrize(
    ("tools", "path", "text"),
    [
        ((MAIL, WEATHER, CLOCK), "$.tools[0]", "tool `mail` was added before `weather`"),
        ((WEATHER, CLOCK, MAIL), "$.tools[2]", "tool `mail` was added at the end"),
        ((CLOCK,), "$.tools[0]", "tool `weather` was removed"),
        ((WEATHER,), "$.tools[1]", "tool `clock` was removed"),
        ((CLOCK, WEATHER), "$.tools[0]", "the tools stand in another order: `clock` comes before `weather`"),
        ((MAIL, CLOCK), "$.tools[0]", "tool `mail` stands in the place of `weather`"),
        ((WEATHER, CLOCK, CLOCK), "$.tools[2]", "tool `clock` is there more or less often"),
        (
            (replace(WEATHER, parameters={"type": "object", "properties": {"city": {"description": "x"}}}), CLOCK),
            "$.tools[0].parameters.properties.city.description",
            "tool `weather` changed at $.tools[0].parameters.properties.city.description",
        ),
    ],
)
def test_tools_are_told_by_their_names(tools: tuple[ToolSpec, ...], path: str, text: str) -> None:
    """One that is new, gone, elsewhere or another is said to be that."""
    assert differs(ASK, replace(ASK, tools=tools)) == Change("tools", path, text)


def test_the_order_of_keys_is_no_difference() -> None:
    """Nor is a list where a tuple was: in JSON they are one."""
    turned = ToolSpec("weather", "tells it", dict(reversed(list(WEATHER.parameters.items()))))
    assert differs(ASK, replace(ASK, tools=(turned, CLOCK))) is None


def test_what_comes_first_in_a_prompt_is_named_first() -> None:
    """Tools before the system prompt, that before messages, and settings last."""
    system, *others = ASK.messages
    new = replace(ASK, messages=(Message("system", (Text("be brief"),)), user("x"), *others[1:]), effort="low")
    assert differs(ASK, new) == Change("system", "$.system[0].text", "the system prompt changed at $.system[0].text")
    kept = replace(new, messages=(system, *new.messages[1:]))
    path = "$.messages[0].parts[0].text"
    assert differs(ASK, kept) == Change("messages", path, f"an earlier message changed at {path}")
    assert differs(ASK, replace(ASK, effort="low")) == Change("settings", "$.effort", "$.effort is another")


def test_an_earlier_end_is_a_difference() -> None:
    """What was kept of a longer conversation is of no use to a shorter one."""
    told = differs(ASK, replace(ASK, messages=ASK.messages[:-1]))
    assert told == Change("messages", "$.messages[1]", "the conversation ends before $.messages[1]")


LONG = Message("system", (Text("stable"), Text("today"))), user("a"), Message("user", (Text("b"), Text("now")))


@pytest.mark.parametrize(
    ("plan", "changed"),
    [
        (None, "$.system[1].text"),
        (CachePlan(), "$.system[1].text"),
        (CachePlan((Breakpoint(TOOLS),), implicit=False), None),
        (CachePlan((Breakpoint(0),), implicit=False), "$.system[1].text"),
        (CachePlan(resource="cachedContents/1", covered=1, implicit=False), "$.system[1].text"),
        (NO_CACHE, None),
    ],
)
def test_only_what_was_kept_counts(plan: CachePlan | None, changed: str | None) -> None:
    """What changes behind the last breakpoint, as the date may, is no difference."""
    old = Request("m", LONG, cache=plan)
    new = replace(old, messages=(Message("system", (Text("stable"), Text("tomorrow"))), *LONG[1:]))
    found = differs(old, new)
    assert (found and found.path) == changed


def test_the_system_prompt_may_not_grow_before_what_was_kept() -> None:
    """Another part of it moves all messages; where it was kept alone it does not."""
    grown = (Message("system", (*LONG[0].parts, Text("more"))), *LONG[1:])
    old = Request("m", LONG)
    found = differs(old, replace(old, messages=grown))
    assert found == Change("system", "$.system[2]", "the system prompt goes on at $.system[2]")
    old = Request("m", LONG, cache=CachePlan((Breakpoint(0),), implicit=False))
    assert differs(old, replace(old, messages=grown)) is None


def test_marks_count_blocks() -> None:
    """Each part up to a breakpoint is one."""
    marks = CachePlan((Breakpoint(TOOLS), Breakpoint(0), Breakpoint(2)), implicit=False)
    assert stored(Request("m", LONG, cache=marks)).marks == (0, 2, 5)
    assert extent((), None) is not None


def test_a_long_conversation_leaves_a_small_footprint() -> None:
    """A thousand messages take tens of kilobytes, however long they are, and nothing of what they say."""
    talk = tuple(user(f"secret {number} " * 50) for number in range(1000))
    body = dump_body(stored(Request("m", talk)))
    assert len(body) < 30_000
    assert "secret" not in body
