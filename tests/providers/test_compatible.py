"""The compatible providers, each against a server that refuses what its vendor refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from socket import socket

import pytest
from support.config import Home
from support.dialects import DIALECTS, Speaker
from support.events import collect, failure
from support.vendors.plan import Call, Plan, Say, Think

from agentctl.economy.catalog import Catalog
from agentctl.economy.pricing import price
from agentctl.errors import ProviderError, UsageError
from agentctl.events import Done
from agentctl.messages import Attachment, Message, Text, Thinking, ToolCall, ToolResult, ToolSpec, user
from agentctl.providers import compatible
from agentctl.providers.base import EFFORTS, Capabilities, Effort, Request
from agentctl.providers.connect import connect
from agentctl.providers.driver import HttpProvider
from agentctl.providers.known import KNOWN
from agentctl.providers.openai.request import encode
from agentctl.usage import Usage

NAMES = sorted(DIALECTS)
WEATHER = ToolSpec("weather", "Tells it.", {"type": "object", "properties": {}})
SCHEMA = {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"], "additionalProperties": False}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home without a keyring."""
    return Home(tmp_path, {"AGENTCTL_KEYRING": "off"})


def provider(home: Home, name: str, vendor: Speaker) -> HttpProvider:
    """The provider of this name, at the address of the vendor, with the key in its own variable."""
    home.write("user", f'[servers.{name}]\nbase_url = "{vendor.url}"\n')
    if KNOWN[name].needs_key:
        home.variables[KNOWN[name].key_variables[0]] = vendor.key
    return connect(name, home.load(), home.environ)


def done(service: HttpProvider, request: Request) -> Done:
    """How the answer ended."""
    last = collect(service, request)[-1]
    assert isinstance(last, Done)
    return last


def test_every_compatible_provider_has_a_strict_server() -> None:
    """None is left out of this table, and each is known by its name."""
    assert {one.provider for one in compatible.PROVIDERS} == set(DIALECTS)
    assert set(DIALECTS) <= set(KNOWN)


@pytest.mark.parametrize("name", NAMES)
def test_a_conversation_with_tools(home: Home, name: str) -> None:
    """An answer that thinks, speaks and calls is told with its usage, and what it became is taken back."""
    first = Plan(Think("hm"), Say("Let me see."), Call("weather", '{"city": "Oslo"}'), Call("weather"))
    with Speaker(DIALECTS[name], first, Plan(Say("It rains."))) as vendor:
        question = (Message("system", (Text("Be brief."),)), user("Weather?"))
        ask = Request("m", question, max_output=99, temperature=0.5, tools=(WEATHER,), session_id="s" * 80)
        answer = done(provider(home, name, vendor), ask).message
        calls = [part for part in answer.parts if isinstance(part, ToolCall)]
        results = [Message("tool", (ToolResult(call.id, "rain"),)) for call in calls]
        last = done(provider(home, name, vendor), replace(ask, messages=(*question, answer, *results)))
        assert vendor.refused == []
    assert (answer.thinking, answer.text, len(calls)) == ("hm", "Let me see.", 2)
    assert last.message.text == "It rains."
    assert last.usage
    told = vendor.bill.charges[-1].tokens
    assert (last.usage.input, last.usage.output) == (told.input, told.output)


@pytest.mark.parametrize("name", NAMES)
def test_a_conversation_that_others_began(home: Home, name: str) -> None:
    """Calls with the ids of others, and their thoughts, are made to fit."""
    calls = (Thinking("hm", "sig", "anthropic"), ToolCall("functions.weather:0", "weather", "{}"))
    history = (
        user("Weather?"),
        Message("assistant", calls, "anthropic/x"),
        Message("tool", (ToolResult("functions.weather:0", "rain"),)),
        Message("assistant", (Text("It rains."),), "anthropic/x"),
        user("Sure?"),
    )
    with Speaker(DIALECTS[name], Plan(Say("Yes."))) as vendor:
        assert done(provider(home, name, vendor), Request("m", history)).message.text == "Yes."
        assert vendor.refused == []


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("name", NAMES)
def test_every_effort(home: Home, name: str, effort: Effort) -> None:
    """Each wish is one that the server understands."""
    with Speaker(DIALECTS[name]) as vendor:
        done(provider(home, name, vendor), Request("m", (user("hi"),), effort=effort))
        assert vendor.refused == []
        if effort == "none" and (off := DIALECTS[name].off):
            assert off in vendor.accepted[0].items()


@pytest.mark.parametrize("name", NAMES)
def test_a_schema(home: Home, name: str) -> None:
    """A schema is sent in the way that the server knows, or refused before anything is sent."""
    with Speaker(DIALECTS[name], Plan(Say('{"x": "y"}'))) as vendor:
        request = Request("m", (user("hi"),), schema=SCHEMA)
        if DIALECTS[name].schema == "never":
            with pytest.raises(UsageError, match="can't follow a JSON schema"):
                done(provider(home, name, vendor), request)
            assert vendor.requests == []
        else:
            last = done(provider(home, name, vendor), request)
            assert (last.message.text, vendor.refused) == ('{"x": "y"}', [])
            assert last.usage


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "gif"])
@pytest.mark.parametrize("name", NAMES)
def test_an_image(home: Home, name: str, kind: str) -> None:
    """An image of a kind that the server takes is sent; of another it is refused before."""
    image = Attachment("f", f"image/{kind}", b"****")
    with Speaker(DIALECTS[name]) as vendor:
        request = Request("m", (user("see", image),))
        if kind in DIALECTS[name].images:
            done(provider(home, name, vendor), request)
            assert vendor.refused == []
        else:
            with pytest.raises(UsageError, match="does not take f"):
                done(provider(home, name, vendor), request)


@pytest.mark.parametrize("name", ["lmstudio", "ollama", "vllm"])
def test_what_runs_on_the_users_own_machine(name: str) -> None:
    """It is found at its usual port, needs no key, costs nothing, and can be started."""
    one = KNOWN[name]
    assert one.base_url.startswith("http://localhost:")
    assert (one.needs_key, one.start_hint.startswith("start it: ")) == (False, True)
    usage = Usage(uncached_input=1_000_000, output=1_000_000)
    assert price(usage, Catalog({}).find(f"{name}/any-model:7b")) == 0


def test_a_server_that_does_not_run(home: Home) -> None:
    """Where nobody listens the user is told how to start it."""
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and not listening: connections are refused
        home.write("user", f'[servers.ollama]\nbase_url = "http://127.0.0.1:{taken.getsockname()[1]}/v1"\n')
        error = failure(connect("ollama", home.load(), home.environ), Request("m", (user("hi"),)), ProviderError)
    assert error.hint == "start it: ollama serve"


def test_the_nearest_effort() -> None:
    """Of two that are as near it is the greater one; no thinking has a way of its own where the server has one."""

    def sent(effort: Effort, *efforts: Effort, **more: dict[str, str]) -> dict[str, str]:
        capabilities = Capabilities("p", efforts=efforts, **more)  # type: ignore[arg-type]
        body = encode(Request("m", (), effort=effort), capabilities)
        return {name: value for name, value in body.items() if name not in {"model", "messages", "stream"}} | {
            "stream_options": ""
        }

    assert sent("max", "low", "high")["reasoning_effort"] == "high"
    assert sent("medium", "low", "high")["reasoning_effort"] == "high"
    assert sent("none", "low", "high")["reasoning_effort"] == "low"
    assert "reasoning_effort" not in sent("none", "low", no_thinking={"think": "no"})
    assert sent("none", "low", no_thinking={"think": "no"})["think"] == "no"
