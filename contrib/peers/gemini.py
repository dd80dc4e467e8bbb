"""Talks with servers that others wrote to imitate Gemini, as our users' requests would.

    npm install --prefix /tmp/aimock @copilotkit/aimock
    .venv/bin/python contrib/peers/gemini.py aimock node /tmp/aimock/node_modules/@copilotkit/aimock/dist/cli.js

    python3 -m venv /tmp/llmock && /tmp/llmock/bin/pip install llmock
    .venv/bin/python contrib/peers/gemini.py llmock /tmp/llmock/bin/llmock serve

It starts the server on a free port of 127.0.0.1, prints a line for each thing that went well, and ends with a traceback
at the first that did not. The peers are no dependencies of ours: one is of another language, the other brings a web
framework and a plugin for every run of pytest.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from agentctl.errors import ProviderError
from agentctl.events import Done, Notice, Retry, StreamEvent
from agentctl.messages import Message, Text, ToolCall, ToolResult, ToolSpec, dump, load, user
from agentctl.providers.base import Request
from agentctl.providers.driver import Credential, HttpProvider
from agentctl.providers.google import GenerateContent
from agentctl.providers.known import KNOWN
from agentctl.providers.retries import Retries
from agentctl.transport import Transport

PATIENCE = 30  # seconds that a server may take to start
WEATHER = ToolSpec(
    "weather",
    "The weather in a city",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
CALLS = [
    {"name": "weather", "arguments": '{"city": "Oslo"}', "id": "call_a"},
    {"name": "weather", "arguments": '{"city": "Zürich"}'},
]
FIXTURES = [
    {
        "match": {"userMessage": "weather", "hasToolResult": False},
        "response": {"reasoning": "Two cities.", "toolCalls": CALLS},
    },
    {"match": {"userMessage": "weather", "hasToolResult": True}, "response": {"content": "Cold, and mild."}},
    {"match": {"userMessage": "bad"}, "response": {"content": "I", "finishReason": "content_filter"}},
    {"match": {"userMessage": "long"}, "response": {"content": "Once upon", "finishReason": "length"}},
    {"match": {"userMessage": "hello"}, "response": {"content": "Hello! How can I help you today?"}},
]


class Peer:
    """A running server and how to ask it."""

    def __init__(self, origin: str, base_url: str, model: str) -> None:
        self.origin = origin
        self._codec = GenerateContent(replace(KNOWN["google"], base_url=base_url))
        self._model = model

    def ask(self, *messages: Message, tools: tuple[ToolSpec, ...] = ()) -> list[StreamEvent]:
        """The events of the answer."""
        return asyncio.run(self._ask(Request(self._model, messages, tools=tools)))

    async def _ask(self, request: Request) -> list[StreamEvent]:
        credential = Credential(lambda: "key", expected=True)
        provider = HttpProvider(self._codec, Transport(), credential, Retries(first=0.01))
        async with aclosing(provider), aclosing(provider.stream(request)) as events:
            return [event async for event in events]

    def script(self, *behaviours: dict[str, Any]) -> None:
        """Tell llmock what the next requests meet."""
        body = json.dumps({"behaviors": behaviours}).encode()
        request = urllib.request.Request(f"{self.origin}/_llmock/scenario", body, method="POST")  # noqa: S310 - our own
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - our own
            expect(answer.status == 201, "the server takes a scenario")  # noqa: PLR2004 - Created


def expect(fact: bool, what: str) -> None:
    """Print what went well, or end the program."""
    if not fact:
        raise AssertionError(what)
    sys.stdout.write(f"ok  {what}\n")


def done(events: Sequence[StreamEvent]) -> Done:
    """The end of an answer."""
    return next(event for event in events if isinstance(event, Done))


def converse(peer: Peer) -> None:
    """Two questions, the first of them with tools, the answers stored and loaded in between."""
    talk = [Message("system", (Text("be brief"),)), user("the weather in Oslo and Zürich?")]
    first = done(peer.ask(*talk, tools=(WEATHER,)))
    calls = [part for part in first.message.parts if isinstance(part, ToolCall)]
    expect(first.stop_reason == "tool_use" and bool(calls), f"it calls tools: {[call.arguments for call in calls]}")
    expect(len({call.id for call in calls}) == len(calls), f"each call has an id: {[call.id for call in calls]}")
    talk += [load(dump(first.message)), Message("tool", tuple(ToolResult(call.id, "cold") for call in calls))]
    second = done(peer.ask(*talk, tools=(WEATHER,)))
    expect(second.stop_reason == "end_turn" and bool(second.message.text), f"it answers: {second.message.text}")
    third = done(peer.ask(*talk, second.message, user("hello again")))
    expect(bool(third.message.text), f"it goes on: {third.message.text}")
    expect(third.usage is not None, f"it tells a usage: {third.usage and third.usage.raw}")


def aimock(peer: Peer) -> None:
    """What only aimock can be told to say."""
    converse(peer)
    refused = peer.ask(user("bad"))
    notices = [event.text for event in refused if isinstance(event, Notice)]
    expect(done(refused).stop_reason == "refusal" and bool(notices), f"a refusal says why: {notices}")
    expect(done(peer.ask(user("long"))).stop_reason == "max_tokens", "an answer cut short is one")


def llmock(peer: Peer) -> None:
    """What only llmock can break."""
    converse(peer)
    peer.script({"type": "fail", "status": 429, "retry_after": 0}, {"type": "fail", "status": 503})
    told = peer.ask(user("hello"))
    expect(len([event for event in told if isinstance(event, Retry)]) == 2, "429 and 503 are tried again")  # noqa: PLR2004
    for kind in ("disconnect", "truncate", "malformed"):
        peer.script({"type": "stream_fault", "kind": kind, "after_chunks": 2})
        try:
            peer.ask(user("hello"))
        except ProviderError as error:
            expect(error.partial is not None and error.billable, f"{kind}: {error.message}")
        else:
            expect(False, f"{kind} is an error")


@contextmanager
def running(command: Sequence[str], port: int) -> Iterator[None]:
    """The server, from when it listens."""
    with subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL) as process:
        try:
            _wait(port)
            yield
        finally:
            process.terminate()


def _wait(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main(name: Literal["aimock", "llmock"], command: Sequence[str]) -> None:
    """Start the peer and talk with it."""
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as directory:
        fixtures = Path(directory) / "fixtures.json"
        fixtures.write_text(json.dumps({"fixtures": FIXTURES}))
        talks: dict[str, tuple[Callable[[Peer], None], Peer, list[str]]] = {
            "aimock": (aimock, Peer(origin, origin, "gemini-3.8-flash"), ["--fixtures", str(fixtures)]),
            "llmock": (llmock, Peer(origin, f"{origin}/gemini", "gemini-2.5-pro"), ["--host", "127.0.0.1"]),
        }
        talk, peer, options = talks[name]
        with running([*command, *options], port):
            talk(peer)


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("aimock", "llmock"):  # noqa: PLR2004 - a name and a command
        sys.exit(__doc__)
    main("aimock" if sys.argv[1] == "aimock" else "llmock", sys.argv[2:])
