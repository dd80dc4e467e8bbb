"""A cache plan as each API is told it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agentctl.breakpoints import NO_CACHE, TOOLS, Breakpoint, CachePlan, Ttl
from agentctl.messages import Attachment, Message, Text, Thinking, ToolCall, ToolResult, ToolSpec, user
from agentctl.providers.anthropic import Messages
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.codec import Codec
from agentctl.providers.google import GenerateContent
from agentctl.providers.known import KNOWN
from agentctl.providers.openai import ChatCompletions
from agentctl.providers.openrouter.codec import RoutedCompletions
from agentctl.providers.responses import Responses
from agentctl.settings.values import OpenRouterSettings

SHORT: Any = {"cache_control": {"type": "ephemeral"}}
HOUR: Any = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
MARK: Any = {"prompt_cache_breakpoint": {"mode": "explicit"}}
TOOL = ToolSpec("f", "does f", {"type": "object"})
TALK = (
    Message("system", (Text("be brief"),)),
    user("look"),
    Message("assistant", (Thinking("hm", "sig", "p"), Text("so"), ToolCall("c", "f", "{}")), "p/m"),
    Message("tool", (ToolResult("c", "done"),)),
    Message("assistant", (Text("well"),), "p/m"),
    user("and"),
)
CHAT = replace(KNOWN["openai"], api="chat")
CODECS: list[tuple[Codec, str]] = [
    (Messages(KNOWN["anthropic"]), "claude-sonnet-5-5"),
    (ChatCompletions(CHAT), "gpt-5.6"),
    (Responses(KNOWN["openai"]), "gpt-5.6"),
    (GenerateContent(KNOWN["google"]), "gemini-2.5-pro"),
    (RoutedCompletions(KNOWN["openrouter"], OpenRouterSettings("", "")), "anthropic/claude-sonnet-4.5"),
]


def plan(*afters: int, ttl: Ttl = "5m", implicit: bool = False) -> CachePlan:
    """One with breakpoints of this lifetime."""
    return CachePlan(tuple(Breakpoint(after, ttl) for after in afters), implicit=implicit)


def request(model: str, cache: CachePlan | None) -> Request:
    """The conversation, to be planned so."""
    return Request(model, TALK, tools=(TOOL, replace(TOOL, name="g")), session_id="s", cache=cache)


def body(number: int, cache: CachePlan | None) -> Any:
    """What the codec of this number makes of it."""
    codec, model = CODECS[number]
    return codec.encode(request(model, cache))


@pytest.mark.parametrize("number", range(len(CODECS)))
def test_a_plan_changes_nothing_but_what_it_is_about(number: int) -> None:
    """Without one no field of it is there, and a count of tokens is asked for without it."""
    codec, model = CODECS[number]
    assert "cache_control" not in repr(body(number, None))
    assert "prompt_cache_breakpoint" not in repr(body(number, None))
    more = {1: ["prompt_cache_options"], 2: ["prompt_cache_options"]}.get(number, [])
    planned_fields = [name for name in body(number, plan(0)) if name != "diagnostics"]  # which asks how it went
    assert planned_fields == [*body(number, None), *more]
    planned, bare = (codec.count(request(model, cache)) for cache in (CachePlan((), resource="x", covered=2), None))
    assert planned == bare


def test_claude() -> None:
    """Blocks of tools, system and messages are marked; an hour is said, 5 minutes are not."""
    both = CachePlan((Breakpoint(TOOLS, "1h"), Breakpoint(0, "1h"), Breakpoint(3), Breakpoint(5)))
    sent = body(0, both)
    assert sent["tools"][-1] == body(0, None)["tools"][-1] | HOUR
    assert "cache_control" not in sent["tools"][0]
    assert sent["system"] == [{"type": "text", "text": "be brief", **HOUR}]
    assert sent["messages"][2]["content"][-1]["cache_control"] == SHORT["cache_control"]
    assert sent["messages"][-1] == {"role": "user", "content": [{"type": "text", "text": "and", **SHORT}]}
    assert repr(sent).count("cache_control") == 4
    assert repr(body(0, NO_CACHE)) == repr(body(0, None))


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        ((Text("so"), Thinking("hm", "sig", "p"), Text(" ")), (1, 0)),
        ((Thinking("hm", "sig", "p"), ToolCall("c", "f", "{}")), (1, 1)),
        ((Thinking("hm", "sig", "p"), Text(" ")), (0, 0)),
    ],
)
def test_claudes_thoughts_and_blanks_carry_no_mark(parts: Any, place: tuple[int, int]) -> None:
    """It moves to the nearest block before."""
    messages = (user("look"), Message("assistant", parts, "p/m"), user("and"))
    sent = CODECS[0][0].encode(Request("claude-sonnet-5-5", messages, cache=plan(1)))["messages"]
    found = [
        (turn, at)
        for turn, one in enumerate(sent)
        for at, block in enumerate(one["content"])
        if "cache_control" in block
    ]
    assert found == [place]


def test_gpt_in_chat() -> None:
    """Marked texts become parts, answers are passed over, and the mode is said where it is not the default."""
    sent = body(1, plan(0, 3, 4, ttl="30m"))
    assert sent["messages"][0]["content"] == [{"type": "text", "text": "be brief", **MARK}]
    assert sent["messages"][1]["content"] == "look"
    assert sent["messages"][3]["content"] == [{"type": "text", "text": "done", **MARK}]
    assert sent["messages"][4]["content"] == "well"
    assert sent["prompt_cache_options"] == {"mode": "explicit"}
    assert body(1, plan(0, implicit=True)).get("prompt_cache_options") is None
    picture = Request("gpt-5.6", (user("x", Attachment("a.png", "image/png", b"x")),), cache=plan(0))
    assert CODECS[1][0].encode(picture)["messages"][0]["content"][-1] == {"type": "text", "text": "x", **MARK}


def test_gpt_in_responses() -> None:
    """As in chat, in the words of that API; a lifetime is for the whole request."""
    sent = body(2, replace(plan(0, 3, ttl="12h", implicit=True), ttl="12h"))
    assert sent["input"][0]["content"] == [{"type": "input_text", "text": "be brief", **MARK}]
    outputs = [item["output"] for item in sent["input"] if item["type"] == "function_call_output"]
    assert outputs == [[{"type": "input_text", "text": "done", **MARK}]]
    assert sent["prompt_cache_options"] == {"mode": "implicit", "ttl": "12h"}
    assert body(2, NO_CACHE)["prompt_cache_options"] == {"mode": "explicit"}
    assert repr(body(2, CachePlan())) == repr(body(2, None))


@pytest.mark.parametrize("codec", [ChatCompletions(CHAT), Responses(KNOWN["openai"])])
def test_an_older_gpt(codec: Codec) -> None:
    """It knows no marks and no mode; a day is asked for where the model has it."""
    day = CachePlan((Breakpoint(0),), implicit=False, ttl="24h")
    sent = codec.encode(request("gpt-5", day))
    assert sent["prompt_cache_retention"] == "24h"
    assert "prompt_cache_options" not in sent
    assert "prompt_cache_breakpoint" not in repr(sent)
    assert "prompt_cache_retention" not in codec.encode(request("gpt-5-mini", day))
    assert "prompt_cache_retention" not in codec.encode(request("gpt-5", NO_CACHE))


def test_other_servers_are_told_nothing() -> None:
    """They may refuse what they do not know."""
    codec = ChatCompletions(Capabilities("p"))
    planned, bare = (codec.encode(request("gpt-5.6", cache)) for cache in (plan(TOOLS, 0, 5), None))
    assert repr(planned) == repr(bare)


def test_gemini_with_a_cache_made_on_purpose() -> None:
    """Its name stands for tools, system and the first messages, which are not sent."""
    sent = body(3, CachePlan(resource="cachedContents/c", covered=4))
    assert sent["cachedContent"] == "cachedContents/c"
    assert {"tools", "systemInstruction"}.isdisjoint(sent)
    assert sent["contents"] == body(3, None)["contents"][-2:]
    results = body(3, CachePlan(resource="cachedContents/c", covered=3))["contents"]
    assert results[0]["parts"][0]["functionResponse"]["name"] == "f"
    assert repr(body(3, plan(0, 5))) == repr(body(3, None))


def test_claude_through_openrouter() -> None:
    """Anthropic's marks, on the parts of the system's, the user's and the tools' messages, and on tools."""
    sent = body(4, plan(TOOLS, 0, 3, 4))
    assert sent["tools"][-1] == body(4, None)["tools"][-1] | SHORT
    assert sent["messages"][0]["content"] == [{"type": "text", "text": "be brief", **SHORT}]
    assert sent["messages"][3]["content"] == [{"type": "text", "text": "done", **SHORT}]
    assert repr(sent).count("cache_control") == 3
    assert sent["session_id"] == "s"


@pytest.mark.parametrize(
    ("model", "marks", "options"),
    [
        ("google/gemini-2.5-pro", 1, None),
        ("openai/gpt-5.6-sol", 1, {"mode": "explicit"}),
        ("openai/gpt-5", 0, None),
        ("x-ai/grok-4", 0, None),
    ],
)
def test_others_through_openrouter(model: str, marks: int, options: Any) -> None:
    """Gemini and the newer GPTs are marked in the same words, which OpenRouter translates."""
    sent = CODECS[4][0].encode(request(model, plan(0, ttl="30m")))
    assert repr(sent).count("'cache_control': {'type': 'ephemeral'}}") == marks
    assert sent.get("prompt_cache_options") == options


@pytest.mark.parametrize("number", range(len(CODECS)))
def test_who_wants_no_cache_names_no_conversation_for_one(number: int) -> None:
    """The name is a key of OpenAI's cache, and says nothing to anything else."""
    assert "prompt_cache_key" not in body(number, NO_CACHE)
