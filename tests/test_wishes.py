"""Whatever is wished for of an answer, each model is asked for it in a way that its strict server accepts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from support.vendors import anthropic_rules, gemini_rules
from support.vendors.plan import Call, Plan, Say, Think
from support.vendors.street import MODELS, Traveller, open_street

from agentctl.conversation import Options
from agentctl.events import Done
from agentctl.messages import Message, ToolCall, ToolResult, ToolSpec, user
from agentctl.providers.base import Effort, Request, complete

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "array", "items": {"type": "integer"}}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
# OpenAI's tell their temperature from their thinking: one kind of model has the one, the other the other.
REASONING, PLAIN = ("openai/gpt-5", "openai/gpt-5-mini"), ("openai/gpt-4.1",)
ANY = (
    *(f"anthropic/{model}" for model in anthropic_rules.MODELS),
    *(f"google/{model}" for model in gemini_rules.MODELS),
    MODELS["openrouter"],
    MODELS["lab"],
)
EFFORTS: tuple[Effort | None, ...] = (None, *get_args(Effort))


@pytest.mark.parametrize("model", [*ANY, *REASONING, *PLAIN])
def test_every_wish_is_put_as_the_server_takes_it(tmp_path: Path, model: str) -> None:
    """All efforts, with and without a temperature, a limit and a schema, at the beginning and amid a tool loop."""
    with open_street() as vendors:
        vendor = vendors[model.partition("/")[0]]
        traveller = Traveller(tmp_path, vendors)
        for effort in EFFORTS if model not in PLAIN else (None,):
            for temperature in (None, 0.5) if model not in REASONING else (None,):
                traveller.session = None
                traveller.options = Options(
                    2000 if temperature else None, temperature, SCHEMA if effort else None, effort
                )
                vendor.will(Plan(Think("hm"), Say("ok"), Call("time")), Plan(Say("done")))
                turn = traveller.say(model, "hi", system="be brief")
                assert traveller.say(model, turn.results).answer.text == "done"
        assert vendor.refused == []


@pytest.mark.parametrize("model", [*ANY, *REASONING, *PLAIN])
@pytest.mark.parametrize("schema", [{"type": "object", "properties": {}}, SCHEMA], ids=["open", "closed"])
def test_tools_are_declared_as_the_server_takes_them(tmp_path: Path, model: str, schema: dict[str, Any]) -> None:
    """Also those whose schema leaves open what else there may be; and what is counted is what is sent."""
    tools = (
        ToolSpec("weather", "Tells the weather.", schema),
        ToolSpec("time", "", {"type": "object", "properties": {}}),
    )
    with open_street() as vendors:
        vendor = vendors[model.partition("/")[0]]
        vendor.will(Plan(Say("ok"), Call("weather", '{"city": "Paris", "days": [1]}'), Call("time")))
        turn = _ask(Traveller(tmp_path, vendors), model, (user("hi"),), tools)
        history = (user("hi"), turn.message, *_results(turn.message))
        done = _ask(Traveller(tmp_path, vendors), model, history, tools)
        assert (turn.stop_reason, done.message.text) == ("tool_use", "ok")
        assert vendor.refused == []


def _ask(traveller: Traveller, model: str, messages: tuple[Message, ...], tools: tuple[ToolSpec, ...]) -> Done:
    """One answer, asked of the provider itself, after the count of its input where the provider counts."""
    target = traveller.app.target(model)
    request = Request(target.model, messages, tools=tools)

    async def run() -> Done:
        counted = await target.provider.count_tokens(request)
        assert (counted is None) == (target.provider.name in {"openrouter", "lab"})
        assert counted is None or counted > 0
        try:
            return await complete(target.provider, request)
        finally:
            await target.provider.aclose()

    done = asyncio.run(run())
    return replace(done, message=replace(done.message, model=model))


def _results(answer: Message) -> Iterator[Message]:
    for part in answer.parts:
        if isinstance(part, ToolCall):
            yield Message("tool", (ToolResult(part.id, "rain"),))


@pytest.mark.parametrize("model", [*ANY, *REASONING])
def test_a_wish_can_change_amid_a_tool_loop(tmp_path: Path, model: str) -> None:
    """Thinking that begins or ends between a call and its result is no reason to refuse the result."""
    with open_street() as vendors:
        vendor = vendors[model.partition("/")[0]]
        for before, after in ((None, "high"), ("high", None), ("high", "none"), ("none", "high"), ("low", "max")):
            traveller = Traveller(tmp_path, vendors, Options(effort=before))  # type: ignore[arg-type] # as they are
            parts = (Say("ok"), Call("time")) if before in {None, "none"} else (Think("hm"), Say("ok"), Call("time"))
            vendor.will(Plan(*parts), Plan(Say("done")))
            turn = traveller.say(model, "hi")
            traveller.options = Options(effort=after)  # type: ignore[arg-type] # as they are
            assert traveller.say(model, turn.results).answer.text == "done"
        assert vendor.refused == []
