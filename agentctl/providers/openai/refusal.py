"""What an error of a Chat Completions server means: which class, whether to try again, what the user can do.

Source: https://platform.openai.com/docs/guides/error-codes
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from agentctl.errors import AuthError, ContextOverflowError, ProviderError
from agentctl.providers.base import Capabilities
from agentctl.redact import redact

_SHOWN = 300  # characters of a server's own words
_OVERFLOW_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error"})
_OVERFLOW_WORDS = re.compile(
    r"maximum context length|context (?:size|window|length) (?:is |was )?exceeded", re.IGNORECASE
)
_MONEY_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_KEY_CODES = frozenset({"invalid_api_key", "authentication_error", "invalid_authentication"})
_MODEL_CODES = frozenset({"model_not_found", "not_found_error"})
_BUSY_CODES = frozenset(
    {"rate_limit_exceeded", "server_error", "overloaded", "overloaded_error", "provider_overloaded"}
)
_TRANSIENT = frozenset({408, 409, 429})
_SERVER_ERRORS = 500


@dataclass(frozen=True, slots=True)
class _Problem:
    """What a server said went wrong."""

    text: str
    codes: frozenset[str] = frozenset()
    status: int | None = None


def refusal(capabilities: Capabilities, status: int, body: bytes) -> ProviderError:
    """Return the error that stands for an answer of this HTTP status and body."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = body.decode(errors="replace") if b"<" not in body[:1] else None  # a page of HTML tells nothing
    problem = _read(said)
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
    message = f"{capabilities.provider} answered {status} {phrase}".rstrip()
    return _error(capabilities, _Problem(problem.text, problem.codes, status), message)


def broken_off(capabilities: Capabilities, said: object) -> ProviderError:
    """Return the error that a server put into its stream: it began to answer and can't go on."""
    return _error(capabilities, _read(said), f"{capabilities.provider} broke off")


def _read(said: object) -> _Problem:
    """Find the message and codes: `{"error": {…}}`, `{"error": "…"}`, `{"message": …}`, `[…]`, or plain text."""
    if isinstance(said, list) and said:
        return _read(said[0])
    if not isinstance(said, Mapping):
        return _Problem(said if isinstance(said, str) else "")
    inner = said.get("error")
    if isinstance(inner, Mapping | str) and inner:
        return _read(inner)
    words = next(
        (said[key] for key in ("message", "detail", "error_description") if isinstance(said.get(key), str)), ""
    )
    return _Problem(words, _codes(said), said["code"] if isinstance(said.get("code"), int) else None)


def _codes(said: Mapping[str, Any]) -> frozenset[str]:
    metadata = said.get("metadata")
    inner = metadata.get("error_type") if isinstance(metadata, Mapping) else None
    return frozenset(code for code in (said.get("code"), said.get("type"), inner) if isinstance(code, str))


def _error(capabilities: Capabilities, problem: _Problem, message: str) -> ProviderError:
    status, codes = problem.status, problem.codes
    text = f"{message}: {_shown(problem.text)}" if problem.text else message
    if codes & _OVERFLOW_CODES or _OVERFLOW_WORDS.search(problem.text):
        hint = "start a new session, send less, or use a model with a larger window"
        return ContextOverflowError(text, hint=hint, status=status)
    if codes & _MONEY_CODES or status == HTTPStatus.PAYMENT_REQUIRED:
        return ProviderError(text, hint="add credit or raise the limit at the provider", status=status)
    if codes & _KEY_CODES or status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return AuthError(text, hint=capabilities.key_hint or None, status=status)
    if codes & _MODEL_CODES or status == HTTPStatus.NOT_FOUND:
        return ProviderError(text, hint=f"`agentctl models list`, or check {_base_url(capabilities)}", status=status)
    if codes & _BUSY_CODES or status in _TRANSIENT or (status or 0) >= _SERVER_ERRORS:
        return ProviderError(text, hint="try again later", status=status, transient=True)
    moved = status is not None and 300 <= status < 400  # noqa: PLR2004 - the class of redirects
    hint = f"check {_base_url(capabilities)}" if moved else "`agentctl chat --dry-run` shows what is sent"
    return ProviderError(text, hint=hint, status=status)


def _base_url(capabilities: Capabilities) -> str:
    return f"the base URL: {capabilities.base_url}" if capabilities.base_url else "the base URL"


def _shown(text: str) -> str:
    """A server's words as they may be printed: short, on one line, without secrets and terminal commands."""
    words = " ".join(redact(text).split())
    line = "".join(character for character in words[: 2 * _SHOWN] if character.isprintable())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
