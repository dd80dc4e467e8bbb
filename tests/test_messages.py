"""Messages and their stored form."""

import json

import pytest
from hypothesis import given
from support.parts import MESSAGES

from agentctl.messages import Attachment, Message, Text, Thinking, dump, load, user


@given(MESSAGES)
def test_stored_form_is_lossless_ascii(message: Message) -> None:
    """What is dumped as one line of ASCII loads as the same message, signatures and odd characters included."""
    text = dump(message)
    assert load(text) == message
    assert text.isascii()
    assert "\n" not in text


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"role": "user", "parts": [{"type": 1}]}', '{"role": "u"}'])
def test_what_is_no_message_is_refused(text: str) -> None:
    """A damaged body raises ValueError, whatever is wrong with it."""
    with pytest.raises(ValueError):  # noqa: PT011  # the type is the contract
        load(text)


PARTS = [
    {"type": "text", "text": 5},
    {"type": "text", "text": "x", "signature": []},
    {"type": "thinking", "text": None, "signature": None, "provider": None},
    {"type": "thinking", "text": "x", "signature": 1, "provider": None},
    {"type": "thinking", "text": "x", "signature": None, "provider": {}},
    {"type": "tool_call", "id": 1, "name": "n", "arguments": "{}"},
    {"type": "tool_call", "id": "1", "name": None, "arguments": "{}"},
    {"type": "tool_call", "id": "1", "name": "n", "arguments": {}},
    {"type": "tool_result", "call_id": "1", "content": [], "is_error": False},
    {"type": "tool_result", "call_id": 1, "content": "", "is_error": False},
    {"type": "tool_result", "call_id": "1", "content": "", "is_error": 1},
    {"type": "attachment", "name": 1, "media_type": "a/b", "data": ""},
    {"type": "attachment", "name": "n", "media_type": None, "data": ""},
    {"type": "attachment", "name": "n", "media_type": "a/b", "data": "eA"},
    {"type": "attachment", "name": "n", "media_type": "a/b", "data": "e A=="},
    {"type": "attachment", "name": "n", "media_type": "a/b", "data": "\xe9"},
    {"type": "summary", "text": 1, "kept": 0},
    {"type": "summary", "text": "", "kept": True},
    {"type": "summary", "text": "", "kept": -1},
    "text",
    [],
    {},
]
BODIES = [
    {"role": "root", "parts": []},
    {"role": ["user"], "parts": []},
    {"role": None, "parts": []},
    {"role": "user", "parts": {}},
    {"role": "user", "parts": ""},
    {"role": "user", "parts": [], "model": 5},
    {"role": "user", "parts": [], "stop_reason": "bored"},
    {"role": "user", "parts": [], "stop_reason": []},
]


@pytest.mark.parametrize("body", [*BODIES, *({"role": "user", "parts": [part]} for part in PARTS)], ids=json.dumps)
def test_a_value_of_another_type_is_refused(body: dict[str, object]) -> None:
    """Whoever wrote it, a message that was loaded has what its types promise."""
    with pytest.raises(ValueError, match="not a stored message: "):
        load(json.dumps(body))


@pytest.mark.parametrize("text", ["[" * 5000, '{"role": "user", "parts": []} ', "{"])
def test_what_is_no_json_is_refused_alike(text: str) -> None:
    """What is nested too deeply, cut off or followed by something is no stored message."""
    with pytest.raises(ValueError, match="not a stored message: "):
        load(text)


def test_text_and_thinking_are_read_apart() -> None:
    """A reader sees the text parts joined; the reasoning is asked for by itself."""
    message = Message("assistant", (Thinking("hm", "sig", "x"), Text("a"), Text("b")))
    assert (message.text, message.thinking) == ("ab", "hm")


def test_attachments_come_before_the_text_that_speaks_of_them() -> None:
    """A user's message with a file has the file first, and no empty text."""
    file = Attachment("a.txt", "text/plain", b"x")
    assert user("look", file).parts == (file, Text("look"))
    assert user("", file).parts == (file,)
    assert json.loads(dump(user("", file)))["parts"][0]["data"] == "eA=="
