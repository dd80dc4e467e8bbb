"""What providers list of their models."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.server import Server, answer

from agentctl.errors import AuthError, ProviderError
from agentctl.providers.base import Api, Capabilities
from agentctl.providers.driver import HttpProvider
from agentctl.providers.listing import Listed, ListedTier, list_models, read
from agentctl.providers.openai import ChatCompletions
from agentctl.transport import Transport

OPENROUTER = {
    "id": "anthropic/claude-sonnet-5.5",
    "context_length": 1_000_000,
    "top_provider": {"context_length": 900_000, "max_completion_tokens": 64_000},
    "pricing": {
        "prompt": "0.000002",
        "completion": "0.00001",
        "input_cache_read": "0.0000001",
        "input_cache_write": "0.0000025",
        "input_cache_write_1h": "0.000004",
        "overrides": [
            {"min_prompt_tokens": 200_000, "prompt": "0.000004"},
            {"utc_start": 100, "utc_end": 400, "prompt": "0.000001"},
        ],
    },
}


def ask(server: Server, api: Api = "chat") -> list[Listed]:
    """The models that the server lists."""

    async def run() -> list[Listed]:
        provider = HttpProvider(ChatCompletions(Capabilities("p", server.url, api)), Transport())
        try:
            return await list_models(provider)
        finally:
            await provider.aclose()

    return asyncio.run(run())


def one(model: Mapping[str, Any]) -> Listed:
    """The model, read."""
    (found,) = read([model])
    return found


def test_openrouter_tells_prices_a_token() -> None:
    """Dollars a token become dollars a million, exactly; long inputs have a tier; what depends on the hour has none."""
    base = {
        "input": Decimal(2),
        "output": Decimal(10),
        "cache_read": Decimal("0.1"),
        "cache_write_short": Decimal("2.5"),
        "cache_write_long": Decimal(4),
    }
    tiers = (ListedTier(0, base), ListedTier(200_000, {**base, "input": Decimal(4)}))
    assert one(OPENROUTER) == Listed("anthropic/claude-sonnet-5.5", None, 64_000, 1_000_000, tiers)


def test_together_tells_prices_a_million() -> None:
    """Dollars a million are not taken for dollars a token."""
    listed = one({"id": "m", "context_length": 131072, "pricing": {"hourly": 0, "input": 0.88, "output": 1}})
    assert listed == Listed(
        "m", window=131072, tiers=(ListedTier(0, {"input": Decimal("0.88"), "output": Decimal(1)}),)
    )


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({"id": "gpt-5", "object": "model", "owned_by": "openai"}, Listed("gpt-5")),
        (
            {"type": "model", "id": "claude-x", "max_input_tokens": 1_000_000, "max_tokens": 128_000},
            Listed("claude-x", 1_000_000, 128_000),
        ),
        (
            {"name": "models/gemini-x", "inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536},
            Listed("gemini-x", 1_048_576, 65_536),
        ),
        (
            {"id": "llama", "context_window": 131072, "max_completion_tokens": 32768},
            Listed("llama", None, 32768, 131072),
        ),
        ({"id": "mistral", "max_context_length": 32768}, Listed("mistral", window=32768)),
        ({"id": "vllm", "max_model_len": 4096}, Listed("vllm", window=4096)),
    ],
)
def test_ceilings(model: Mapping[str, Any], expected: Listed) -> None:
    """Each provider names its ceilings in its own way."""
    assert one(model) == expected


@pytest.mark.parametrize("price", ["-1", "NaN", "Infinity", "", None, True, "1e9999999", [], "0.00.1"])
def test_what_is_no_price(price: object) -> None:
    """A negative price, which a router lists, or nonsense is unknown: never free, and never an error."""
    assert one({"id": "openrouter/auto", "pricing": {"prompt": price, "completion": "0.1"}}).tiers == ()


def test_all_pages_are_read() -> None:
    """Anthropic and Google give their list in pages; a name that comes twice is listed once."""
    pages: list[dict[str, Any]] = [
        {"data": [{"id": "a"}], "has_more": True, "last_id": "a/1"},
        {"data": [{"id": "b"}, {"id": "a"}]},
    ]
    with Server(*(answer(200, page) for page in pages)) as server:
        assert [model.name for model in ask(server, "messages")] == ["a", "b"]
        assert [request.path for request in server.requests] == [
            "/v1/models?limit=1000",
            "/v1/models?limit=1000&after_id=a%2F1",
        ]
    pages = [{"models": [{"name": "models/a"}], "nextPageToken": "t&1"}, {"models": [{"name": "models/b"}]}]
    with Server(*(answer(200, page) for page in pages)) as server:
        assert [model.name for model in ask(server, "gemini")] == ["a", "b"]
        assert server.requests[1].path == "/v1beta/models?pageSize=1000&pageToken=t%261"


def test_a_list_without_end_ends() -> None:
    """A server whose pages go round in a circle is asked a bounded number of times."""
    with Server(answer(200, {"data": [], "has_more": True, "last_id": "a"})) as server:
        assert ask(server, "messages") == []
        assert len(server.requests) == 50


def test_a_bare_array_is_a_list() -> None:
    """Together answers with an array and not with an object."""
    with Server(answer(200, '[{"id": "m"}]', {"Content-Type": "application/json"})) as server:
        assert ask(server) == [Listed("m")]


@pytest.mark.parametrize(
    ("script", "kind", "message"),
    [
        (answer(401, {"error": {"message": "no"}}), AuthError, "p answered 401"),
        (answer(200, "<html>"), ProviderError, "something other than JSON"),
        (answer(200, {"object": "list"}), ProviderError, "no list of models"),
        (answer(200, {"data": [1, {"id": ""}]}), ProviderError, "a list of what are no models"),
    ],
)
def test_failures(script: Any, kind: type[ProviderError], message: str) -> None:
    """A refusal, a page and an answer of another kind are told as what they are."""
    with Server(script) as server, pytest.raises(kind, match=message) as caught:
        ask(server)
    assert caught.value.hint is not None or kind is AuthError


@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5), st.lists, max_leaves=5)
)
def test_nonsense_is_left_out(value: object) -> None:
    """Whatever stands where a model or a number belongs, reading does not fail."""
    fields = ("id", "name", "context_length", "pricing", "top_provider", "max_tokens")
    list(read([value, {"id": "m", "pricing": {"prompt": value, "completion": value, "overrides": value}}]))
    list(read([{"id": "m"} | dict.fromkeys(fields[2:], value), dict.fromkeys(fields, value)]))
