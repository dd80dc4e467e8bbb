"""What the errors of Chat Completions servers mean."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl import redact
from agentctl.errors import AuthError, ContextOverflowError, ExitCode, ProviderError
from agentctl.providers.base import Capabilities
from agentctl.providers.refusal import refusal

CAPABILITIES = Capabilities("p", "http://host/v1", key_hint="set a key")


def of(status: int, body: Any) -> ProviderError:
    """The error that this answer stands for."""
    return refusal(CAPABILITIES, status, body if isinstance(body, bytes) else json.dumps(body).encode())


def said(message: str = "", **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "t", "param": None, "code": None, **more}}


# (status, body): (class, transient, a part of the hint)
CASES: list[tuple[int, Any, type[ProviderError], bool, str]] = [
    (401, said("Incorrect API key", code="invalid_api_key"), AuthError, False, "set a key"),
    (403, said("not in your country"), AuthError, False, "set a key"),
    (400, said("bad key", code="invalid_api_key"), AuthError, False, "set a key"),
    (404, said("no such model", code="model_not_found"), ProviderError, False, "agentctl models list"),
    (404, b"404 page not found", ProviderError, False, "http://host/v1"),
    (402, said("no credit"), ProviderError, False, "credit"),
    (429, said("quota", code="insufficient_quota", type="insufficient_quota"), ProviderError, False, "credit"),
    (429, said("slow down", code="rate_limit_exceeded"), ProviderError, True, "later"),
    (408, b"", ProviderError, True, "later"),
    (409, b"", ProviderError, True, "later"),
    (500, said("oops"), ProviderError, True, "later"),
    (503, b"<html>busy</html>", ProviderError, True, "later"),
    (529, said("overloaded", type="overloaded_error"), ProviderError, True, "later"),
    (400, said("too long", code="context_length_exceeded"), ContextOverflowError, False, "new session"),
    (
        400,
        {"error": {"code": 400, "message": "too long", "type": "exceed_context_size_error", "n_ctx": 2048}},
        ContextOverflowError,
        False,
        "new session",
    ),
    (
        400,
        {"object": "error", "message": "This model's maximum context length is 4096 tokens.", "code": 400},
        ContextOverflowError,
        False,
        "new session",
    ),
    (400, said("context", metadata={"error_type": "context_length_exceeded"}), ContextOverflowError, False, ""),
    (301, b"", ProviderError, False, "http://host/v1"),
    (400, said("bad temperature"), ProviderError, False, ""),
    (204, b"", ProviderError, False, ""),
]


@pytest.mark.parametrize(("status", "body", "kind", "transient", "hint"), CASES)
def test_errors(status: int, body: Any, kind: type[ProviderError], hint: str, *, transient: bool) -> None:
    """Status and code together say which error it is, whether to try again, and what the user can do."""
    error = of(status, body)
    assert type(error) is kind
    assert (error.status, error.transient) == (status, transient)
    assert hint in (error.hint or "")
    assert error.message.startswith(f"p answered {status}")
    assert not error.billable


def test_exit_codes() -> None:
    """A bad key leaves with 4, an overflow with 6, all else with 7."""
    codes = [of(401, b"").code, of(400, said("x", code="context_length_exceeded")).code, of(404, b"").code]
    assert codes == [ExitCode.auth, ExitCode.context_overflow, ExitCode.provider]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (said("words"), "p answered 400 Bad Request: words"),
        ({"error": "words"}, "p answered 400 Bad Request: words"),
        ({"message": "words"}, "p answered 400 Bad Request: words"),
        ({"detail": "words"}, "p answered 400 Bad Request: words"),
        ([{"error": {"message": "words", "code": 400}}], "p answered 400 Bad Request: words"),
        (b"words\n  and more\r\n", "p answered 400 Bad Request: words and more"),
        (b"<!doctype html><p>words", "p answered 400 Bad Request"),
        (b"\xff\xfe", "p answered 400 Bad Request: \ufffd\ufffd"),
        ({"error": None}, "p answered 400 Bad Request"),
        (b"", "p answered 400 Bad Request"),
        (b"[" * 100_000, "p answered 400 Bad Request: " + "[" * 299 + "…"),
        (said("\x1b[2J\x1b]0;title\x07\u202ewords"), "p answered 400 Bad Request: [2J]0;titlewords"),
    ],
)
def test_the_servers_own_words(body: Any, shown: str) -> None:
    """The server's words are found in every form, and shown on one short line without terminal commands."""
    assert of(400, body).message == shown


def test_keys_are_not_shown() -> None:
    """A server that repeats the key in its error does not get it onto the screen."""
    redact.register("geheim-geheim")
    assert of(401, said("Incorrect API key provided: geheim-geheim.")).message.endswith(": [redacted].")
    assert "geheim" not in of(401, said("x" * 290 + "geheim-geheim")).message


@given(st.integers(100, 599), st.binary())
def test_no_body_confuses_it(status: int, body: bytes) -> None:
    """Any bytes are an error of the status they came with."""
    assert of(status, body).status == status
