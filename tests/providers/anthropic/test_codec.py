"""Where requests to a Messages server go, and what they say of themselves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agentctl.errors import AuthError, ContextOverflowError, ProviderError
from agentctl.messages import user
from agentctl.providers.anthropic import Messages
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.known import KNOWN

CODEC = Messages(Capabilities("p", "http://host", key_hint="set a key"))
ASK = Request("claude-sonnet-5", (user("hi"),))


def test_the_key_goes_into_its_header() -> None:
    """A key is sent in the header that the API has for it, and nothing where there is none."""
    assert CODEC.headers("sk-ant-api03-x") == {"anthropic-version": "2023-06-01", "x-api-key": "sk-ant-api03-x"}
    assert CODEC.headers(None) == {"anthropic-version": "2023-06-01"}


def test_a_token_of_a_login_is_no_key() -> None:
    """A token that a login gave goes as one, with the beta that it needs beside any other."""
    assert CODEC.headers("sk-ant-oat01-x") == {
        "anthropic-version": "2023-06-01",
        "Authorization": "Bearer sk-ant-oat01-x",
        "anthropic-beta": "oauth-2025-04-20",
    }
    betas = Messages(KNOWN["anthropic"]).headers("sk-ant-oat01-x")["anthropic-beta"]
    assert betas == "thinking-binding-controls-2026-08-01,oauth-2025-04-20"


def test_the_users_headers_hold() -> None:
    """What the capabilities say of headers is sent, also in the place of what is usual."""
    headers = Messages(Capabilities("p", headers={"anthropic-version": "2026-10-21"})).headers(None)
    assert headers == {"anthropic-version": "2026-10-21"}


def test_how_to_count() -> None:
    """The number of tokens is asked for with what would be sent."""
    query = CODEC.count(ASK)
    assert query
    assert query.path == "/v1/messages/count_tokens"
    assert query.body
    assert query.body["messages"] == CODEC.encode(ASK)["messages"]


@pytest.mark.parametrize(
    ("answer", "number"),
    [({"input_tokens": 7}, 7), ({}, None), ({"input_tokens": "7"}, None), ({"input_tokens": -1}, None)],
)
def test_what_was_counted(answer: dict[str, Any], number: int | None) -> None:
    """The number is told if it is one."""
    assert CODEC.counted(answer) == number


# (status, type, words): (class, transient, a part of the hint)
REFUSALS: list[tuple[int, str, str, type[ProviderError], bool, str]] = [
    (400, "invalid_request_error", "max_tokens: must be positive", ProviderError, False, "dry-run"),
    (
        400,
        "invalid_request_error",
        "prompt is too long: 205000 tokens > 200000 maximum",
        ContextOverflowError,
        False,
        "session",
    ),
    (
        400,
        "invalid_request_error",
        "input length and `max_tokens` exceed context limit: 199000 + 8000 > 200000",
        ContextOverflowError,
        False,
        "session",
    ),
    (400, "invalid_request_error", "Your credit balance is too low to access the API.", ProviderError, False, "credit"),
    (401, "authentication_error", "invalid x-api-key", AuthError, False, "set a key"),
    (402, "billing_error", "pay", ProviderError, False, "credit"),
    (403, "permission_error", "no", AuthError, False, "set a key"),
    (404, "not_found_error", "model: claude-x", ProviderError, False, "models list"),
    (413, "request_too_large", "too large", ContextOverflowError, False, "session"),
    (429, "rate_limit_error", "slow", ProviderError, True, "later"),
    (500, "api_error", "oops", ProviderError, True, "later"),
    (504, "timeout_error", "late", ProviderError, True, "later"),
    (529, "overloaded_error", "Overloaded", ProviderError, True, "later"),
]


@pytest.mark.parametrize(("status", "type_", "words", "kind", "transient", "hint"), REFUSALS)
def test_refusals(
    status: int, type_: str, words: str, kind: type[ProviderError], hint: str, *, transient: bool
) -> None:
    """Every documented error is of its class, says whether to try again, and names the request for the support."""
    body = {"type": "error", "error": {"type": type_, "message": words}, "request_id": "req_011C"}
    error = CODEC.refusal(status, json.dumps(body).encode())
    assert type(error) is kind
    assert (error.status, error.transient) == (status, transient)
    assert hint in (error.hint or "")
    assert error.message.endswith(f": {words} (req_011C)")


@pytest.mark.parametrize("code", ["contract_spend_limit_reached", "enforced_spend_limit_reached"])
def test_a_spend_limit_is_no_rate_limit(code: str) -> None:
    """No wait lifts a limit of spending, though it comes as a rate limit."""
    body = {"error": {"type": "rate_limit_error", "message": "limit", "details": {"error_code": code}}}
    error = CODEC.refusal(429, json.dumps(body).encode())
    assert (error.transient, error.hint) == (False, "add credit or raise the limit at the provider")


@pytest.mark.parametrize("details", [None, [], "x", {"error_code": 7}, {"error_code": "ramp_limit_exceeded"}])
def test_details_that_say_nothing(details: object) -> None:
    """Other details leave a rate limit one."""
    body = {"error": {"type": "rate_limit_error", "message": "limit", "details": details}, "request_id": 7}
    error = CODEC.refusal(429, json.dumps(body).encode())
    assert (error.transient, error.message) == (True, "p answered 429 Too Many Requests: limit")
