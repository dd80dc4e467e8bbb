"""What the errors of Gemini mean."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.errors import AuthError, ContextOverflowError, ProviderError
from agentctl.providers.base import Capabilities
from agentctl.providers.google import GenerateContent

CODEC = GenerateContent(Capabilities("google", key_hint="set a key"))
HELP = {"@type": "type.googleapis.com/google.rpc.Help", "links": [{"description": "Learn more", "url": "https://x"}]}


def of(status: int, body: Any) -> ProviderError:
    """The error that this answer stands for."""
    return CODEC.refusal(status, json.dumps(body).encode())


def said(code: int, status: str, message: str, *details: dict[str, Any]) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "status": status, "details": [HELP, *details]}}


def reason(name: str) -> dict[str, Any]:
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "domain": "googleapis.com"}
    return {**info, "reason": name, "metadata": {"service": "generativelanguage.googleapis.com"}}


def quota(*ids: str) -> dict[str, Any]:
    violations = [{"quotaMetric": "generativelanguage.googleapis.com/x", "quotaId": id_} for id_ in ids]
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": violations}


def wait(delay: object) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


MINUTE = "GenerateContentInputTokensPerModelPerMinute-FreeTier"
DAY = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
EXHAUSTED = "You exceeded your current quota, please check your plan and billing details."
INVALID = "API key not valid. Please pass a valid API key."
LONG = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."

# status, body, class, seconds to wait (None: it is not tried again), a part of the hint
CASES: list[tuple[int, Any, type[ProviderError], float | None, str]] = [
    (400, said(400, "INVALID_ARGUMENT", INVALID, reason("API_KEY_INVALID")), AuthError, None, "set a key"),
    (400, said(400, "INVALID_ARGUMENT", INVALID), AuthError, None, "set a key"),
    (400, [said(400, "INVALID_ARGUMENT", "API key expired. Please renew the API key.")], AuthError, None, "set a key"),
    (401, said(401, "UNAUTHENTICATED", "no credentials"), AuthError, None, "set a key"),
    (403, said(403, "PERMISSION_DENIED", "unregistered callers"), AuthError, None, "set a key"),
    (400, said(400, "INVALID_ARGUMENT", LONG), ContextOverflowError, None, "new session"),
    (400, said(400, "INVALID_ARGUMENT", "Request payload size exceeds the limit: 20971520 bytes."),
     ContextOverflowError, None, "send less"),
    (400, said(400, "INVALID_ARGUMENT", 'Unknown name "x": Cannot find field.'), ProviderError, None, "--dry-run"),
    (400, said(400, "FAILED_PRECONDITION", "User location is not supported for the API use."), ProviderError, None, ""),
    (404, said(404, "NOT_FOUND", "models/x is not found for API version v1beta"), ProviderError, None, "models list"),
    (429, said(429, "RESOURCE_EXHAUSTED", EXHAUSTED, quota(MINUTE), wait("37s")), ProviderError, 37, "later"),
    (429, [said(429, "RESOURCE_EXHAUSTED", EXHAUSTED, quota(MINUTE), wait("0.25s"))], ProviderError, 0.25, "later"),
    (429, said(429, "RESOURCE_EXHAUSTED", EXHAUSTED, wait("37.073821516s")), ProviderError, 37.073821516, "later"),
    (429, said(429, "RESOURCE_EXHAUSTED", EXHAUSTED, quota(MINUTE, DAY), wait("37s")), ProviderError, None, "day"),
    (429, said(429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted."), ProviderError, None, "credit"),
    (500, said(500, "INTERNAL", "An internal error has occurred."), ProviderError, 0, "later"),
    (503, said(503, "UNAVAILABLE", "The model is overloaded. Please try again later."), ProviderError, 0, "later"),
    (504, said(504, "DEADLINE_EXCEEDED", "Deadline expired"), ProviderError, 0, "later"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind", "delay", "hint"), CASES)
def test_errors(status: int, body: Any, kind: type[ProviderError], delay: float | None, hint: str) -> None:
    """Status, code and details together say which error it is, whether and when to try again, and what to do."""
    error = of(status, body)
    assert type(error) is kind
    assert error.transient == (delay is not None)
    assert (error.retry_after or 0) == (delay or 0)
    assert hint in (error.hint or "")
    assert error.message.startswith(f"google answered {status}")


@pytest.mark.parametrize("delay", ["37", "s", "-1s", "1e9s", "9999999999s", "", None, 37, {"seconds": 3}, ["1s"]])
def test_a_delay_that_is_none(delay: object) -> None:
    """What is no duration as Google writes it asks for no certain wait."""
    error = of(429, said(429, "RESOURCE_EXHAUSTED", EXHAUSTED, wait(delay)))
    assert (error.transient, error.retry_after) == (True, None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)
DETAIL = st.fixed_dictionaries({}, optional={"reason": JSON, "violations": JSON | st.lists(JSON), "retryDelay": JSON})


@given(st.fixed_dictionaries({}, optional={"details": JSON | st.lists(DETAIL), "message": JSON, "code": JSON}))
def test_no_details_confuse_it(problem: dict[str, Any]) -> None:
    """Any details are an error of the status they came with."""
    assert of(429, {"error": problem}).status == 429
