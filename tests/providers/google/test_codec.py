"""Where requests to Gemini go, what they say of themselves, and how tokens are counted."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest
from support.gemini import generation, text
from support.server import Server, answer

from agentctl.messages import Message, Text, ToolSpec, user
from agentctl.providers.base import Request, complete
from agentctl.providers.driver import Credential, HttpProvider
from agentctl.providers.google import GenerateContent
from agentctl.providers.known import KNOWN
from agentctl.transport import Transport

CODEC = GenerateContent(KNOWN["google"])


def service(url: str) -> HttpProvider:
    codec = GenerateContent(replace(KNOWN["google"], base_url=url))
    return HttpProvider(codec, Transport(), Credential(lambda: "AIza-geheim", expected=True))


@pytest.mark.parametrize(
    ("model", "address"),
    [
        ("gemini-3.8-flash", "models/gemini-3.8-flash"),
        ("models/gemini-3.8-flash", "models/gemini-3.8-flash"),
        ("tunedModels/mine-1", "tunedModels/mine-1"),
        ("a b/c", "models/a%20b%2Fc"),
        ("../files", "models/..%2Ffiles"),
        ("models/../../x", "models/..%2F..%2Fx"),
        ("x:generateContent?key=1#", "models/x%3AgenerateContent%3Fkey%3D1%23"),
        ("modellé", "models/modell%C3%A9"),
        ("\udc80", "models/%3F"),
        ("", "models/"),
    ],
)
def test_addresses(model: str, address: str) -> None:
    """A model's name leads to the model, whatever characters it has, and nowhere else."""
    assert CODEC.path(Request(model, ())) == f"/v1beta/{address}:streamGenerateContent?alt=sse"


@pytest.mark.parametrize("base", ["", "/v1beta"])
def test_a_request_over_http(base: str) -> None:
    """The key goes in a header, never in the address; a base URL may end in the API's version."""
    with Server(generation(text("Hello"))) as server:

        async def run() -> None:
            async with aclosing(service(f"{server.url}{base}")) as provider:
                await complete(provider, Request("gemini-3.8-flash", (user("hi"),)))

        asyncio.run(run())
    request = server.requests[0]
    assert request.path == "/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse"
    assert request.headers["x-goog-api-key"] == "AIza-geheim"
    assert not request.headers.keys() & {"authorization"}
    assert "geheim" not in request.path + request.body.decode()


def test_the_preview_shows_no_key() -> None:
    """A dry run shows the request with its key hidden."""
    preview = service("http://host").preview(Request("gemini-3.8-flash", (user("hi"),)))
    assert preview.headers["x-goog-api-key"] == "[redacted]"
    assert preview.url == "http://host/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse"


def test_no_key_no_header() -> None:
    """A server that needs no key is sent none; headers of its own go along."""
    codec = GenerateContent(replace(KNOWN["google"], headers={"X-Goog-User-Project": "p"}))
    assert codec.headers(None) == {"X-Goog-User-Project": "p"}
    assert codec.headers("k") == {"x-goog-api-key": "k", "X-Goog-User-Project": "p"}


def test_tokens_are_counted() -> None:
    """All that is input is counted: the contents, the system's instruction and the tools."""
    conversation = (Message("system", (Text("be brief"),)), user("hi"))
    request = Request("gemini-3.8-flash", conversation, 7, tools=(ToolSpec("f", "", {}),))
    with Server(answer(200, {"totalTokens": 31, "promptTokensDetails": []})) as server:

        async def run() -> int | None:
            async with aclosing(service(server.url)) as provider:
                return await provider.count_tokens(request)

        assert asyncio.run(run()) == 31
    sent = server.requests[0]
    assert sent.path == "/v1beta/models/gemini-3.8-flash:countTokens"
    body = CODEC.encode(request)
    assert sent.json == {
        "generateContentRequest": {
            "model": "models/gemini-3.8-flash",
            "systemInstruction": body["systemInstruction"],
            "tools": body["tools"],
            "contents": body["contents"],
        }
    }


@pytest.mark.parametrize("told", [{}, {"totalTokens": "31"}, {"totalTokens": -1}, {"totalTokens": None}])
def test_a_count_that_is_none(told: dict[str, object]) -> None:
    """What is no number of tokens is no answer."""
    assert CODEC.counted(told) is None
