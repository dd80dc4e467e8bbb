"""How each generation of Claude is told to think."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.messages import Message, Text, Thinking, ToolCall, ToolResult, user
from agentctl.providers.anthropic.request import encode
from agentctl.providers.base import Capabilities, Effort, Request
from agentctl.providers.known import KNOWN

PLAIN = Capabilities("anthropic", api="messages", signatures="provider")
EFFORTS: list[Effort | None] = [None, "none", "minimal", "low", "medium", "high", "xhigh", "max"]
ADAPTIVE = {"type": "adaptive", "display": "summarized"}
OFF = {"type": "disabled"}


def asked(model: str, effort: Effort | None, **more: Any) -> tuple[Any, Any]:
    """The `thinking` and the effort that a body has."""
    body = encode(Request(model, (user("hi"),), effort=effort, output_ceiling=64_000, **more), PLAIN)
    return body.get("thinking"), body.get("output_config", {}).get("effort")


def budget(tokens: int) -> dict[str, Any]:
    return {"type": "enabled", "budget_tokens": tokens}


@pytest.mark.parametrize(
    ("model", "unasked", "none", "high", "xhigh"),
    [
        ("claude-3-5-haiku-latest", (None, None), (None, None), (None, None), (None, None)),
        ("claude-3-opus-20240229", (None, None), (None, None), (None, None), (None, None)),
        ("claude-2.1", (None, None), (None, None), (None, None), (None, None)),
        ("claude-3-7-sonnet-20250219", (None, None), (None, None), (budget(16_384), None), (budget(24_000), None)),
        ("claude-sonnet-4-20250514", (None, None), (None, None), (budget(16_384), None), (budget(24_000), None)),
        ("claude-opus-4-1", (None, None), (None, None), (budget(16_384), None), (budget(24_000), None)),
        ("claude-sonnet-4-5", (None, None), (None, None), (budget(16_384), None), (budget(24_000), None)),
        ("claude-haiku-4-5-20251001", (None, None), (None, None), (budget(16_384), None), (budget(24_000), None)),
        ("claude-opus-4-5", (None, None), (None, None), (budget(16_384), "high"), (budget(24_000), "high")),
        ("claude-opus-4-6", (None, None), (None, None), (ADAPTIVE, "high"), (ADAPTIVE, "high")),
        ("claude-sonnet-4-6", (None, None), (None, None), (ADAPTIVE, "high"), (ADAPTIVE, "high")),
        ("claude-opus-4-7", (None, None), (None, None), (ADAPTIVE, "high"), (ADAPTIVE, "xhigh")),
        ("claude-opus-4-8", (None, None), (None, None), (ADAPTIVE, "high"), (ADAPTIVE, "xhigh")),
        ("claude-opus-5", (ADAPTIVE, None), (OFF, None), (ADAPTIVE, "high"), (ADAPTIVE, "xhigh")),
        ("claude-sonnet-5", (ADAPTIVE, None), (OFF, None), (ADAPTIVE, "high"), (ADAPTIVE, "xhigh")),
        ("claude-fable-5", (ADAPTIVE, None), (ADAPTIVE, "low"), (ADAPTIVE, "high"), (ADAPTIVE, "xhigh")),
        ("claude-mythos-5-1", (ADAPTIVE, None), (ADAPTIVE, "low"), (ADAPTIVE, "high"), (ADAPTIVE, "xhigh")),
        ("claude-opus-5-5", (ADAPTIVE, None), (ADAPTIVE, "low"), (ADAPTIVE, "high"), (ADAPTIVE, "xhigh")),
        (
            "claude-sonnet-5-5",
            (ADAPTIVE, None),
            ({"type": "between_tools"}, None),
            (ADAPTIVE, "high"),
            (ADAPTIVE, "xhigh"),
        ),
        ("claude-haiku-5-5", (ADAPTIVE, None), (OFF, None), (ADAPTIVE, "high"), (ADAPTIVE, "xhigh")),
        ("claude-opus-7", (ADAPTIVE, None), (ADAPTIVE, "low"), (ADAPTIVE, "high"), (ADAPTIVE, "xhigh")),
        ("claude-mythos-preview", (ADAPTIVE, None), (ADAPTIVE, "low"), (ADAPTIVE, "high"), (ADAPTIVE, "xhigh")),
        ("glm-5.1", (None, None), (OFF, None), (ADAPTIVE, "high"), (ADAPTIVE, "xhigh")),
    ],
)
def test_every_generation(model: str, unasked: Any, none: Any, high: Any, xhigh: Any) -> None:
    """Thinking and effort are asked for in the way that the model takes, and a summary wherever one would be hidden."""
    assert asked(model, None) == unasked
    assert asked(model, "none") == none
    assert asked(model, "high") == high
    assert asked(model, "xhigh") == xhigh


@pytest.mark.parametrize(
    ("effort", "tokens", "level"),
    [
        ("minimal", 1024, "low"),
        ("low", 4096, "low"),
        ("medium", 8192, "medium"),
        ("high", 16_384, "high"),
        ("xhigh", 24_000, "high"),
        ("max", 24_000, "high"),
    ],
)
def test_budgets(effort: Effort, tokens: int, level: str) -> None:
    """More effort is a larger budget, of which a quarter of the tokens is left to the answer."""
    assert asked("claude-opus-4-5", effort) == (budget(tokens), level)


@given(st.integers(1, 100_000), st.sampled_from(["minimal", "low", "medium", "high", "xhigh", "max"]))
def test_budgets_have_room(limit: int, effort: Effort) -> None:
    """A budget is at least what the API wants and less than the limit; where there is no room there is none."""
    config, _ = asked("claude-sonnet-4-5", effort, max_output=limit)
    assert (config is None) == (limit <= 1024)
    assert config is None or 1024 <= config["budget_tokens"] < limit


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize(
    "model", ["claude-3-opus", "claude-sonnet-4-5", "claude-opus-4-6", "claude-opus-4-8", "claude-sonnet-5-5", "glm-5"]
)
def test_no_temperature_with_thinking(model: str, effort: Effort | None) -> None:
    """A temperature is sent where the model takes one and does not think."""
    body = encode(Request(model, (user("hi"),), 9000, 0.0, effort=effort), PLAIN)
    takes = model not in ("claude-opus-4-8", "claude-sonnet-5-5")
    thinks = body.get("thinking", OFF) != OFF
    assert ("temperature" in body) == (takes and not thinks)


def test_a_server_without_effort() -> None:
    """A server that does not take the wish for thinking is not sent it."""
    body = encode(Request("glm-5", (user("hi"),), effort="high"), replace(PLAIN, effort=False))
    assert not body.keys() & {"thinking", "output_config"}


@pytest.mark.parametrize("effort", [None, "none", "low"])
def test_thoughts_behind_a_changed_prompt_are_dropped(effort: Effort | None) -> None:
    """A thought that the new system prompt would make the API refuse is dropped by it, where that can be asked for."""
    binding = {"block_binding": {"prefix_mismatch_behavior": "drop_block"}}
    known = KNOWN["anthropic"]
    assert encode(Request("claude-opus-5-5", (user("hi"),), effort=effort), known)["thinking"] == ADAPTIVE | binding
    assert encode(Request("claude-opus-5", (user("hi"),), effort="low"), known)["thinking"] == ADAPTIVE


SIGNED = Thinking("t", "s", "anthropic")
CALL, RESULT = ToolCall("c", "f", "{}"), Message("tool", (ToolResult("c", "r"),))


def said(*parts: Thinking | Text | ToolCall, by: str = "MODEL") -> Message:
    """An earlier answer, of the model that is asked if no other is named."""
    return Message("assistant", parts, f"anthropic/{by}")


FOREIGN = {
    "without a thought": [user("q"), said(CALL), RESULT],
    "with text": [user("q"), said(Text("x"), CALL), RESULT],
    "with half a thought": [user("q"), said(Thinking("t", None, "anthropic"), CALL), RESULT],
    "by another model": [user("q"), said(SIGNED, CALL, by="claude-opus-5-5"), RESULT],
    "after a turn of its own": [user("q"), said(SIGNED, CALL), RESULT, said(Text("a")), user("b"), said(CALL), RESULT],
    "interrupted by the user": [user("q"), said(CALL), RESULT, user("go on")],
}
OWN = {
    "one call": [user("q"), said(SIGNED, CALL), RESULT],
    "two calls": [user("q"), said(SIGNED, CALL), RESULT, said(CALL), RESULT],
    "interrupted by the user": [user("q"), said(SIGNED, CALL), RESULT, user("go on")],
    "a new turn": [user("q"), said(CALL), RESULT, said(Text("a")), user("b")],
    "the first turn": [user("q")],
}


def thinks(model: str, conversation: list[Message]) -> bool:
    """Whether the model is told to think in this conversation."""
    messages = tuple(
        replace(message, model=message.model and message.model.replace("MODEL", model)) for message in conversation
    )
    return "thinking" in encode(Request(model, messages, effort="high", max_output=9000), PLAIN)


@pytest.mark.parametrize("model", ["claude-sonnet-4-5", "claude-opus-4-8"])
@pytest.mark.parametrize("name", FOREIGN)
def test_thinking_does_not_begin_in_the_midst_of_a_turn(model: str, name: str) -> None:
    """A turn that began without a thought of this model goes on without, for the API refuses the change."""
    assert not thinks(model, FOREIGN[name])


@pytest.mark.parametrize("model", ["claude-sonnet-4-5", "claude-opus-4-8"])
@pytest.mark.parametrize("name", OWN)
def test_thinking_goes_on(model: str, name: str) -> None:
    """A turn that began with a thought goes on with thoughts, and a new one may begin with one."""
    assert thinks(model, OWN[name])


@pytest.mark.parametrize("name", FOREIGN)
def test_a_model_that_always_thinks_goes_on_thinking(name: str) -> None:
    """Newer models take up a turn that began without a thought."""
    assert thinks("claude-opus-5-5", FOREIGN[name])


@pytest.mark.parametrize(
    ("model", "effort", "kept"),
    [
        ("claude-sonnet-4-5", None, []),
        ("claude-sonnet-4-5", "high", ["s"]),
        ("claude-haiku-5-5", None, ["s"]),
        ("claude-haiku-5-5", "none", []),
        ("claude-sonnet-5-5", "none", ["s"]),
        ("glm-5", None, ["", "s"]),
        ("glm-5", "none", []),
    ],
)
def test_which_thoughts_come_back(model: str, effort: Effort | None, kept: list[str]) -> None:
    """Where thinking is off none comes back; Claude takes only what it signed, others all that they gave."""
    answer = said(Thinking("u", None, "anthropic"), SIGNED, Text("a"))
    turns = encode(Request(model, (user("q"), answer, user("r")), effort=effort, max_output=9000), PLAIN)["messages"]
    assert [block["signature"] for block in turns[1]["content"] if block["type"] == "thinking"] == kept
