"""The tools of added components, as the loop calls them."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from support.components import ARITHMETIC, CACHE, built, write

from agentctl.errors import ToolError
from agentctl.tools.base import Outcome, Plan
from agentctl.tools.wasm.added.library import Library
from agentctl.tools.wasm.added.manifest import Entry, Offer
from agentctl.tools.wasm.added.naming import tool_names
from agentctl.tools.wasm.added.offers import described, offers_of
from agentctl.tools.wasm.added.tool import ComponentTool, component_tools, effect
from agentctl.tools.wasm.grants import Grants, Limits, Preopen
from agentctl.tools.wasm.host.client import Host
from agentctl.tools.wasm.inspection.inspector import inspect


@asynccontextmanager
async def _tools(
    path: Path, home: Path, *, grants: Grants | None = None, limits: Limits | None = None
) -> AsyncIterator[dict[str, ComponentTool]]:
    """The tools of a component that was just added."""
    data = path.read_bytes()  # noqa: ASYNC240 - nothing else waits
    async with Host(CACHE / "components") as host:
        offers = await offers_of(path, inspect(data).exports, host)
        entry = _entry(path, offers, grants or Grants(), limits or Limits())
        kept = Library(home / "tools").add(entry, data)
        yield {tool.spec.name: tool for tool in component_tools(kept, host)}


def _entry(path: Path, offers: tuple[Offer, ...], grants: Grants, limits: Limits, name: str = "one") -> Entry:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""
    return Entry(name, path, sha256, grants, limits, (), offers, 0, str(path))


async def _call(tool: ComponentTool, arguments: Mapping[str, Any]) -> tuple[Plan, Outcome]:
    plan = await tool.plan(arguments)
    return plan, await plan.run()


def test_a_function_is_a_tool(tmp_path: Path) -> None:
    """It has its schema; a call's plan says what it is, and its outcome what it cost."""

    async def run() -> None:
        async with _tools(write(tmp_path / "a.wasm", ARITHMETIC), tmp_path) as tools:
            assert [*tools] == ["one__add", "one__half", "one__spin"]
            assert tools["one__add"].spec.parameters["required"] == ["a", "b"]
            assert "component one" in tools["one__add"].spec.description
            plan, outcome = await _call(tools["one__add"], {"a": 40, "b": 2})
            assert (plan.summary, plan.effect, plan.preview) == ('one__add {"a": 40, "b": 2}', "none", "")
            assert (outcome.content, outcome.is_error) == ("42", False)
            assert outcome.details["fuel"] > 0
            assert outcome.details["duration_ms"] > 0

    asyncio.run(run())


@pytest.mark.parametrize(
    ("name", "arguments", "reason"),
    [("one__half", {"of": 3}, "trap"), ("one__half", {"of": -1}, "invalid"), ("one__spin", {}, "fuel")],
)
def test_a_call_that_fails_says_how(name: str, arguments: dict[str, Any], reason: str, tmp_path: Path) -> None:
    """Its error has the kind of failure."""

    async def run() -> None:
        path = write(tmp_path / "a.wasm", ARITHMETIC)
        async with _tools(path, tmp_path, limits=Limits(fuel=10_000)) as tools:
            with pytest.raises(ToolError) as failed:
                await _call(tools[name], arguments)
            assert failed.value.reason == reason

    asyncio.run(run())


def test_a_changed_copy_is_denied(tmp_path: Path) -> None:
    """Also when it was changed after the tools were made."""

    async def run() -> None:
        async with _tools(write(tmp_path / "a.wasm", ARITHMETIC), tmp_path) as tools:
            tool = tools["one__add"]
            tool.entry.path.chmod(0o600)
            write(tool.entry.path, ARITHMETIC.replace("i32.add", "i32.mul"))
            with pytest.raises(ToolError) as failed:
                await _call(tool, {"a": 1, "b": 2})
            assert failed.value.reason == "denied"

    asyncio.run(run())


def test_a_component_of_our_world_speaks_for_itself(tmp_path: Path) -> None:
    """Its results are text, and its errors are the model's to read."""

    async def run() -> None:
        async with _tools(built("json"), tmp_path) as tools:
            assert [*tools] == ["one__query", "one__outline"]
            _, found = await _call(tools["one__query"], {"json": '{"a": [1, 2]}', "path": "$.a[1]"})
            assert (found.content, found.is_error) == ("[2]", False)
            _, failed = await _call(tools["one__query"], {"json": "{", "path": "$"})
            assert failed.is_error
            assert failed.content.startswith("invalid: the document is not JSON")

    asyncio.run(run())


def test_what_a_result_is_made_of_is_told_without_its_wrapping(tmp_path: Path) -> None:
    """`ok` is the result and `err` an error, each as JSON where it is more than text."""

    async def run() -> None:
        async with _tools(built("units"), tmp_path) as tools:
            _, found = await _call(tools["one__convert"], {"value": 1, "source": "in", "target": "cm"})
            assert (found.content, found.is_error) == ('{"value": 2.54, "unit": "cm", "dimension": "length"}', False)
            _, failed = await _call(tools["one__convert"], {"value": 1, "source": "in", "target": "kg"})
            assert (failed.content, failed.is_error) == ("in is a unit of length, and kg one of mass", True)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("grants", "most"),
    [
        (Grants(), "none"),
        (Grants(clock=True, random=True), "none"),
        (Grants(env={"A": "b"}), "read"),
        (Grants((Preopen(Path("/x"), "/x"),)), "read"),
        (Grants((Preopen(Path("/x"), "/x", writable=True),)), "write"),
        (Grants((Preopen(Path("/x"), "/x", writable=True),), hosts=("example.com",)), "network"),
    ],
)
def test_the_strongest_grant_is_the_effect(grants: Grants, most: str) -> None:
    """What a call may do at most is decided by what was granted."""
    assert effect(grants) == most


def test_names_are_what_models_take_and_differ() -> None:
    """Long and odd ones are cut to what fits, and none is another's."""
    long = "f" * 80
    offers = tuple(Offer(name, name, "", {}) for name in (f"{long}1", f"{long}2", "a.b", "a_b"))
    names = tool_names(_entry(Path("x"), offers, Grants(), Limits(), "c" * 40))
    assert len(set(names)) == len(offers)
    assert all(len(name) <= 64 and name.replace("_", "").isalnum() for name in names)
    a, a_b = (
        tool_names(_entry(Path("x"), tuple(Offer(f, f, "", {}) for f in functions), Grants(), Limits(), name))
        for name, functions in (("a", ("b_c", "d")), ("a_b", ("c", "d")))
    )
    assert not set(a) & set(a_b)
    single = (Offer("", "run", "", {}),)
    assert tool_names(_entry(Path("x"), single, Grants(), Limits(), "just-one")) == ("just-one",)


@pytest.mark.parametrize(
    "specs",
    [
        [],
        [{"name": "a\n", "description": "", "input-schema": '{"type": "object"}'}],
        [{"name": "a" * 65, "description": "", "input-schema": '{"type": "object"}'}],
        [{"name": f"a{i}", "description": "", "input-schema": '{"type": "object"}'} for i in range(129)],
        [{"name": "a b", "description": "", "input-schema": '{"type": "object"}'}],
        [{"name": "a", "description": "", "input-schema": "{"}],
        [{"name": "a", "description": "", "input-schema": '{"type": "string"}'}],
        [{"name": "a", "description": "x" * 70_000, "input-schema": '{"type": "object"}'}],
        [{"name": "a", "description": "", "input-schema": '{"type": "object"}'}] * 2,
    ],
)
def test_a_description_that_makes_no_sense_is_refused(specs: list[dict[str, str]]) -> None:
    """What a component says of itself is checked before a model hears of it."""
    with pytest.raises(ToolError) as failed:
        described(specs, "call")
    assert failed.value.reason == "invalid"


def _deep(levels: int) -> str:
    return '{"type": "array", "items": ' * levels + "{}" + "}" * levels


@pytest.mark.parametrize(
    "more",
    [
        *('"properties": [1]', '"properties": null', '"required": 5', '"required": [{}]', '"properties": {"x": 1}'),
        *(
            f'"properties": {{"x": {{{one}}}}}'
            for one in (
                '"enum": 5',
                '"anyOf": 5',
                '"oneOf": [5]',
                '"type": 7',
                '"type": {}',
                '"type": []',
                '"items": 5',
            )
        ),
        *(f'"properties": {{"x": {_deep(levels)}}}' for levels in (40, 900, 2000)),
        *('"x": NaN', '"x": 1e999', '"x": [-Infinity]', '"title": "\\ud800"'),
        *('"properties": {"x)\\nc asks for nothing": {}}', '"properties": {"": {}}', '"properties": {"\\ud800": {}}'),
        f'"properties": {{"{"x" * 65}": {{}}}}',
    ],
)
def test_a_schema_that_is_none_is_refused(more: str) -> None:
    """Whoever reads it later, here or at a provider, can rely on its form."""
    with pytest.raises(ToolError, match="schema of the tool a") as failed:
        described([{"name": "a", "description": "", "input-schema": f'{{"type": "object", {more}}}'}], "call")
    assert failed.value.reason == "invalid"


@pytest.mark.parametrize("specs", [5, None, "a", [5], [{"name": "a"}], {"name": "a"}])
def test_a_describe_of_another_type_is_refused(specs: Any) -> None:
    """A component may export our names with types of its own."""
    with pytest.raises(ToolError) as failed:
        described(specs, "call")
    assert failed.value.reason == "invalid"


def test_a_usual_schema_is_kept() -> None:
    """With keywords that are not read here as well."""
    schema = {
        "type": "object",
        "properties": {"a": {"type": ["string", "null"], "enum": ["x", None]}, "b.c": {"items": {"$ref": "#/$defs/d"}}},
        "required": ["a"],
        "additionalProperties": False,
        "$defs": {"d": {"anyOf": [{"type": "integer"}, True]}},
        "x-more": 1.5,
    }
    (offer,) = described([{"name": "a.b", "description": "", "input-schema": json.dumps(schema)}], "call")
    assert (offer.name, offer.parameters) == ("a.b", schema)
