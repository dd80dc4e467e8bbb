"""A conversation that other providers had a part in, as one provider takes it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.parts import MESSAGES

from agentctl.errors import UsageError
from agentctl.messages import Attachment, Message, Part, Text, Thinking, ToolCall, ToolResult, ToolSpec, user
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.history import adapt, call_names

ALL = Capabilities("p", media_types=("image/", "application/pdf"), signatures="provider")
PNG = Attachment("cat.png", "image/png", b"\x89PNG")


def answer(*parts: Part, model: str = "p/m") -> Message:
    """An answer of a model."""
    return Message("assistant", parts, model, "end_turn")


def result(*ids: str) -> Message:
    """What tools answered to the calls of these ids."""
    return Message("tool", tuple(ToolResult(id_, f"result of {id_}") for id_ in ids))


def sent(*messages: Message, capabilities: Capabilities = ALL, model: str = "m") -> tuple[Message, ...]:
    """The messages as the provider takes them."""
    return adapt(Request(model, messages), capabilities)[0].messages


def notes(*messages: Message, capabilities: Capabilities = ALL) -> tuple[str, ...]:
    """What the user is told of it."""
    return adapt(Request("m", messages), capabilities)[1]


def test_its_own_words_come_back_byte_for_byte() -> None:
    """Reasoning and signatures that a provider made itself are sent back as they are, and nothing is said."""
    own = answer(Thinking("hm", "s\u00e9\x00 1", "p"), Text("a", "s2"), ToolCall("c", "f", "{}", "s3"), model="p/old")
    assert sent(own, result("c"))[0] == own
    assert notes(user("x"), answer(Text("a")), user("y")) == ()


@pytest.mark.parametrize(("scope", "kept"), [("provider", True), ("model", False)])
def test_how_far_a_signature_means_something(scope: str, *, kept: bool) -> None:
    """Some providers take the reasoning of all their models back, some only that of the same one."""
    capabilities = replace(ALL, signatures=scope)  # type: ignore[arg-type]
    message = answer(Thinking("hm", "s", "p"), Text("a"), model="p/other")
    assert (sent(message, capabilities=capabilities)[0] == message) is kept


def test_what_others_signed_is_left_out_and_that_is_said_once() -> None:
    """Another's reasoning is dropped, its calls lose their signature, and only the turn that switches tells."""
    history = (
        user("x"),
        answer(Thinking("hm", "s", "q"), ToolCall("c", "f", "{}", "s"), model="q/m"),
        result("c"),
        answer(Text("done", "s"), model="q/m"),
        user("y"),
    )
    assert sent(*history)[1] == answer(ToolCall("c", "f", "{}"), model="q/m")
    assert sent(*history)[3] == answer(Text("done"), model="q/m")
    assert notes(*history) == ("not sent to p: another model's reasoning",)
    assert notes(*history, answer(Text("mine")), user("z")) == ()


def test_calls_and_results_that_stand_alone_are_left_out() -> None:
    """An interrupted turn leaves calls without a result, and what else is left over of one; servers refuse both."""
    assert sent(
        user("a"),
        answer(Text("b"), ToolCall("c1", "f", '{"x'), ToolCall("c2", "f", "{}")),
        result("c2", "c3"),
        answer(ToolCall("c1", "f", "{}")),
        user("later"),
        result("c1"),
    ) == (
        user("a"),
        answer(Text("b"), ToolCall("c2", "f", "{}")),
        Message("tool", (ToolResult("c2", "result of c2"),)),
        user("later"),
    )


def test_messages_that_are_emptied_are_left_out() -> None:
    """No provider takes a message with nothing in it."""
    assert sent(user("a"), answer(Thinking("hm", None, "q"), model="q/m"), Message("assistant", ()), user("b")) == (
        user("a"),
        user("b"),
    )


def test_an_id_names_one_call() -> None:
    """Servers that number the calls of each answer anew give two calls one id; other servers refuse that."""
    once = (answer(ToolCall("call_0", "f", "1")), result("call_0"))
    twice = sent(*once, answer(ToolCall("call_0", "g", "2")), result("call_0"))
    assert [part.id for part in (*twice[0].parts, *twice[2].parts) if isinstance(part, ToolCall)] == [
        "call_0",
        "call_0_2",
    ]
    assert [part.call_id for part in (*twice[1].parts, *twice[3].parts) if isinstance(part, ToolResult)] == [
        "call_0",
        "call_0_2",
    ]
    assert call_names(twice) == {"call_0": "f", "call_0_2": "g"}


@given(st.lists(st.text(max_size=6), min_size=1, max_size=5))
def test_ids_fit_the_provider(ids: list[str]) -> None:
    """An id that a provider would refuse becomes one that it takes, always the same for a call and its result."""
    history = [message for id_ in ids for message in (answer(ToolCall(id_, "f", "{}")), result(id_))]
    strict = replace(ALL, tool_id="[a-zA-Z0-9]{9}")
    messages = sent(*history, capabilities=strict)
    calls = [part.id for message in messages for part in message.parts if isinstance(part, ToolCall)]
    results = [part.call_id for message in messages for part in message.parts if isinstance(part, ToolResult)]
    assert calls == results
    assert len(calls) == len(ids)
    assert all(re.fullmatch(strict.tool_id, id_) for id_ in calls)
    assert messages == sent(*history, capabilities=strict)


def test_tools_become_text_where_there_are_none() -> None:
    """A provider without tools is told of earlier calls in words, and the user is told of that."""
    plain = replace(ALL, tools=False)
    history = (user("x"), answer(ToolCall("c", "f", '{"a":1}'), model="q/m"), result("c"), user("y"))
    assert sent(*history, capabilities=plain)[1:3] == (
        answer(Text('[called f with {"a":1}]'), model="q/m"),
        Message("user", (Text("[f answered: result of c]"),)),
    )
    assert notes(*history, capabilities=plain) == ("not sent to p: tool calls, but for a text about them",)


def test_files_that_earlier_models_took() -> None:
    """A file in an earlier message that this provider does not take becomes a word about it; a new one is refused."""
    blind = replace(ALL, media_types=())
    history = (user("what is it?", PNG), answer(Text("a cat"), model="q/m"), user("what colour?"))
    assert (
        sent(*history, capabilities=blind)[0].text == "[a file that can't be shown here: cat.png, image/png]what is it?"
    )
    assert notes(*history, capabilities=blind) == ("not sent to p: cat.png, for it does not take image/png",)
    assert sent(*history)[0] == history[0]
    with pytest.raises(UsageError, match=r"p does not take cat\.png: image/png") as caught:
        sent(user("x", PNG), capabilities=blind)
    assert caught.value.hint


@pytest.mark.parametrize("media_type", ["text/plain", "text/csv; charset=utf-8", "application/json", "image/svg+xml"])
def test_text_files_become_text(media_type: str) -> None:
    """A text file is sent as text with its name, whatever the provider takes."""
    file = Attachment("a.txt", media_type, "é\n".encode())
    assert sent(user("sum it up", file))[0].parts == (Text('<file name="a.txt">\né\n\n</file>'), Text("sum it up"))


def test_text_that_is_not_utf8_is_told_the_way_out() -> None:
    """Bytes of no known type may be text in another encoding, so the hint says which one it must have."""
    with pytest.raises(UsageError, match="does not take stdin: application/octet-stream") as caught:
        sent(user("x", Attachment("stdin", "application/octet-stream", b"\xff")))
    assert "UTF-8" in (caught.value.hint or "")
    with pytest.raises(UsageError, match=r"a\.txt is not UTF-8 text"):
        sent(user("x", Attachment("a.txt", "text/plain", b"\xff")))


@pytest.mark.parametrize(
    ("request_", "capabilities", "reason"),
    [
        (Request("m", (), schema={}), replace(ALL, json_schema=False), "p can't follow a JSON schema"),
        (Request("m", (), tools=(ToolSpec("f", "", {}),)), replace(ALL, tools=False), "p can't call tools"),
    ],
)
def test_what_a_provider_cant_do(request_: Request, capabilities: Capabilities, reason: str) -> None:
    """What the provider could only refuse is refused before anything is sent, with a way out."""
    with pytest.raises(UsageError, match=reason) as caught:
        adapt(request_, capabilities)
    assert caught.value.hint


@given(st.lists(MESSAGES, max_size=6), st.booleans())
def test_any_history_can_be_sent(messages: list[Message], tools: bool) -> None:
    """Whatever a database holds, no message is empty, calls and results pair up in order, and once is enough."""
    capabilities = replace(ALL, media_types=("",), tools=tools)
    try:
        adapted, _ = adapt(Request("m", tuple(messages)), capabilities)
    except UsageError:
        return  # a text file that is no text
    assert all(message.parts for message in adapted.messages)
    expected: set[str] = set()
    for message in adapted.messages:
        results = {part.call_id for part in message.parts if isinstance(part, ToolResult)}
        assert results <= expected
        if message.role != "tool":
            expected = {part.id for part in message.parts if isinstance(part, ToolCall)}
    assert adapt(adapted, capabilities)[0] == adapted
