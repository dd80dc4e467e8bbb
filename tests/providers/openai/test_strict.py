"""JSON schemas as OpenAI's strict mode takes them, and those that it does not."""

from __future__ import annotations

from typing import Any

import pytest

from agentctl.messages import user
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.openai import ChatCompletions
from agentctl.providers.openai.strict import is_strict
from agentctl.providers.responses import Responses

TEXT = {"type": "string"}


def closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


STRICT: list[dict[str, Any]] = [
    closed(),
    closed(a=TEXT, b={"type": ["string", "null"], "description": "perhaps"}),
    closed(a={"type": "array", "items": closed(b=TEXT), "minItems": 1}),
    closed(a={"anyOf": [TEXT, closed(b=TEXT)]}, c={"type": "string", "enum": ["x"], "pattern": "x"}),
    closed(a={"$ref": "#/$defs/a"}) | {"$defs": {"a": closed(b={"$ref": "#"})}},
    closed(a=TEXT) | {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A"},
]
LOOSE: list[dict[str, Any]] = [
    {},
    {"type": "object"},
    {"type": "array", "items": TEXT},
    {"anyOf": [closed(), closed(a=TEXT)]},
    closed(a=TEXT) | {"additionalProperties": True},
    closed(a=TEXT, b=TEXT) | {"required": ["a"]},
    closed(a={"type": "object", "properties": {"b": TEXT}}),
    closed(a={"type": ["object", "null"]}),
    closed(a={"type": "array", "items": {"type": "object"}}),
    closed(a={"anyOf": [TEXT, {}]}),
    closed(a={"oneOf": [TEXT]}),
    closed(a={"type": "string", "default": "x"}),
    closed(a={"$ref": "#/$defs/a", "description": "x"}) | {"$defs": {"a": TEXT}},
    closed(a={"$ref": "#/$defs/a"}) | {"$defs": {"a": {"type": "object"}}},
    closed(a=True),
]


@pytest.mark.parametrize("schema", STRICT)
def test_what_strict_mode_takes_is_a_rule(schema: dict[str, Any]) -> None:
    """The model can't but follow it."""
    assert is_strict(schema)
    assert _sent(schema) == [True, True]


@pytest.mark.parametrize("schema", LOOSE)
def test_what_strict_mode_refuses_is_sent_as_a_wish(schema: dict[str, Any]) -> None:
    """Unchanged, instead of an error, and the user is told."""
    assert _sent(schema) == [False, False]
    for codec in (ChatCompletions(Capabilities("p")), Responses(Capabilities("p"))):
        (told,) = codec.remarks(Request("m", (user("hi"),), schema=schema))
        assert "without `strict`" in told


def _sent(schema: dict[str, Any]) -> list[bool]:
    """What both APIs are told of it; the schema itself goes as it is."""
    request = Request("m", (user("hi"),), schema=schema)
    chat = ChatCompletions(Capabilities("p")).encode(request)["response_format"]["json_schema"]
    form = Responses(Capabilities("p")).encode(request)["text"]["format"]
    assert (chat["schema"], form["schema"]) == (schema, schema)
    return [chat["strict"], form["strict"]]
