"""What errors of a gateway mean, and of the providers behind it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.openrouter import refusal as said

from agentctl import redact
from agentctl.errors import AuthError, ContextOverflowError, ProviderError
from agentctl.providers import gateway
from agentctl.providers.base import Capabilities
from agentctl.providers.refusal import refusal

ROUTER = Capabilities("openrouter", "http://host/v1", key_hint="set a key")

# status, body, class, transient, parts of message and hint. Source: https://openrouter.ai/docs/api-reference/errors
CASES: list[tuple[int, Any, type[ProviderError], bool, str, str]] = [
    (402, said(402, "no credit", limit_source="openrouter_credits"), ProviderError, False, "", "settings/credits"),
    (402, said(402, "limit", limit_source="openrouter_key_limit"), ProviderError, False, "", "settings/keys"),
    (402, said(402, "limit", limit_source="new_one"), ProviderError, False, "", "add credit"),
    (
        402,
        said(402, "busy", limit_source="openrouter_in_flight_budget", reason="in_flight_budget_exhausted"),
        ProviderError,
        True,
        "",
        "later",
    ),
    (
        402,
        said(402, "too dear", limit_source="openrouter_in_flight_budget", reason="weight_exceeds_budget"),
        ProviderError,
        False,
        "",
        "--max-output",
    ),
    (402, said(402, "x", error_type="payment_required"), ProviderError, False, "", "add credit"),
    (403, said(403, "Key limit exceeded (daily limit)"), ProviderError, False, "Key limit", "raise the limit"),
    (
        403,
        said(
            403,
            "Input flagged",
            reasons=["violence", "hate"],
            flagged_input="what was said",
            provider_name="OpenAI",
            model_slug="openai/gpt-5",
        ),
        ProviderError,
        False,
        "Input flagged (OpenAI: flagged for violence, hate)",
        "other words",
    ),
    (403, said(403, "Blocked", patterns=["card"]), ProviderError, False, "flagged for card", "other words"),
    (403, said(403, "no", error_type="content_policy_violation"), ProviderError, False, "", "other words"),
    (403, said(403, "no", error_type="permission_denied"), AuthError, False, "", "set a key"),
    (403, said(403, "down", error_type="provider_unavailable"), ProviderError, True, "", "later"),
    (401, said(401, "User not found."), AuthError, False, "", "set a key"),
    (408, said(408, "slow", error_type="timeout"), ProviderError, True, "", "later"),
    (429, said(429, "Rate limited", error_type="rate_limit_exceeded"), ProviderError, True, "", "later"),
    (
        429,
        said(429, "Provider returned error", provider_name="Chutes", raw="model is temporarily rate-limited upstream"),
        ProviderError,
        True,
        "Provider returned error (Chutes: model is temporarily rate-limited upstream)",
        "later",
    ),
    (502, said(502, "down", error_type="provider_unavailable"), ProviderError, True, "", "later"),
    (503, said(503, "No provider available"), ProviderError, True, "", "later"),
    (529, said(529, "full", error_type="provider_overloaded"), ProviderError, True, "", "later"),
    (404, said(404, "No endpoints found", error_type="not_found"), ProviderError, False, "", "models list"),
    (400, said(400, "x", error_type="context_length_exceeded"), ContextOverflowError, False, "", "window"),
    (413, said(413, "x", error_type="payload_too_large"), ContextOverflowError, False, "", "window"),
    (
        400,
        said(
            400, "Provider returned error", provider_name="Anthropic", raw={"error": {"message": "prompt is too long"}}
        ),
        ContextOverflowError,
        False,
        "(Anthropic: prompt is too long)",
        "window",
    ),
]


def of(status: int, body: Any) -> ProviderError:
    return refusal(ROUTER, status, json.dumps(body).encode())


@pytest.mark.parametrize(("status", "body", "kind", "transient", "message", "hint"), CASES)
def test_errors(status: int, body: Any, kind: type[ProviderError], message: str, hint: str, *, transient: bool) -> None:
    """Status and metadata together say which error it is, whether to try again, and what the user can do."""
    error = of(status, body)
    assert type(error) is kind
    assert (error.status, error.transient) == (status, transient)
    assert message in error.message
    assert hint in (error.hint or "")


def test_what_was_flagged_is_not_repeated() -> None:
    """The user knows it; logs and sessions should not."""
    assert "what was said" not in of(403, said(403, "no", reasons=["x"], flagged_input="what was said")).message


def test_the_words_of_the_provider_behind_are_short_and_hold_no_key() -> None:
    """They are shown like every server's words."""
    redact.register("geheim-geheim")
    error = of(400, said(400, "no", provider_name="P", raw="key geheim-geheim " + "x" * 1_000 + "\x1b[2J"))
    assert "geheim-geheim" not in error.message
    assert len(error.message) < 400


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain words", "P: plain words"),
        ('{"error": {"message": "deep"}}', "P: deep"),
        ('{"error": "flat"}', "P: flat"),
        ({"message": "object"}, "P: object"),
        ({"detail": {"error": {"message": "deeper"}}}, "P: deeper"),
        ("[1, 2]", "P: [1, 2]"),
        (None, "P"),
        ({}, "P"),
        (7, "P"),
    ],
)
def test_the_words_of_the_provider_behind(raw: object, shown: str) -> None:
    """Whatever form they have, the message is found."""
    assert gateway.words({"provider_name": "P", "raw": raw}) == shown


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["error", "message", "raw", "metadata", "reasons", "patterns", "provider_name", "code"]),
            inner,
        )
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["error", "metadata", "raw", "message"]), JSON))
def test_no_metadata_confuses_it(body: dict[str, Any]) -> None:
    """Any JSON is an error of the status it came with."""
    assert of(400, body).status == 400
    assert isinstance(gateway.words(body), str)
