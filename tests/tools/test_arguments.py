"""Arguments against the schema of their tool."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.errors import ToolError
from agentctl.tools.arguments import check

SCHEMA = {
    "type": "object",
    "properties": {
        "path": {"type": "string", "minLength": 1, "maxLength": 5},
        "limit": {"type": "integer", "minimum": 1, "maximum": 9},
        "ratio": {"type": "number"},
        "all": {"type": "boolean"},
        "kind": {"enum": ["a", "b"]},
        "names": {"type": "array", "items": {"type": "string"}},
        "either": {"type": ["string", "null"]},
        "inner": {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]},
    },
    "required": ["path"],
    "additionalProperties": False,
}

WRONG: dict[str, tuple[Any, str]] = {
    "no object": ([], "the arguments must be object, and is array"),
    "missing": ({}, "argument path is missing"),
    "unknown": ({"path": "x", "pth": 1}, "argument pth is not known; there are: path, limit"),
    "type": ({"path": 5}, "argument path must be string, and is integer"),
    "empty": ({"path": ""}, "argument path must not be empty"),
    "long": ({"path": "abcdef"}, "argument path has 6 characters, and at most 5"),
    "small": ({"path": "x", "limit": 0}, "argument limit must be 1 or more, and is 0"),
    "large": ({"path": "x", "limit": 10}, "argument limit must be 9 or less, and is 10"),
    "true is no integer": ({"path": "x", "limit": True}, "argument limit must be integer, and is boolean"),
    "fraction": ({"path": "x", "limit": 1.5}, "argument limit must be integer, and is number"),
    "choice": ({"path": "x", "kind": "c"}, "argument kind must be one of 'a', 'b'"),
    "item": ({"path": "x", "names": ["a", 1]}, r"argument names\[1\] must be string"),
    "either": ({"path": "x", "either": 1}, "argument either must be string or null, and is integer"),
    "inner": ({"path": "x", "inner": {}}, "argument inner.x is missing"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told(name: str) -> None:
    """The first thing that does not fit is named, with what would."""
    arguments, message = WRONG[name]
    with pytest.raises(ToolError, match=message) as caught:
        check(arguments, SCHEMA)
    assert caught.value.reason == "invalid"


VALUES = st.one_of(st.none(), st.booleans(), st.integers(-2, 12), st.floats(-1, 11), st.text(max_size=7))
MEMBERS = st.one_of(VALUES, st.lists(VALUES, max_size=2), st.dictionaries(st.sampled_from("xy"), VALUES, max_size=2))


@given(st.dictionaries(st.sampled_from([*SCHEMA["properties"], "other"]), MEMBERS, max_size=5))  # type: ignore[misc]
def test_the_verdict_is_that_of_json_schema(arguments: dict[str, Any]) -> None:
    """What is refused, and what is not, is what the standard's reference refuses."""
    try:
        check(arguments, SCHEMA)
        fits = True
    except ToolError:
        fits = False
    assert fits == jsonschema.Draft202012Validator(SCHEMA).is_valid(arguments)
