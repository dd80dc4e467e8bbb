"""The whole way to OpenRouter, against a server that answers and fails as OpenRouter does."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import aclosing
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest
from support.config import Home
from support.events import collect, failure
from support.openrouter import (
    ID,
    PROCESSING,
    USAGE,
    completion,
    credit,
    event,
    events,
    generation,
    key,
    refusal,
)
from support.server import Drop, Pause, Recorded, Script, Send, Server, Stall, answer, chunk, sse, stream

from agentctl.errors import AuthError, ProviderError
from agentctl.events import Done, Retry, Start, TextDelta
from agentctl.messages import user
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.connect import connect
from agentctl.providers.driver import Credential
from agentctl.providers.openrouter import OpenRouter
from agentctl.providers.openrouter.account import Account, Limit
from agentctl.providers.retries import Retries
from agentctl.transport import SilenceError, Timeouts, Transport

T = TypeVar("T")
ASK = Request("anthropic/claude-sonnet-5.5", (user("hi"),))
NAMED = {"X-Generation-Id": ID}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return a home with nothing configured."""
    return Home(tmp_path)


def service(url: str, home: Home, idle: float = 20.0) -> OpenRouter:
    """OpenRouter at this address."""
    where = Capabilities("openrouter", f"{url}/api/v1", api="openrouter")
    timeouts = Timeouts(header=idle, idle=idle)
    return OpenRouter(
        where, home.load(), Transport(timeouts), Credential(lambda: "k-1", expected=True), Retries(first=0.01)
    )


def run(provider: OpenRouter, work: Coroutine[Any, Any, T]) -> T:
    """Do the work, and close the provider."""

    async def go() -> T:
        async with aclosing(provider):
            return await work

    return asyncio.run(go())


def test_an_answer(home: Home) -> None:
    """It is announced by its name, then told, and what it cost is known."""
    with Server(completion("Hel", "lo")) as server:
        told = collect(service(server.url, home), ASK)
    request = server.requests[0]
    assert (request.method, request.path) == ("POST", "/api/v1/chat/completions")
    assert request.headers["authorization"] == "Bearer k-1"
    assert request.headers["http-referer"]
    assert request.headers["x-openrouter-title"] == "agentctl"
    assert told[:4] == [
        Start(ASK.model, ID), Start("anthropic/claude-sonnet-5.5", ID), TextDelta("Hel"), TextDelta("lo")
    ]  # fmt: skip
    done = told[-1]
    assert isinstance(done, Done)
    assert done.usage
    assert (done.usage.reported, done.usage.cache_read) == (Decimal("0.0414"), 40_000)


def test_a_word_that_it_is_on_its_way_is_no_silence(home: Home) -> None:
    """Comments keep the connection alive for as long as they come."""
    comments = [step for _ in range(4) for step in (Send(chunk(PROCESSING)), Pause(0.2))]
    script = [*stream(end=False), *comments, *stream(*sse(*events("Hi"), "[DONE]"))[1:]]
    with Server(script) as server:
        told = collect(service(server.url, home, idle=0.5), ASK)
    assert TextDelta("Hi") in told


def test_silence_after_such_a_word_is_silence(home: Home) -> None:
    """It is told with the name of the answer, that its cost may be asked for, and nothing is sent again."""
    with Server([*stream(PROCESSING, end=False, headers=NAMED), Stall()]) as server:
        error = failure(service(server.url, home, idle=0.2), ASK, SilenceError)
    assert error.response_id == ID
    assert error.billable
    assert len(server.requests) == 1


def test_who_leaves_before_the_first_word_knows_the_name(home: Home) -> None:
    """The name stands in a header, and is told before anything of the answer is there."""
    with Server([*stream(PROCESSING, end=False, headers=NAMED), Stall()]) as server:
        provider = service(server.url, home)

        async def first() -> object:
            async with aclosing(provider.stream(ASK)) as told:
                await anext(told)  # that it is sent
                return await anext(told)

        assert run(provider, first()) == Start(ASK.model, ID)


def test_a_break_after_the_first_word_is_not_sent_again(home: Home) -> None:
    """What had come is kept, with the name by which its cost can be asked for."""
    with Server([*stream(*sse(*events("Hel")[:1]), end=False, headers=NAMED), Drop()]) as server:
        error = failure(service(server.url, home), ASK, ProviderError)
    assert (error.response_id, error.billable, len(server.requests)) == (ID, True, 1)
    assert error.partial
    assert error.partial.text == "Hel"


def test_an_error_before_the_first_word_is_sent_again(home: Home) -> None:
    """The attempt that failed tells what it is billed for, and its name."""
    broken = event({"content": ""}, finish="error", usage=USAGE, **refusal(502, "Provider disconnected"))
    with Server(stream(PROCESSING, *sse(broken, "[DONE]"), headers=NAMED), completion("Hello")) as server:
        told = collect(service(server.url, home), ASK)
    (retry,) = [item for item in told if isinstance(item, Retry)]
    assert (retry.attempt, retry.response_id) == (1, ID)
    assert retry.usage
    assert retry.usage.reported == Decimal("0.0414")
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("status", "metadata", "attempts"),
    [
        (429, {"error_type": "rate_limit_exceeded"}, 3),
        (402, {"limit_source": "openrouter_in_flight_budget", "reason": "in_flight_budget_exhausted"}, 3),
        (402, {"limit_source": "openrouter_in_flight_budget", "reason": "weight_exceeds_budget"}, 1),
        (402, {"limit_source": "openrouter_credits"}, 1),
        (502, {"error_type": "provider_unavailable"}, 3),
        (503, {}, 3),
        (403, {"reasons": ["x"]}, 1),
    ],
)
def test_what_is_sent_again(home: Home, status: int, metadata: dict[str, Any], attempts: int) -> None:
    """What passes by itself is tried again as soon as the server says; what does not is told at once."""
    with Server(answer(status, refusal(status, "no", **metadata), {"Retry-After": "0"})) as server:
        error = failure(service(server.url, home), ASK, ProviderError)
    assert (error.status, len(server.requests)) == (status, attempts)
    assert not error.billable


def test_a_budget_in_use_of_which_nobody_knows_when_it_is_free(home: Home) -> None:
    """Without a word on when to try again there is no point in it."""
    with Server(answer(402, refusal(402, "no", limit_source="openrouter_in_flight_budget"))) as server:
        failure(service(server.url, home), ASK, ProviderError)
    assert len(server.requests) == 1


def test_an_error_with_status_200_before_any_chunk(home: Home) -> None:
    """An answer that is not streamed may be an error too."""
    with Server(answer(200, refusal(400, "bad", provider_name="P", raw="worse"))) as server:
        error = failure(service(server.url, home), ASK, ProviderError)
    assert error.message == "openrouter broke off: bad (P: worse)"


def test_what_a_cut_answer_cost_is_known_soon_after(home: Home) -> None:
    """The question is asked again until there is an answer; the tokens are those that are billed."""
    missing = answer(404, refusal(404, "Generation not found"))
    with Server(missing, answer(200, generation())) as server:
        provider = service(server.url, home)
        usage = run(provider, provider.charged("gen-1/ä"))
    assert [request.path for request in server.requests] == ["/api/v1/generation?id=gen-1%2F%C3%A4"] * 2
    assert server.requests[0].method == "GET"
    assert usage
    assert usage.buckets() == {
        "uncached_input": 200, "cache_read": 1_000, "cache_write_short": 0, "cache_write_long": 0, "output": 100
    }  # fmt: skip
    assert usage.details == {"reasoning": 40}
    assert (usage.reported, usage.service_tier) == (Decimal("0.0123"), "standard")


def test_a_cut_answer_by_a_key_of_the_users_own(home: Home) -> None:
    """What the provider behind bills to that key is part of the cost."""
    told = generation(is_byok=True, total_cost=0.001, upstream_inference_cost=0.02)
    with Server(answer(200, told)) as server:
        provider = service(server.url, home)
        usage = run(provider, provider.charged(ID))
    assert usage
    assert usage.reported == Decimal("0.021")


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"data": None},
        {"data": {"total_cost": "free"}},
        generation(native_tokens_prompt=-1),
        generation(total_cost=-1),
    ],
)
def test_nonsense_about_a_cut_answer_is_no_answer(home: Home, told: dict[str, Any]) -> None:
    """What can't be true is not booked."""
    with Server(answer(200, told)) as server:
        provider = service(server.url, home)
        assert run(provider, provider.charged(ID)) is None


def test_a_cut_answer_that_nobody_knows(home: Home) -> None:
    """After a few seconds the question is given up."""
    with Server(answer(404, refusal(404, "Generation not found"))) as server:
        provider = service(server.url, home)
        assert run(provider, provider.charged(ID)) is None
        assert len(server.requests) > 2


def test_a_refused_key_is_told_at_once(home: Home) -> None:
    """There is no point in asking again."""
    with Server(answer(401, refusal(401, "no"))) as server:
        provider = service(server.url, home)
        with pytest.raises(AuthError):
            run(provider, provider.charged(ID))
        assert len(server.requests) == 1


def account_server(key_body: Any, credit_script: Script) -> Server:
    """A server that tells of a key and of credits."""

    def tell(request: Recorded) -> Script:
        return answer(200, key_body) if request.path.endswith("/key") else credit_script

    return Server(tell)


def test_the_account(home: Home) -> None:
    """What was used, by window, with keys of the user's own, and every limit with what is left."""
    budget = {"scope": "workspace", "limit_usd": 50, "remaining_usd": -1.5, "spend_usd": 51.5}
    own = {"scope": "key_limit", "limit_usd": 10, "remaining_usd": 4.5}
    with account_server(key([budget, own]), answer(200, credit())) as server:
        provider = service(server.url, home)
        account = run(provider, provider.account())
    assert account.used == {"day": Decimal("0.75"), "week": Decimal("2.50"), "month": Decimal("5.75")}
    assert account.limits == (
        Limit("limit of the key, monthly", Decimal(10), Decimal("4.5")),
        Limit("budget workspace", Decimal(50), Decimal("-1.5")),
        Limit("credits", Decimal(100), Decimal("74.5")),
    )
    assert [limit.scarce for limit in account.limits] == [False, True, False]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_an_account_without_credits(home: Home, status: int) -> None:
    """Not every key may ask for them; an unlimited key has no limit."""
    unlimited = key(limit=None, limit_remaining=None)
    with account_server(unlimited, answer(status, refusal(status, "Only management keys"))) as server:
        provider = service(server.url, home)
        assert run(provider, provider.account()).limits == ()


def test_an_account_that_can_not_be_had(home: Home) -> None:
    """A server that fails is an error; nonsense in single figures is none."""
    nonsense = {"data": {"usage": "much", "usage_daily": "much", "budgets": 7}}
    with account_server(nonsense, answer(500, b"")) as server:
        provider = service(server.url, home)
        with pytest.raises(ProviderError):
            run(provider, provider.account())
    with account_server(nonsense, answer(404, b"")) as server:
        provider = service(server.url, home)
        assert run(provider, provider.account()) == Account()


@pytest.mark.parametrize("told", [{}, {"data": None}, {"data": []}, {"data": {}}, {"data": [1]}, {"error": "no"}])
def test_who_tells_nothing_of_the_key_is_no_openrouter(home: Home, told: dict[str, Any]) -> None:
    """Another server at its address does not pass for one that takes the key."""
    with account_server(told, answer(200, credit())) as server:
        provider = service(server.url, home)
        with pytest.raises(ProviderError, match="no OpenRouter") as caught:
            run(provider, provider.account())
    assert caught.value.hint == f"check the base URL: {server.url}/api/v1"


def test_it_is_found_by_its_name(home: Home) -> None:
    """The key comes from its own variable, the address may be another's, and the wishes from the settings."""
    with Server(completion("Hi")) as server:
        home.variables |= {"OPENROUTER_API_KEY": "sk-or-v1-1234567890", "OPENROUTER_BASE_URL": f"{server.url}/api/v1"}
        home.write("user", '[openrouter]\nsort = "price"\nmodels = ["openai/gpt-5"]\ntitle = "off"\n')
        collect(connect("openrouter", home.load(), home.environ), ASK)
    request = server.requests[0]
    assert request.headers["authorization"] == "Bearer sk-or-v1-1234567890"
    assert "x-openrouter-title" not in request.headers
    assert (request.json["provider"], request.json["models"]) == ({"sort": "price"}, ["openai/gpt-5"])


def test_a_strangers_project_does_not_route(home: Home) -> None:
    """Where a conversation goes is not for a file in a directory to say."""
    home.write("project", '[openrouter]\nonly = ["evil"]\nmodels = ["evil/model"]\nreferer = "https://evil.test"\n')
    settings = home.load()
    assert (dict(settings.openrouter.routing), settings.openrouter.models) == ({}, ())
    assert set(settings.ignored) == {"openrouter.only", "openrouter.models", "openrouter.referer"}
