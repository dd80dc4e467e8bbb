"""What a request looks like to a server that speaks the Responses API."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.responses import call, created, done, ended, message, reasoning

from agentctl.messages import Attachment, Message, Text, Thinking, ToolCall, ToolResult, ToolSpec, dump, load, user
from agentctl.providers.base import Capabilities, Effort, Request
from agentctl.providers.history import adapt
from agentctl.providers.responses import Responses
from agentctl.providers.responses.request import encode

ALL = Capabilities("p", media_types=("image/", "application/pdf"))
CODEC = Responses(ALL)
PNG = Attachment("cat.png", "image/png", b"\x89PNG")
PDF = Attachment("a.pdf", "application/pdf", b"%PDF")
TOOL = ToolSpec("f", "does f", {"type": "object"})


def items(*conversation: Message, model: str = "m") -> Any:
    """The `input` of the body, as a conversation is sent."""
    request, _ = adapt(Request(model, conversation), ALL)
    return encode(request, ALL)["input"]


def answered(*sent: dict[str, Any], model: str = "m") -> Message:
    """The message of an answer whose items these are, read back from where it was stored."""
    decoder = CODEC.decoder(Request(model, ()))
    for event in (created(), *(done(index, item) for index, item in enumerate(sent)), ended(*sent)):
        decoder.feed(json.dumps(event))
    return load(dump(decoder.end().message))


def said(text: str, **more: Any) -> dict[str, Any]:
    """An assistant's message as it is sent."""
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "role": "assistant", "content": content, **more}


def called(call_id: str, name: str, arguments: str = "{}") -> dict[str, Any]:
    """A call as it is sent."""
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments}


def result(call_id: str, output: str) -> dict[str, Any]:
    """A result as it is sent."""
    return {"type": "function_call_output", "call_id": call_id, "output": output}


def test_the_least_request() -> None:
    """What is not asked for is not sent, but that nothing is to be stored, and that reasoning comes encrypted."""
    assert encode(Request("m", (user("hi"),)), ALL) == {
        "model": "m",
        "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}],
        "stream": True,
        "store": False,
        "include": ["reasoning.encrypted_content"],
    }


def test_every_option() -> None:
    """Limits, temperature, schema, tools, effort, the cache's key and the server's own fields go where they belong."""
    schema = {"type": "object", "additionalProperties": False}
    request = Request("m", (), 700, 0.0, schema, (TOOL,), effort="high", session_id="s-1")
    body = encode(request, replace(ALL, extra_body={"truncation": "auto"}))
    assert body["max_output_tokens"] == 700
    assert body["temperature"] == 0
    assert body["text"] == {"format": {"type": "json_schema", "name": "answer", "schema": schema, "strict": True}}
    assert body["reasoning"] == {"effort": "high", "summary": "auto"}
    assert body["prompt_cache_key"] == "s-1"
    assert body["truncation"] == "auto"


def test_tools_are_not_made_strict() -> None:
    """Left out, `strict` would make every optional argument a required one."""
    tools = encode(Request("m", (), tools=(TOOL,)), ALL)["tools"]
    function = {"name": "f", "description": "does f", "parameters": {"type": "object"}}
    assert tools == [{"type": "function", **function, "strict": False}]


@pytest.mark.parametrize(
    ("effort", "capabilities", "expected"),
    [
        ("low", ALL, {"effort": "low", "summary": "auto"}),
        ("none", ALL, {"effort": "none"}),
        (None, ALL, None),
        ("low", replace(ALL, effort=False), None),
    ],
)
def test_effort(effort: Effort | None, capabilities: Capabilities, expected: object) -> None:
    """Reasoning is asked for, with a summary to show, only if the user wishes it: not every model reasons."""
    assert encode(Request("m", (), effort=effort), capabilities).get("reasoning") == expected


@pytest.mark.parametrize(
    "model", ["gpt-4o-mini", "gpt-4.1", "gpt-3.5-turbo", "ft:gpt-4o:me::1", "chatgpt-4o-latest", "gpt-5-chat-latest"]
)
def test_models_that_do_not_reason(model: str) -> None:
    """They refuse the wish for encrypted reasoning: "Encrypted content is not supported with this model"."""
    assert "include" not in encode(Request(model, ()), ALL)


@pytest.mark.parametrize("model", ["gpt-5", "gpt-5.6-sol", "gpt-6-astra", "o3", "o4-mini", "openai/gpt-oss-20b", "m"])
def test_models_that_reason(model: str) -> None:
    """All others are asked for it, new ones above all: without it their reasoning is lost between two calls."""
    assert encode(Request(model, ()), ALL)["include"] == ["reasoning.encrypted_content"]


def test_a_long_session_id_is_cut() -> None:
    """The key of the cache has at most 64 characters."""
    assert encode(Request("m", (), session_id="x" * 100), ALL)["prompt_cache_key"] == "x" * 64


def test_a_conversation() -> None:
    """Each role says what it said, as items in their order."""
    assert items(
        Message("system", (Text("be brief"),)),
        user("hi"),
        Message("assistant", (Text("Let me see"), ToolCall("c1", "f", '{"x": 1}'), ToolCall("c2", "g", "{}"))),
        Message("tool", (ToolResult("c1", "1"),)),
        Message("tool", (ToolResult("c2", "oh no", is_error=True),)),
        Message("assistant", (Text("Done"),)),
        user("thanks"),
    ) == [
        {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "be brief"}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        said("Let me see"),
        called("c1", "f", '{"x": 1}'),
        called("c2", "g"),
        result("c1", "1"),
        result("c2", "oh no"),
        said("Done"),
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "thanks"}]},
    ]


def test_attachments() -> None:
    """Images and documents go in line, before the text that speaks of them."""
    assert items(user("What is this?", PNG, PDF))[0]["content"] == [
        {"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64,iVBORw=="},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERg=="},
        {"type": "input_text", "text": "What is this?"},
    ]


@given(st.lists(st.text(), max_size=2), st.text(min_size=1), st.dictionaries(st.text(), st.integers() | st.text()))
def test_reasoning_goes_back_byte_for_byte(summary: list[str], encrypted: str, more: dict[str, Any]) -> None:
    """A reasoning item is sent back just as it came, also with fields that nobody knows, through a stored session."""
    item = {**more, **reasoning(*summary, encrypted=encrypted)}
    sent = items(user("hi"), answered(item, call("f")), Message("tool", (ToolResult("call_1", "1"),)))
    assert json.dumps(sent[1]) == json.dumps(item)
    assert sent[2:] == [called("call_1", "f"), result("call_1", "1")]


def test_reasoning_between_calls_keeps_its_place() -> None:
    """The server checks that each reasoning item stands before what came of it."""
    first, second = reasoning("A", id_="rs_a"), reasoning(id_="rs_b", encrypted="gB")
    output = answered(first, call("f", id_="a"), second, call("g", id_="b"))
    results = [Message("tool", (ToolResult(name, "1"),)) for name in ("call_a", "call_b")]
    assert items(user("hi"), output, *results)[1:5] == [first, called("call_a", "f"), second, called("call_b", "g")]


@pytest.mark.parametrize(
    "output",
    [
        (reasoning("Hm"),),
        (reasoning("Hm"), call("f")),  # and the call was never answered
    ],
)
def test_reasoning_that_nothing_came_of_stays_here(output: tuple[dict[str, Any], ...]) -> None:
    """The server refuses a reasoning item without what follows it, which an answer cut short may lack."""
    assert [item["type"] for item in items(user("hi"), answered(*output), user("go on"))] == ["message", "message"]


def test_reasoning_of_another_model_stays_here() -> None:
    """What one model encrypted no other can read."""
    output = answered(reasoning("Hm"), message("Yes."), model="other")
    assert items(user("hi"), output, user("go on"))[1:2] == [said("Yes.")]


def test_phases_go_back() -> None:
    """What a message is in an answer, commentary or the final word, is sent back with just its own text."""
    comment, final = message("Let me look.", phase="commentary"), message("42.", "msg_2", phase="final_answer")
    output = answered(comment, reasoning(), final)
    assert output.text == "Let me look.\n\n42."
    assert items(user("hi"), output, user("go on"))[1:4] == [
        said("Let me look.", phase="commentary"),
        reasoning(),
        said("42.", phase="final_answer"),
    ]


@pytest.mark.parametrize("signature", ["ErUB…", "[1]", "{", '{"type": "other"}', "[" * 100_000, None])
def test_signatures_of_other_apis_stay_here(signature: str | None) -> None:
    """Where the same model was asked through another API, what that signed means nothing here."""
    output = Message("assistant", (Thinking("Hm", signature, "p"), Text("Yes.")), "p/m")
    assert items(user("hi"), output, user("go on"))[1] == said("Yes.")


def test_how_to_count() -> None:
    """The number of input tokens is asked for with what makes up the input, and nothing else."""
    request = Request("m", (user("hi"),), 700, 0.0, {"type": "object"}, (TOOL,), effort="low", session_id="s")
    query = CODEC.count(request)
    assert query.path == "/responses/input_tokens"
    assert query.body
    assert [*query.body] == ["model", "input", "tools", "text", "reasoning"]
    assert query.body.items() <= encode(request, ALL).items()


@pytest.mark.parametrize(
    ("answer", "tokens"),
    [
        ({"object": "response.input_tokens", "input_tokens": 11}, 11),
        ({"input_tokens": True}, None),
        ({"input_tokens": -1}, None),
        ({"input_tokens": "11"}, None),
        ({}, None),
    ],
)
def test_what_was_counted(answer: dict[str, Any], tokens: int | None) -> None:
    """A number of tokens is one, or there is none."""
    assert CODEC.counted(answer) == tokens


def test_where_and_with_which_key() -> None:
    """Requests go below the base URL with the key in its header, and the server's own headers."""
    codec = Responses(replace(ALL, headers={"X-Mine": "1"}))
    assert codec.path(Request("m", ())) == "/responses"
    assert codec.headers("k") == {"Authorization": "Bearer k", "X-Mine": "1"}
    assert codec.headers(None) == {"X-Mine": "1"}
