"""What an error of any provider means: which class, whether to try again, what the user can do. Pure.

Sources: https://platform.openai.com/docs/guides/error-codes, https://platform.claude.com/docs/en/api/errors,
https://ai.google.dev/gemini-api/docs/troubleshooting, https://openrouter.ai/docs/api-reference/errors
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from agentctl.errors import AuthError, ContextOverflowError, ProviderError
from agentctl.providers import gateway
from agentctl.providers.base import Capabilities
from agentctl.providers.counts import inside, items
from agentctl.redact import redact

_SHOWN = 300  # characters of a server's own words
_OVERFLOW_CODES = frozenset(
    {
        "context_length_exceeded", "exceed_context_size_error", "max_tokens_exceeded", "request_too_large",
        "token_limit_exceeded", "payload_too_large",
    }
)  # fmt: skip
# Patterns are made of these when something failed, and not for each program that starts.
_OVERFLOW_WORDS = (
    r"(?i)maximum context length|context (?:size|window|length) (?:is |was )?exceeded|prompt is too long"
    r"|exceed context limit|exceeds the maximum number of tokens|payload size exceeds the limit"
)
_IN_FLIGHT = "openrouter_in_flight_budget"  # 402, but only until other requests of this key have ended
_DAILY = "daily_quota"  # our own name: waiting for the next minute does not help
_MONEY_CODES = frozenset(
    {
        "insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "billing_error", "payment_required",
        "contract_spend_limit_reached", "enforced_spend_limit_reached",  # Anthropic: 429, but waiting does not help
    }
)  # fmt: skip
_MONEY_WORDS = (
    r"(?i)credit balance is too low"  # Anthropic: a 400 like any other
    r"|(?:key|spend|spending|total|budget) limit exceeded"  # OpenRouter: 403
    r"|credits are depleted"  # Google: a 429 like any other
)
_MONEY_HINTS: Mapping[str, str] = {
    "openrouter_credits": "add credit: https://openrouter.ai/settings/credits",
    "openrouter_key_limit": "raise the limit of the key: https://openrouter.ai/settings/keys",
    "weight_exceeds_budget": "ask for less with --max-output, or add credit",
}
_CONTENT_CODES = frozenset(
    {
        gateway.MODERATION, "refusal", "invalid_prompt", "content_filter", "content_policy_violation",
        "bio_policy", "misalignment_policy_violation", "image_content_policy_violation",  # OpenAI
    }
)  # fmt: skip
_KEY_CODES = frozenset(
    {
        "invalid_api_key", "authentication_error", "invalid_authentication", "authentication",
        "UNAUTHENTICATED", "API_KEY_INVALID",
    }
)  # fmt: skip
_KEY_WORDS = r"(?i)\bAPI key (?:not valid|not found|expired)"  # Google: a 400 like any other
_MODEL_CODES = frozenset({"model_not_found", "not_found_error", "not_found", "NOT_FOUND"})
_BUSY_CODES = frozenset(
    {
        "rate_limit_exceeded", "rate_limit_error", "server_error", "api_error", "timeout_error", "internal_error",
        "overloaded", "overloaded_error", "provider_overloaded", "provider_unavailable", "server", "timeout",
        "RESOURCE_EXHAUSTED", "UNAVAILABLE", "INTERNAL", "DEADLINE_EXCEEDED", _IN_FLIGHT,
    }
)  # fmt: skip
_TRANSIENT = frozenset({408, 409, 429})
_SERVER_ERRORS = 500
_TOO_LARGE = 413  # its name differs between the versions of Python


@dataclass(frozen=True, slots=True)
class _Problem:
    """What a server said went wrong; `request` is its name for the request, which its support asks for."""

    text: str
    codes: frozenset[str] = frozenset()
    status: int | None = None
    retry_after: float | None = None
    request: str = ""


def refusal(capabilities: Capabilities, status: int, body: bytes) -> ProviderError:
    """Return the error that stands for an answer of this HTTP status and body."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = body.decode(errors="replace") if b"<" not in body[:1] else None  # a page of HTML tells nothing
    problem = _read(said)
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
    message = f"{capabilities.provider} answered {status} {phrase}".rstrip()
    return _error(capabilities, replace(problem, status=status), message)


def broken_off(capabilities: Capabilities, said: object) -> ProviderError:
    """Return the error that a server put into its stream: it began to answer and can't go on."""
    error = _error(capabilities, _read(said), f"{capabilities.provider} broke off")
    error.told = True
    return error


def _read(said: object) -> _Problem:
    """Find the message and codes: `{"error": {…}}`, `{"error": "…"}`, `{"message": …}`, `[…]`, or plain text."""
    if isinstance(said, list) and said:
        return _read(said[0])
    if not isinstance(said, Mapping):
        return _Problem(said if isinstance(said, str) else "")
    inner = said.get("error")
    if isinstance(inner, Mapping | str) and inner:
        request = said.get("request_id")
        return replace(_read(inner), request=request if isinstance(request, str) else "")
    words = next(
        (said[key] for key in ("message", "detail", "error_description") if isinstance(said.get(key), str)), ""
    )
    if behind := gateway.words(_metadata(said)):
        words = f"{words} ({shown(behind)})"
    status = said["code"] if isinstance(said.get("code"), int) else None
    return _Problem(words, _codes(said), status, _delay(said))


def _metadata(said: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = said.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}


def _codes(said: Mapping[str, Any]) -> frozenset[str]:
    found = [said.get("code"), said.get("type"), said.get("status"), *gateway.codes(_metadata(said))]
    if isinstance(details := said.get("details"), Mapping):
        found.append(details.get("error_code"))  # Anthropic
    for detail in _details(said):
        found.append(detail.get("reason"))
        quotas = (inside(violation).get("quotaId") for violation in items(detail.get("violations")))
        if any(isinstance(quota, str) and "PerDay" in quota for quota in quotas):
            found.append(_DAILY)
    return frozenset(code for code in found if isinstance(code, str))


def _delay(said: Mapping[str, Any]) -> float | None:
    """Seconds to wait, from Google's `RetryInfo`: `"37s"`, `"0.5s"`."""
    told = (one.get("retryDelay") for one in _details(said))
    delays = (re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)s", text) for text in told if isinstance(text, str))
    return next((float(found[1]) for found in delays if found), None)


def _details(said: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Google's typed details of an error."""
    details = said.get("details")
    return [one for one in details if isinstance(one, Mapping)] if isinstance(details, list) else []


def _error(  # noqa: PLR0911 - a table of cases, in the order in which they count
    capabilities: Capabilities, problem: _Problem, message: str
) -> ProviderError:
    status, codes = problem.status, problem.codes
    text = f"{message}: {shown(problem.text)}" if problem.text else message
    if problem.request:
        text += f" ({shown(problem.request)})"
    if codes & _OVERFLOW_CODES or re.search(_OVERFLOW_WORDS, problem.text) or status == _TOO_LARGE:
        hint = "start a new session, send less, or use a model with a larger window"
        return ContextOverflowError(text, hint=hint, status=status)
    waits = _IN_FLIGHT in codes and not codes & _MONEY_HINTS.keys()
    if not waits and (
        codes & _MONEY_CODES or status == HTTPStatus.PAYMENT_REQUIRED or re.search(_MONEY_WORDS, problem.text)
    ):
        hints = (_MONEY_HINTS[code] for code in _MONEY_HINTS if code in codes)
        return ProviderError(text, hint=next(hints, "add credit or raise the limit at the provider"), status=status)
    if _DAILY in codes:
        return ProviderError(
            text, hint="the quota of the day is used up: wait for the next, or raise it", status=status
        )
    if codes & _CONTENT_CODES:
        return ProviderError(text, hint="say it in other words, or use another model", status=status)
    if (
        codes & _KEY_CODES
        or re.search(_KEY_WORDS, problem.text)
        or (
            status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
            and not codes & _BUSY_CODES  # of one behind a gateway
        )
    ):
        return AuthError(text, hint=capabilities.key_hint or None, status=status)
    if codes & _MODEL_CODES or status == HTTPStatus.NOT_FOUND:
        return ProviderError(text, hint=f"`agentctl models list`, or check {_base_url(capabilities)}", status=status)
    if codes & _BUSY_CODES or status in _TRANSIENT or (status or 0) >= _SERVER_ERRORS:
        after = problem.retry_after
        return ProviderError(text, hint="try again later", status=status, transient=True, retry_after=after)
    moved = status is not None and 300 <= status < 400  # noqa: PLR2004 - the class of redirects
    hint = f"check {_base_url(capabilities)}" if moved else "`agentctl chat --dry-run` shows what is sent"
    return ProviderError(text, hint=hint, status=status)


def _base_url(capabilities: Capabilities) -> str:
    return f"the base URL: {capabilities.base_url}" if capabilities.base_url else "the base URL"


def shown(text: str) -> str:
    """A server's words as they may be printed: short, on one line, without secrets and terminal commands."""
    words = " ".join(redact(text).split())
    line = "".join(character for character in words[: 2 * _SHOWN] if character.isprintable())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
