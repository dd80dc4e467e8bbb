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
