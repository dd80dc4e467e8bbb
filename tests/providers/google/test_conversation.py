"""A conversation with a server that refuses whatever Gemini refuses."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest
from support.vendors.gemini import Gemini
from support.vendors.plan import Call, Plan, Say, Think

from agentctl.messages import Message, Text, Thinking, ToolCall, ToolResult, ToolSpec, dump, load, user
from agentctl.providers.base import EFFORTS, Request, complete
from agentctl.providers.driver import Credential, HttpProvider
from agentctl.providers.google import GenerateContent
from agentctl.providers.known import KNOWN
from agentctl.transport import Transport

WEATHER = ToolSpec("weather", "The weather", {"type": "object", "properties": {"kind": {"const": "now"}}})
PLANS = (
    Plan(Think("Two cities."), Call("weather", '{"city": "Oslo"}'), Call("weather", '{"city": "Bonn"}')),
    Plan(Say("And "), Call("weather", '{"city": "Rome"}')),
    Plan(Think("So it is."), Say("It rains. 🙂")),
    Plan(Say("Cold.")),
    Plan(Say("Bye.")),
)
FOREIGN = (  # a turn that another provider's model began, and that Gemini is to go on with
    user("and the wind?"),
    Message(
        "assistant", (Thinking("hm", "theirs", "anthropic"), ToolCall("toolu_1", "weather", '{"cut')), "anthropic/m"
    ),
    Message("tool", (ToolResult("toolu_1", "failed", is_error=True),)),
)


@pytest.mark.parametrize("model", ["gemini-3-pro-preview", "gemini-3-flash-preview", "gemini-2.5-pro"])
@pytest.mark.parametrize("seed", range(3))
def test_every_turn_is_accepted(model: str, seed: int) -> None:
    """Tools, thoughts, signatures and another provider's turn go to and fro, and no request is refused."""
    with Gemini(*PLANS, seed=seed) as vendor:
        codec = GenerateContent(replace(KNOWN["google"], base_url=vendor.url))
        provider = HttpProvider(codec, Transport(), Credential(lambda: vendor.key, expected=True))

        async def talk() -> None:
            history = [Message("system", (Text("be brief"),)), user("the weather in Oslo and Bonn?")]
            async with aclosing(provider):
                for turn in range(len(PLANS)):
                    done = await complete(
                        provider, Request(model, tuple(history), 100, tools=(WEATHER,), effort=EFFORTS[turn])
                    )
                    calls = [part for part in done.message.parts if isinstance(part, ToolCall)]
                    results = Message("tool", tuple(ToolResult(call.id, "rain") for call in calls))
                    follows = (results,) if calls else FOREIGN if turn == 2 else (user("and then?"),)
                    history += [load(dump(done.message)), *follows]
                assert await provider.count_tokens(Request(model, tuple(history), tools=(WEATHER,)))

        asyncio.run(talk())
    assert vendor.refused == []
    assert len(vendor.accepted) >= len(PLANS)
