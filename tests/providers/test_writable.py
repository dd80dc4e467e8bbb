"""What can be written as JSON wherever it is put."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.providers.writable import arguments, arguments_text, is_writable

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(VALUES)
def test_what_is_writable_is_json(value: Any) -> None:
    """Just what a strict writer takes, as long as it is shallow."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        assert not is_writable(value)
    else:
        assert is_writable(value, 100)


def test_what_lies_too_deep_is_not_writable() -> None:
    """Nothing that is kept can break the writing of a later request, which holds it deeper still."""
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    assert not is_writable(deep)
    assert is_writable([[1]], 3)
    assert not is_writable([[1]], 2)


@pytest.mark.parametrize("text", ['{"city": "Paris"}', '{ "é" : [2.50, null] }', "{}", '{"a": "\\n\\u00e9"}'])
def test_sound_arguments_go_as_they_came(text: str) -> None:
    """To the byte, so that caches find them again."""
    assert arguments_text(text) == text


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("", {}),
        ('{"city": "Par', {"INVALID_JSON": '{"city": "Par'}),
        ("[1]", {"INVALID_JSON": "[1]"}),
        ("null", {"INVALID_JSON": "null"}),
        ('{"x": NaN}', {"INVALID_JSON": '{"x": NaN}'}),
        ('{"x": 1e999}', {"INVALID_JSON": '{"x": 1e999}'}),
        ('{"x": ' + "9" * 5000 + "}", {"INVALID_JSON": '{"x": ' + "9" * 5000 + "}"}),
        ('{"x": ' + "[" * 500 + "]" * 500 + "}", {"INVALID_JSON": '{"x": ' + "[" * 500 + "]" * 500 + "}"}),
        ('{"x": "\\ud83d"}', {"x": "\ufffd"}),
        ('{"x": "\\uD83D\\uDE42"}', {"x": "🙂"}),
    ],
)
def test_what_is_no_object_goes_into_one(text: str, sent: dict[str, Any]) -> None:
    """Word for word, so that the model can see what it wrote; servers that parse it find an object."""
    assert arguments(text) == sent
    assert json.loads(arguments_text(text)) == sent


@given(st.text(max_size=20) | VALUES.map(json.dumps))
def test_any_arguments_are_an_object_of_strict_json(text: str) -> None:
    """The text that goes to a server is what the object says, and UTF-8."""
    sent = arguments_text(text)
    sent.encode()
    assert json.loads(sent, parse_constant=lambda _: pytest.fail("no JSON")) == arguments(text)
