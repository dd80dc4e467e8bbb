"""What a request looks like to Gemini."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.messages import Attachment, Message, Part, Text, Thinking, ToolCall, ToolResult, ToolSpec, user
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.google import GenerateContent
from agentctl.providers.google.request import UNSIGNED
from agentctl.providers.history import adapt
from agentctl.providers.known import KNOWN

GOOGLE = KNOWN["google"]
NEW, OLD = "gemini-3.8-flash", "gemini-2.5-flash"


def encode(request: Request, capabilities: Capabilities = GOOGLE) -> dict[str, Any]:
    """The body, by the whole way that a request goes."""
    return GenerateContent(capabilities).encode(adapt(request, capabilities)[0])


def contents(*conversation: Message, model: str = NEW) -> Any:
    """The `contents` of the body."""
    return encode(Request(model, conversation))["contents"]


def said(*parts: Part, model: str = f"google/{NEW}") -> Message:
    return Message("assistant", parts, model)


def results(*ids: str) -> Message:
    return Message("tool", tuple(ToolResult(id_, f"result of {id_}") for id_ in ids))


def test_the_least_request() -> None:
    """What is not asked for is not sent, but that thoughts come along."""
    assert encode(Request(NEW, (user("hi"),))) == {
        "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
        "generationConfig": {"thinkingConfig": {"includeThoughts": True}},
    }
    assert encode(Request("gemma-4-31b-it", (user("hi"),))) == {
        "contents": [{"role": "user", "parts": [{"text": "hi"}]}]
    }


def test_every_option() -> None:
    """Limits, temperature, schema, tools, effort and the user's own fields go where the API has them."""
    schema = {"type": "object", "properties": {"x": {"type": "integer"}}}
    request = Request(NEW, (user("hi"),), 7, 0.0, schema, (ToolSpec("f", "does f", schema),), effort="low")
    extra = {"safetySettings": [], "generationConfig": {"seed": 1}}
    body = encode(request, replace(GOOGLE, extra_body=extra))
    assert body["generationConfig"] == {
        "maxOutputTokens": 7,
        "temperature": 0.0,
        "responseMimeType": "application/json",
        "responseJsonSchema": schema,
        "thinkingConfig": {"includeThoughts": True, "thinkingLevel": "LOW"},
        "seed": 1,
    }
    function = {"name": "f", "description": "does f", "parametersJsonSchema": schema}
    assert body["tools"] == [{"functionDeclarations": [function]}]
    assert body["safetySettings"] == []


def test_a_conversation() -> None:
    """Each role says what it said, calls and results with their ids and names, and signatures where they belong."""
    call = ToolCall("c1", "f", '{"x":1}', "sig+/==")
    assert encode(
        Request(
            NEW,
            (
                Message("system", (Text("be brief"),)),
                user("hi"),
                said(Thinking("summary"), Thinking("hm", "t", "google"), Text("so", ""), Text("", "s"), call),
                Message("tool", (ToolResult("c1", "done"),)),
                said(Text("bye")),
            ),
        )
    ) == {
        "systemInstruction": {"parts": [{"text": "be brief"}]},
        "contents": [
            {"role": "user", "parts": [{"text": "hi"}]},
            {
                "role": "model",
                "parts": [
                    {"text": "hm", "thought": True, "thoughtSignature": "t"},
                    {"text": "so"},
                    {"text": "", "thoughtSignature": "s"},
                    {"functionCall": {"id": "c1", "name": "f", "args": {"x": 1}}, "thoughtSignature": "sig+/=="},
                ],
            },
            {
                "role": "user",
                "parts": [{"functionResponse": {"id": "c1", "name": "f", "response": {"output": "done"}}}],
            },
            {"role": "model", "parts": [{"text": "bye"}]},
        ],
        "generationConfig": {"thinkingConfig": {"includeThoughts": True}},
    }


def test_older_models_know_no_ids() -> None:
    """Before Gemini 3, calls and results are told apart by their order."""
    sent = contents(user("a"), said(ToolCall("c1", "f", "{}")), results("c1"), model=OLD)
    assert sent[1]["parts"] == [{"functionCall": {"name": "f", "args": {}}}]
    assert sent[2]["parts"] == [{"functionResponse": {"name": "f", "response": {"output": "result of c1"}}}]


def test_a_failed_tool() -> None:
    """What went wrong in a tool is told as an error."""
    wrong = Message("tool", (ToolResult("c1", "no such file", is_error=True),))
    assert contents(user("a"), said(ToolCall("c1", "f", "{}")), wrong)[2]["parts"][0]["functionResponse"][
        "response"
    ] == {"error": "no such file"}


def test_results_of_calls_at_once_are_one_turn() -> None:
    """The API wants all results of the calls of a turn in the turn after it, and the user's words apart from them."""
    two = said(ToolCall("c1", "f", "{}", "s"), ToolCall("c2", "g", "{}"))
    sent = contents(user("a"), two, results("c1"), results("c2"), user("and"), user("more"))
    assert [(content["role"], len(content["parts"])) for content in sent] == [
        ("user", 1),
        ("model", 2),
        ("user", 2),
        ("user", 2),
    ]
    assert [part["functionResponse"]["name"] for part in sent[2]["parts"]] == ["f", "g"]


def signatures(*conversation: Message, model: str = NEW) -> list[str | None]:
    """The signatures of the calls that are sent."""
    parts = [part for content in contents(*conversation, model=model) for part in content["parts"]]
    return [part.get("thoughtSignature") for part in parts if "functionCall" in part]


FOREIGN = "anthropic/claude"


def test_foreign_calls_in_the_current_turn_are_excused() -> None:
    """Gemini 3 refuses a step of the turn under way whose first call has no signature: others' get the one for this."""
    steps = (
        said(ToolCall("c1", "f", "{}", "theirs"), ToolCall("c2", "g", "{}"), model=FOREIGN),
        results("c1", "c2"),
        said(Text("hm"), ToolCall("c3", "f", "{}"), model=FOREIGN),
        results("c3"),
    )
    assert signatures(user("a"), *steps) == [UNSIGNED, None, UNSIGNED]
    assert signatures(user("a"), *steps, model="gemini-flash-latest") == [UNSIGNED, None, UNSIGNED]
    assert signatures(user("a"), *steps, model=OLD) == [None, None, None]


def test_earlier_turns_are_not_looked_at() -> None:
    """Calls before the user's last words may be unsigned, so they are; own signatures go back from everywhere."""
    steps = (
        said(ToolCall("c1", "f", "{}"), model=FOREIGN),
        results("c1"),
        said(ToolCall("c2", "f", "{}", "s")),
        results("c2"),
    )
    assert signatures(user("a"), *steps, user("b")) == [None, "s"]
    assert signatures(user("a"), *steps) == [UNSIGNED, "s"]


def test_the_excuse_is_what_the_api_can_read() -> None:
    """A signature is bytes in base 64: what is not would be refused before anyone looks at it."""
    assert base64.urlsafe_b64decode(UNSIGNED)


def test_interrupted_answers_can_be_sent() -> None:
    """An answer of which nothing is left makes no turn, and its neighbours are one."""
    orphan = ToolCall("c1", "f", '{"x')
    assert contents(user("a"), said(Thinking("hm")), user("b"), said(Text("c"), orphan), said(Text("d"))) == [
        {"role": "user", "parts": [{"text": "a"}, {"text": "b"}]},
        {"role": "model", "parts": [{"text": "c"}, {"text": "d"}]},
    ]


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ('{"x": [1, null, "é"]}', {"x": [1, None, "é"]}),
        ("", {}),
        ('{"x', {"INVALID_JSON": '{"x'}),
        ("[1]", {"INVALID_JSON": "[1]"}),
        ('"x"', {"INVALID_JSON": '"x"'}),
        ('{"x": NaN}', {"INVALID_JSON": '{"x": NaN}'}),
        ('{"x": 1e999}', {"INVALID_JSON": '{"x": 1e999}'}),
        ("[" * 100_000, {"INVALID_JSON": "[" * 100_000}),
    ],
)
def test_arguments_that_are_no_object(arguments: str, sent: dict[str, Any]) -> None:
    """What a model wrote as arguments, however broken, does not end the conversation."""
    call = contents(user("a"), said(ToolCall("c", "f", arguments), model=FOREIGN), results("c"))[1]["parts"][0]
    assert call["functionCall"]["args"] == sent


@given(st.text(max_size=20) | st.recursive(st.none() | st.floats(), st.lists).map(json.dumps))
def test_any_arguments_make_valid_json(arguments: str) -> None:
    """The body is JSON as every server reads it."""
    body = encode(Request(NEW, (user("a"), said(ToolCall("c", "f", arguments)), results("c"))))
    json.dumps(body, allow_nan=False)


def test_files() -> None:
    """Images, documents, sound and film are sent in the order of the message; a text file becomes text."""
    kinds = ["image/png", "application/pdf", "audio/wav", "video/mp4"]
    files = [Attachment("f", kind, kind.encode()) for kind in kinds]
    sent = contents(user("what is it?", *files, Attachment("a.txt", "text/plain", b"hello")))[0]["parts"]
    inline = [{"inlineData": {"mimeType": kind, "data": base64.b64encode(kind.encode()).decode()}} for kind in kinds]
    assert sent == [*inline, {"text": '<file name="a.txt">\nhello\n</file>'}, {"text": "what is it?"}]


def test_the_cacheable_comes_first() -> None:
    """What requests have in common stands before what differs, so that a cache can hold it."""
    conversation = (user("hi"), Message("system", (Text("late"),)))
    body = encode(Request(NEW, conversation, 7, tools=(ToolSpec("f", "", {}),)))
    assert list(body) == ["systemInstruction", "tools", "contents", "generationConfig"]


SCHEMAS: list[tuple[Any, Any]] = [
    ({"type": "string", "const": "a"}, {"type": "string", "enum": ["a"]}),
    ({"anyOf": [{"const": 1}, {"const": None}]}, {"anyOf": [{"enum": [1]}, {"enum": [None]}]}),
    ({"$ref": "#/$defs/A"}, {"$ref": "#/$defs/A"}),
    ({"$ref": "#/$defs/A", "$comment": "x"}, {"$ref": "#/$defs/A", "$comment": "x"}),
    ({"$ref": "#/$defs/A", "description": "x"}, {"description": "x", "anyOf": [{"$ref": "#/$defs/A"}]}),
    ({"$ref": "#/$defs/A", "anyOf": [{}]}, {"$ref": "#/$defs/A", "anyOf": [{}]}),
    (
        {"properties": {"const": {"const": 1}, "$ref": {"type": "string"}}, "$defs": {"A": {"items": {"const": 2}}}},
        {"properties": {"const": {"enum": [1]}, "$ref": {"type": "string"}}, "$defs": {"A": {"items": {"enum": [2]}}}},
    ),
    ({"prefixItems": [{"const": 1}], "items": False}, {"prefixItems": [{"enum": [1]}], "items": False}),
    ({"enum": [{"const": 1}], "default": {"const": 1}}, {"enum": [{"const": 1}], "default": {"const": 1}}),
    ({"type": ["string", "null"], "allOf": [True]}, {"type": ["string", "null"], "allOf": [True]}),
]  # fmt: skip


@pytest.mark.parametrize(("given_", "sent"), SCHEMAS)
def test_schemas_in_known_words(given_: Any, sent: Any) -> None:
    """What the API has other words for is said in them, for answers and for tools; all else goes as it is."""
    body = encode(Request(NEW, (), schema=given_, tools=(ToolSpec("f", "", given_),)))
    assert body["generationConfig"]["responseJsonSchema"] == sent
    assert body["tools"][0]["functionDeclarations"][0]["parametersJsonSchema"] == sent
