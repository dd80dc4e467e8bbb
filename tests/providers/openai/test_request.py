"""What a request looks like to a Chat Completions server."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

from agentctl.messages import Attachment, Message, Text, Thinking, ToolCall, ToolResult, ToolSpec, user
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.openai.request import encode

ALL = Capabilities("p", media_types=("image/", "application/pdf"))
PNG = Attachment("cat.png", "image/png", b"\x89PNG")


def messages(*conversation: Message) -> Any:
    """The `messages` of the body."""
    return encode(Request("m", conversation), ALL)["messages"]


def test_the_least_request() -> None:
    """What is not asked for is not sent: every field is one more that a server may refuse."""
    assert encode(Request("m", (user("hi"),)), ALL) == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_every_option() -> None:
    """Limits, temperature, schema, tools and the server's own fields go where the API has them."""
    schema = {"type": "object", "additionalProperties": False}
    request = Request("m", (), 7, 0.0, schema, (ToolSpec("f", "does f", {"type": "object"}),))
    body = encode(request, replace(ALL, extra_body={"seed": 1}))
    assert body["max_tokens"] == 7
    assert body["temperature"] == 0
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": schema, "strict": True},
    }
    function = {"name": "f", "description": "does f", "parameters": {"type": "object"}}
    assert body["tools"] == [{"type": "function", "function": function}]
    assert body["seed"] == 1


def test_capabilities_change_the_body() -> None:
    """The name of the output limit, and whether usage can be asked for, are data."""
    body = encode(Request("m", (), 7), replace(ALL, output_limit_field="max_completion_tokens", stream_usage=False))
    assert body["max_completion_tokens"] == 7
    assert not body.keys() & {"max_tokens", "stream_options"}


def test_a_conversation() -> None:
    """Each role says what it said; reasoning stays here, for the API has no place for it."""
    assert messages(
        Message("system", (Text("be brief"),)),
        user("hi"),
        Message("assistant", (Thinking("hm", "sig", "p"), Text("hello"), ToolCall("c1", "f", '{"x":1}'))),
        Message("tool", (ToolResult("c1", "done"), ToolResult("c2", "what?", is_error=True))),
        Message("assistant", (Text("bye"),)),
    ) == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "hi"},
        {
            "role": "assistant",
            "content": "hello",
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "done"},
        {"role": "tool", "tool_call_id": "c2", "content": "what?"},
        {"role": "assistant", "content": "bye"},
    ]


THOUGHT = Message("assistant", (Thinking("hm ", "s", "p"), Thinking("so", None, "p"), Text("hello")))
CALLED = Message("assistant", (Thinking("hm", None, "p"), ToolCall("c", "f", "{}")))


def test_reasoning_goes_back_with_calls() -> None:
    """DeepSeek refuses answers that called tools without their reasoning, even if there was none; it needs no other."""
    capabilities = replace(ALL, reasoning_field="reasoning_content")
    unthought = Message("assistant", (ToolCall("d", "f", "{}"),))
    sent = encode(Request("m", (THOUGHT, CALLED, unthought)), capabilities)["messages"]
    assert [turn.get("reasoning_content") for turn in sent] == [None, "hm", ""]
    assert "reasoning_content" not in sent[0]


def test_reasoning_goes_back_as_content() -> None:
    """Mistral takes its reasoning as parts of the content, in their order and as they were signed."""
    sent = encode(Request("m", (THOUGHT, CALLED, user("hi"))), replace(ALL, reasoning_field="content"))["messages"]
    hm, so = ({"type": "thinking", "thinking": [{"type": "text", "text": text}]} for text in ("hm ", "so"))
    assert sent[0]["content"] == [{**hm, "signature": "s"}, so, {"type": "text", "text": "hello"}]
    assert [item["type"] for item in sent[1]["content"]] == ["thinking"]
    assert sent[2]["content"] == "hi"


def test_the_name_of_the_conversation() -> None:
    """It is the key of the prompt cache where the server takes one, and of 64 characters at most."""
    request = Request("m", (), session_id="x" * 100)
    assert encode(request, replace(ALL, cache_key=True))["prompt_cache_key"] == "x" * 64
    assert "prompt_cache_key" not in encode(request, ALL)


def test_effort() -> None:
    """A wish for more or less thinking is told to servers that take it."""
    request = Request("m", (), effort="low")
    assert encode(request, ALL)["reasoning_effort"] == "low"
    assert "reasoning_effort" not in encode(request, replace(ALL, effort=False))


def test_text_is_one_string() -> None:
    """A message that is all text, as a text file and a question about it, is one string, which every server takes."""
    assert messages(Message("user", (Text("<file/>"), Text("sum it up"))))[0]["content"] == "<file/>\n\nsum it up"


def test_a_call_alone_has_no_content() -> None:
    """An assistant that only calls a tool says nothing, which is null and not an empty string."""
    sent = messages(Message("assistant", (ToolCall("c", "f", "{}"),)), Message("tool", (ToolResult("c", "ok"),)))
    assert sent[0]["content"] is None


def test_images_and_documents() -> None:
    """An image and a document are sent as data addresses, in the order of the message."""
    pdf = Attachment("a.pdf", "application/pdf", b"%PDF")
    image_url = {"url": f"data:image/png;base64,{base64.b64encode(PNG.data).decode()}"}
    file = {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{base64.b64encode(pdf.data).decode()}"}
    assert messages(user("what is it?", PNG, pdf))[0]["content"] == [
        {"type": "image_url", "image_url": image_url},
        {"type": "file", "file": file},
        {"type": "text", "text": "what is it?"},
    ]


def test_any_text_can_be_sent() -> None:
    """Even half a character, as a terminal may deliver it, makes a body that is valid JSON."""
    body = json.dumps(encode(Request("m", (user("a\udc80"),)), ALL)).encode()
    assert json.loads(body)["messages"][0]["content"] == "a\udc80"
