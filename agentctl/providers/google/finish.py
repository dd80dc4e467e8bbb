"""Why Gemini stops, or does not begin. Pure.

Source: google-genai 3.4 types.py, FinishReason and BlockedReason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agentctl.errors import ProviderError
from agentctl.messages import StopReason

_STOPS: Mapping[str, StopReason] = {
    "STOP": "end_turn",
    "MAX_TOKENS": "max_tokens",
    "CONTINUATION": "max_tokens",  # the most of one request, where the answer may be longer
    "FUNCTION_CALL": "tool_use",  # of servers that imitate the API
    "TOOL_CALLS": "tool_use",
}
_REFUSALS = frozenset(
    {
        "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR", "ESCALATION",
        "JAILBREAK", "CONTENT_FILTER", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Failure:
    """What went wrong, and what to do; `transient` is whether the model may do better when asked again."""

    what: str
    hint: str = "send it again"
    transient: bool = True


_FAILURES: Mapping[str, _Failure] = {
    "MALFORMED_FUNCTION_CALL": _Failure("the model wrote a tool call that makes no sense"),
    "UNEXPECTED_TOOL_CALL": _Failure("the model called a tool that there is not"),
    "MALFORMED_RESPONSE": _Failure("the model wrote an answer that makes no sense"),
    "OTHER": _Failure("it gives no reason"),
    "IMAGE_OTHER": _Failure("the image failed, for no reason given"),
    "NO_IMAGE": _Failure("the model made no image"),
    "TOO_MANY_TOOL_CALLS": _Failure("the model called too many tools", "ask for less at once", transient=False),
    "MISSING_THOUGHT_SIGNATURE": _Failure("the history lacks a signature", "start a new session", transient=False),
    "PUP_LIMITED_DISABLED": _Failure(
        "the account is limited for violations of Google's use policy", "see Google AI Studio", transient=False
    ),
}


def is_unset(reason: str) -> bool:
    """Whether a reason is the enumeration's word for none."""
    return not reason or reason.endswith("UNSPECIFIED")


def stop_reason(reason: str) -> StopReason:
    """Return what a `finishReason` or `blockReason` is here; one that is unknown is an ordinary end."""
    return "refusal" if reason in _REFUSALS else _STOPS.get(reason, "end_turn")


def is_ordinary(reason: str) -> bool:
    """Whether nobody needs to be told of a reason to stop."""
    return reason in _STOPS


def failure(provider: str, reason: str, words: str) -> ProviderError | None:
    """Return the error that a `finishReason` is, if it is one.

    Args:
        provider: who stopped.
        reason: its `finishReason`.
        words: what it says beside that, fit to be shown; may be empty.
    """
    if reason not in _FAILURES:
        return None
    found = _FAILURES[reason]
    text = f"{provider} broke off: {found.what} ({reason})"
    error = ProviderError(f"{text}: {words}" if words else text, hint=found.hint, transient=found.transient)
    error.told = True
    return error
