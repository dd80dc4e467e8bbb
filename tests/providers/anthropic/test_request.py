"""What a request looks like to a Messages server."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from support.anthropic import events, redacted, text, thinking, tool_use
from support.parts import MESSAGES

from agentctl.errors import UsageError
from agentctl.messages import Attachment, Message, Text, Thinking, ToolCall, ToolResult, ToolSpec, dump, load, user
from agentctl.providers.anthropic import Messages
from agentctl.providers.anthropic.request import count, encode
from agentctl.providers.base import Capabilities, Effort, Request
from agentctl.providers.history import adapt
from agentctl.providers.known import KNOWN

GOLDEN = Path(__file__).parent / "golden"
CLAUDE = KNOWN["anthropic"]
PLAIN = Capabilities("anthropic", api="messages", signatures="provider")
ASK = Request("claude-sonnet-4-5", (user("hi"),))
PNG = Attachment("cat.png", "image/png", b"\x89PNG")
PDF = Attachment("a.pdf", "application/pdf", b"%PDF")
TOOL = ToolSpec("f", "does f", {"type": "object", "properties": {"x": {"type": "integer"}}})


def assistant(*parts: Text | Thinking | ToolCall) -> Message:
    """An earlier answer."""
    return Message("assistant", parts, "anthropic/claude-sonnet-4-5")


def result(*results: ToolResult) -> Message:
    return Message("tool", results)


def turns(*conversation: Message, model: str = "claude-sonnet-5-5") -> Any:
    """The `messages` of the body, to a model that thinks unasked."""
    return encode(Request(model, conversation), PLAIN)["messages"]


def test_the_least_request() -> None:
    """What is not asked for is not sent, but for the limit of tokens, which the API wants."""
    assert encode(ASK, PLAIN) == {
        "model": "claude-sonnet-4-5",
        "max_tokens": 8192,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
        "stream": True,
    }


def test_every_option() -> None:
    """Limits, temperature, schema, tools, the system message and the server's own fields go where the API has them."""
    schema = {"type": "object", "minProperties": 1}
    system = Message("system", (Text("be brief"),))
    request = Request("claude-sonnet-4-5", (system, user("hi")), 7, 0.5, schema, (TOOL,))
    body = encode(request, replace(PLAIN, extra_body={"inference_geo": "us"}))
    assert (body["max_tokens"], body["temperature"], body["inference_geo"]) == (7, 0.5, "us")
    assert body["output_config"] == {"format": {"type": "json_schema", "schema": schema}}
    assert body["tools"] == [{"name": "f", "description": "does f", "input_schema": TOOL.parameters}]
    assert body["system"] == [{"type": "text", "text": "be brief"}]
    assert [turn["role"] for turn in body["messages"]] == ["user"]


@pytest.mark.parametrize(
    ("wish", "ceiling", "limit"),
    [(None, None, 8192), (None, 4096, 4096), (None, 128_000, 32_000), (5, None, 5), (100_000, 64_000, 100_000)],
)
def test_the_limit_of_the_answer(wish: int | None, ceiling: int | None, limit: int) -> None:
    """The user's wish holds; else what the model can, but not absurdly much; else what every model can."""
    assert encode(replace(ASK, max_output=wish, output_ceiling=ceiling), PLAIN)["max_tokens"] == limit


def test_a_conversation() -> None:
    """Thoughts, text and calls keep their order, and results come back as the user's, errors marked as such."""
    assert turns(
        user("hi"),
        assistant(
            Thinking("hm", "sig", "anthropic"), Text("hello"), ToolCall("c1", "f", '{"x":1}'), ToolCall("c2", "g", "")
        ),
        result(ToolResult("c1", "done"), ToolResult("c2", "what?", is_error=True)),
        assistant(Text("bye")),
        user("ok"),
    ) == [
        {"role": "user", "content": [{"type": "text", "text": "hi"}]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "sig"},
                {"type": "text", "text": "hello"},
                {"type": "tool_use", "id": "c1", "name": "f", "input": {"x": 1}},
                {"type": "tool_use", "id": "c2", "name": "g", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "c1", "content": "done"},
                {"type": "tool_result", "tool_use_id": "c2", "content": "what?", "is_error": True},
            ],
        },
        {"role": "assistant", "content": [{"type": "text", "text": "bye"}]},
        {"role": "user", "content": [{"type": "text", "text": "ok"}]},
    ]


def test_results_come_first_and_in_one_turn() -> None:
    """Results in messages of their own, and what the user then says, are one turn that begins with the results."""
    calls = assistant(ToolCall("a", "f", "{}"), ToolCall("b", "f", "{}"))
    sent = turns(user("x"), calls, result(ToolResult("a", "1")), user("and?"), result(ToolResult("b", "2")))
    assert [block["type"] for block in sent[-1]["content"]] == ["tool_result", "tool_result", "text"]
    assert len(sent) == 3


def test_turns_alternate() -> None:
    """What one side says in several messages is one turn."""
    sent = turns(user("a"), user("b"), assistant(Text("c")), assistant(Text("d")), user("e"))
    assert [(turn["role"], len(turn["content"])) for turn in sent] == [("user", 2), ("assistant", 2), ("user", 1)]


def test_what_interrupted_turns_leave_is_left_out() -> None:
    """Half a thought, a thought with nothing after it and blank text are refused, so they are not sent."""
    half, blank = assistant(Thinking("half", None, "anthropic")), assistant(Text(" \n"))
    alone = assistant(Text("x"), Thinking("all", "sig", "anthropic"))
    sent = turns(user("a"), half, user("b"), blank, user("c"), alone, user("d"))
    assert [(turn["role"], [block["text"] for block in turn["content"]]) for turn in sent] == [
        ("user", ["a", "b", "c"]),
        ("assistant", ["x"]),
        ("user", ["d"]),
    ]


def test_an_answer_to_go_on_with_ends_in_no_blank() -> None:
    """The API refuses a last turn of the assistant that ends in white space."""
    assert turns(user("a"), assistant(Text("so \n")))[-1]["content"] == [{"type": "text", "text": "so"}]
    assert turns(user("a"), assistant(Text("so \n")), user("b"))[1]["content"] == [{"type": "text", "text": "so \n"}]
    assert turns(user("a"), assistant(Thinking("t", "s", "anthropic"))) == [
        {"role": "user", "content": [{"type": "text", "text": "a"}]}
    ]


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ('{"x": 1}', {"x": 1}),
        ("", {}),
        ('{"x": ', {"INVALID_JSON": '{"x": '}),
        ("[1]", {"INVALID_JSON": "[1]"}),
        ("7", {"INVALID_JSON": "7"}),
        ('{"x": NaN}', {"INVALID_JSON": '{"x": NaN}'}),
        ('{"x": 1e999}', {"INVALID_JSON": '{"x": 1e999}'}),
        ('{"x": "\\ud83d"}', {"x": "\ufffd"}),
        ('{"x": "\\ud83d\\ude00"}', {"x": "😀"}),
        ("\ud83d", {"INVALID_JSON": "\ufffd"}),
        ("[" * 100_000, {"INVALID_JSON": "[" * 100_000}),
    ],
)
def test_arguments_are_an_object(arguments: str, sent: dict[str, Any]) -> None:
    """The API wants an object; a model that wrote none is shown what it wrote, and the conversation goes on."""
    conversation = (user("a"), assistant(ToolCall("c", "f", arguments)), result(ToolResult("c", "r")))
    assert turns(*conversation)[1]["content"][0]["input"] == sent


def test_results_without_words() -> None:
    """An empty result is sent without content, an empty error with a word, for the API refuses it without."""
    calls = assistant(ToolCall("a", "f", "{}"), ToolCall("b", "f", "{}"))
    sent = turns(user("x"), calls, result(ToolResult("a", ""), ToolResult("b", "", is_error=True)))
    assert sent[-1]["content"] == [
        {"type": "tool_result", "tool_use_id": "a"},
        {"type": "tool_result", "tool_use_id": "b", "content": "error", "is_error": True},
    ]


def test_images_and_documents() -> None:
    """An image and a document are sent as base 64, in the order of the message."""
    assert turns(user("what is it?", PNG, PDF))[0]["content"] == [
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": base64.b64encode(PNG.data).decode()},
        },
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": base64.b64encode(PDF.data).decode()},
            "title": "a.pdf",
        },
        {"type": "text", "text": "what is it?"},
    ]


def test_half_characters_are_replaced() -> None:
    """The API refuses a body with half a character in it."""
    file = Attachment("f\udc80.pdf", "application/pdf", b"%PDF")
    conversation = (user("a\udc80", file), assistant(ToolCall("c", "f", "{}")), result(ToolResult("c", "r\udc80")))
    asked, _, told = turns(*conversation)
    assert [asked["content"][0]["title"], asked["content"][1]["text"]] == ["f\ufffd.pdf", "a\ufffd"]
    assert told["content"][0]["content"] == "r\ufffd"


def test_counting_asks_for_the_same() -> None:
    """What is counted is what would be sent, without what has no place in that question."""
    request = replace(ASK, temperature=0.5, schema={"type": "object"}, tools=(TOOL,), max_output=9)
    body = encode(request, PLAIN)
    assert count(request, PLAIN) == {name: body[name] for name in ("model", "messages", "tools", "output_config")}


THOUGHTS = st.tuples(st.text(), st.text(min_size=1)).map(lambda both: thinking(both[0], signature=both[1]))
BLOCKS = st.lists(
    THOUGHTS | st.text().map(redacted) | st.text(min_size=1).map(lambda words: text("x" + words)), max_size=6
)


@given(BLOCKS)
def test_what_was_thought_comes_back_byte_for_byte(answered: list[Any]) -> None:
    """Thoughts of every form go back as they came, in their places, after being stored."""
    codec = Messages(CLAUDE)
    fed = codec.decoder(Request("claude-opus-5-5", ()))
    for event in events(*answered, tool_use("c", "f", "{}"), reason="tool_use"):
        fed.feed(json.dumps(event))
    said = load(dump(fed.end().message))
    request, _ = adapt(Request("claude-opus-5-5", (user("q"), said, result(ToolResult("c", "r")))), CLAUDE)
    sent = codec.encode(request)["messages"][1]["content"]
    came = [
        dict(begun)
        if begun["type"] == "redacted_thinking"
        else {
            "type": "thinking",
            "thinking": "".join(delta.get("thinking", "") for delta in deltas),
            "signature": deltas[-1]["signature"],
        }
        for begun, deltas in answered
        if begun["type"] != "text"
    ]
    assert [block for block in sent if "thinking" in block["type"]] == came
    assert sent[-1] == {"type": "tool_use", "id": "c", "name": "f", "input": {}}


def test_a_golden_answer_comes_back_byte_for_byte() -> None:
    """The blocks of a recorded answer are sent back as the server sent them."""
    codec = Messages(CLAUDE)
    fed = codec.decoder(Request("claude-sonnet-5-5", ()))
    for line in (GOLDEN / "redacted.sse").read_text().splitlines():
        if line.startswith("data: "):
            fed.feed(line.removeprefix("data: "))
    said = load(dump(fed.end().message))
    request, _ = adapt(Request("claude-sonnet-5-5", (user("q"), said, user("r"))), CLAUDE)
    first, second, _ = codec.encode(request)["messages"][1]["content"]
    recorded = (GOLDEN / "redacted.sse").read_text()
    assert f'"signature": "{first["signature"]}"' in recorded
    assert json.dumps(second) in recorded


@given(
    st.lists(MESSAGES, max_size=6),
    st.sampled_from(["claude-opus-5-5", "claude-sonnet-4-5", "glm-5"]),
    st.sampled_from([None, "none", "high"]),
)
def test_any_conversation_is_in_order(conversation: list[Message], model: str, effort: Effort | None) -> None:
    """Whatever a session holds, turns alternate, none is empty, and the body is JSON in whole characters."""
    capabilities = replace(CLAUDE, media_types=("",))
    try:
        request, _ = adapt(Request(model, tuple(conversation), effort=effort), capabilities)
    except UsageError:
        reject()  # a file that no provider takes
    body = encode(request, capabilities)
    roles = [turn["role"] for turn in body["messages"]]
    assert all(role in ("user", "assistant") for role in roles)
    assert all(one != other for one, other in pairwise(roles))
    assert all(turn["content"] for turn in body["messages"])
    assert json.dumps([body["messages"], body.get("system")], allow_nan=False, ensure_ascii=False).encode()


@pytest.mark.parametrize(("name", "sent"), [("a.b:c", "a_b_c"), ("x" * 200, "x" * 128), ("", "_"), ("f-1_g", "f-1_g")])
def test_names_of_tools_fit(name: str, sent: str) -> None:
    """Names that other providers allow, or that a model made up, become ones that the API takes."""
    conversation = (user("a"), assistant(ToolCall("c", name, "{}")), result(ToolResult("c", "r")))
    assert turns(*conversation)[1]["content"][0]["name"] == sent


def test_ids_of_others_fit() -> None:
    """Ids that other providers gave their calls become ones that the API takes, in call and result alike."""
    strange = "functions.Bash:0|" + "x" * 80
    calls = replace(assistant(ToolCall(strange, "f", "{}")), model="openai/gpt-5")
    request, _ = adapt(Request("claude-opus-5-5", (user("q"), calls, result(ToolResult(strange, "r")))), CLAUDE)
    _, asked, told = Messages(CLAUDE).encode(request)["messages"]
    assert asked["content"][0]["id"] == told["content"][0]["tool_use_id"]
    assert len(asked["content"][0]["id"]) <= 64
    assert asked["content"][0]["id"].isalnum()
