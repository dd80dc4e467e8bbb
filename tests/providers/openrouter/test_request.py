"""What OpenRouter is sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from agentctl.messages import Attachment, Message, Text, Thinking, ToolCall, ToolResult, user
from agentctl.providers.base import Capabilities, Effort, Request
from agentctl.providers.openrouter.codec import RoutedCompletions
from agentctl.settings.values import OpenRouterSettings

ROUTER = Capabilities("openrouter", media_types=("image/", "audio/", "video/", "application/pdf"))


def body(request: Request, **wishes: Any) -> dict[str, Any]:
    """The body of the request, with these wishes."""
    return RoutedCompletions(ROUTER, OpenRouterSettings("", "", **wishes)).encode(request)


def ask(*messages: Message, **more: Any) -> Request:
    return Request("anthropic/claude-sonnet-5.5:nitro", messages or (user("hi"),), **more)


def test_a_plain_request_says_nothing_of_routes() -> None:
    """Without wishes it is a request of Chat Completions, and the suffix of the model is OpenRouter's to read."""
    assert body(ask()) == {
        "model": "anthropic/claude-sonnet-5.5:nitro",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_every_wish_has_its_place() -> None:
    """The names are those of OpenRouter's `provider` object; prices are strings, whatever was written."""
    routing = {
        "order": ("anthropic", "google-vertex/us-east5"),
        "only": ("a",),
        "ignore": ("b",),
        "allow_fallbacks": False,
        "sort": "throughput",
        "data_collection": "deny",
        "zdr": True,
        "require_parameters": False,
        "quantizations": ("fp8", "bf16"),
        "max_price.prompt": Decimal("0.50"),
        "max_price.audio": Decimal(3),
        "preferred_min_throughput": 50.0,
        "preferred_max_latency": 2.5,
    }
    sent = body(ask(), routing=routing, models=("openai/gpt-5", "openrouter/auto"))
    assert sent["models"] == ["openai/gpt-5", "openrouter/auto"]
    assert sent["provider"] == {
        "order": ["anthropic", "google-vertex/us-east5"],
        "only": ["a"],
        "ignore": ["b"],
        "allow_fallbacks": False,
        "sort": "throughput",
        "data_collection": "deny",
        "zdr": True,
        "require_parameters": False,
        "quantizations": ["fp8", "bf16"],
        "max_price": {"prompt": "0.50", "audio": "3"},
        "preferred_min_throughput": 50.0,
        "preferred_max_latency": 2.5,
    }


@pytest.mark.parametrize(
    ("routing", "sort"),
    [
        ({"sort": "price", "partition": "none"}, {"by": "price", "partition": "none"}),
        ({"partition": "none", "sort": "price"}, {"by": "price", "partition": "none"}),
        ({"partition": "model"}, {"partition": "model"}),
    ],
)
def test_a_partition_makes_an_object_of_the_sort(routing: dict[str, str], sort: dict[str, str]) -> None:
    """OpenRouter takes the two together."""
    assert body(ask(), routing=routing)["provider"] == {"sort": sort}


def test_a_schema_goes_to_providers_that_know_schemas() -> None:
    """Others would leave it out without a word; who wishes that says so."""
    schema = {"type": "object"}
    sent = body(ask(schema=schema), routing={"zdr": True})
    assert sent["provider"] == {"require_parameters": True, "zdr": True}
    assert sent["response_format"]["json_schema"]["schema"] == schema
    assert body(ask(schema=schema), routing={"require_parameters": False})["provider"] == {"require_parameters": False}


@pytest.mark.parametrize("effort", ["none", "minimal", "low", "medium", "high", "xhigh", "max"])
def test_effort(effort: Effort) -> None:
    """Each of our efforts is one of OpenRouter's."""
    sent = body(ask(effort=effort))
    assert sent["reasoning"] == {"effort": effort}
    assert "reasoning_effort" not in sent


def test_a_session_sticks_to_its_provider() -> None:
    """The name of the conversation is sent, at most 256 characters of it."""
    assert body(ask(session_id="01abc"))["session_id"] == "01abc"
    assert body(ask(session_id="x" * 300))["session_id"] == "x" * 256


@pytest.mark.parametrize(
    ("media_type", "item"),
    [
        ("image/png", {"type": "image_url", "image_url": {"url": "data:image/png;base64,Kio="}}),
        ("audio/mpeg", {"type": "input_audio", "input_audio": {"data": "Kio=", "format": "mp3"}}),
        ("audio/flac", {"type": "input_audio", "input_audio": {"data": "Kio=", "format": "flac"}}),
        ("video/mp4", {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,Kio="}}),
        (
            "application/pdf",
            {"type": "file", "file": {"filename": "f", "file_data": "data:application/pdf;base64,Kio="}},
        ),
    ],
)
def test_attachments(media_type: str, item: dict[str, Any]) -> None:
    """Each kind of file has a form of its own."""
    (message,) = body(ask(user("see", Attachment("f", media_type, b"**"))))["messages"]
    assert message["content"] == [item, {"type": "text", "text": "see"}]


def test_a_loop_of_tools_keeps_its_reasoning() -> None:
    """The blocks stand in the turn that calls, the result follows."""
    blocks = '[{"type":"reasoning.encrypted","data":"x","id":"rs_1","index":0}]'
    calls = (Thinking("hm", blocks, "openrouter"), Text("a"), ToolCall("c1", "f", '{"x": 1}'))
    history = (user("hi"), Message("assistant", calls), Message("tool", (ToolResult("c1", "ok"),)))
    assert body(ask(*history))["messages"][1:] == [
        {
            "role": "assistant",
            "content": "a",
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}],
            "reasoning_details": [{"type": "reasoning.encrypted", "data": "x", "id": "rs_1", "index": 0}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "ok"},
    ]


def test_who_asks_is_told_unless_turned_off() -> None:
    """The address and the title of the program are headers."""
    told = RoutedCompletions(ROUTER, OpenRouterSettings("https://x.test", "X")).headers("k")
    assert told == {"Authorization": "Bearer k", "HTTP-Referer": "https://x.test", "X-OpenRouter-Title": "X"}
    assert RoutedCompletions(ROUTER, OpenRouterSettings("", "")).headers("k") == {"Authorization": "Bearer k"}
