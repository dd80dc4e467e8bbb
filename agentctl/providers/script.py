"""What a script of the scripted provider says: JSON lines in, answers out. Pure; docs/scripted.md describes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from agentctl.errors import AuthError, ContextOverflowError, ProviderError, UsageError
from agentctl.events import Delta, TextDelta, ThinkingDelta, ToolCallDelta
from agentctl.messages import StopReason
from agentctl.providers.base import Capabilities
from agentctl.providers.refusal import refusal
from agentctl.usage import Usage

_KINDS = {"provider": ProviderError, "auth": AuthError, "context_overflow": ContextOverflowError}
_NUMBER = int | float
_LONGEST = 3_600_000
_REFUSALS = range(400, 600)
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Ending:
    """The answer is complete."""

    stop_reason: StopReason = "end_turn"


What = Delta | Usage | Ending | ProviderError


@dataclass(frozen=True, slots=True)
class Step:
    """Something to wait `delay` seconds for, and then to tell."""

    delay: float
    what: What


def parse(text: str, source: str) -> list[list[Step]]:
    """Return the answers of a script. The last one may lack its end.

    Raises:
        UsageError: it is no script; the message says where in `source`, and why.
    """
    answers: list[list[Step]] = []
    steps: list[Step] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            steps.append(_step(_object(line), steps))
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{source}, line {number}: {error}", hint="docs/scripted.md shows scripts") from error
        if isinstance(steps[-1].what, Ending | ProviderError):
            answers.append(steps)
            steps = []
    return [*answers, [*steps, Step(0, Ending())]] if steps else answers


def _object(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at column {error.colno}") from error
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - the file's fault, not a caller's
    return value


def _step(fields: dict[str, Any], before: Sequence[Step]) -> Step:
    kind = _take(fields, "type", str)
    if kind not in _READERS:
        raise ValueError(f"the type {kind!r} is none of {', '.join(_READERS)}")
    delay = _take(fields, "delay_ms", _NUMBER, 0)
    if not 0 <= delay <= _LONGEST:
        raise ValueError(f"delay_ms is not from 0 to {_LONGEST}")
    what = _READERS[kind](fields, before)
    if fields:
        raise ValueError(f"{kind} has no field {', '.join(map(repr, fields))}")
    return Step(delay / 1000, what)


def _take(fields: dict[str, Any], name: str, kind: Any, default: Any = _ABSENT) -> Any:
    value = fields.pop(name, default)
    if value is _ABSENT:
        raise ValueError(f"{name} is missing")
    if value is not default and (not isinstance(value, kind) or isinstance(value, bool)):
        raise ValueError(f"{name} can't be {value!r}")
    return value


def _text(fields: dict[str, Any], _: Sequence[Step]) -> What:
    return TextDelta(_take(fields, "text", str))


def _thinking(fields: dict[str, Any], _: Sequence[Step]) -> What:
    return ThinkingDelta(_take(fields, "text", str), _take(fields, "signature", str, None))


def _tool_call(fields: dict[str, Any], before: Sequence[Step]) -> What:
    index = sum(isinstance(step.what, ToolCallDelta) for step in before)
    arguments = _take(fields, "arguments", str | dict, {})
    return ToolCallDelta(
        index,
        _take(fields, "id", str, f"call_{index}"),
        _take(fields, "name", str),
        arguments if isinstance(arguments, str) else json.dumps(arguments),
    )


def _usage(fields: dict[str, Any], _: Sequence[Step]) -> What:
    buckets = {name: _take(fields, name, int, 0) for name in Usage().buckets()}
    if min(buckets.values()) < 0:
        raise ValueError("a number of tokens is negative")
    return Usage(**buckets, raw=buckets)


def _error(fields: dict[str, Any], _: Sequence[Step]) -> What:
    """An HTTP status means what it means from an OpenAI-compatible server."""
    message = _take(fields, "message", str, "")
    status = _take(fields, "status", int, None)
    kind = _take(fields, "kind", str, "provider")
    if status is not None:
        if status not in _REFUSALS:
            raise ValueError(f"status {status} is no HTTP error")
        return refusal(Capabilities("scripted"), status, json.dumps({"error": message}).encode())
    if kind not in _KINDS:
        raise ValueError(f"kind is none of {', '.join(_KINDS)}")
    return _KINDS[kind](message or None)


def _done(fields: dict[str, Any], _: Sequence[Step]) -> What:
    reason = _take(fields, "stop_reason", str, "end_turn")
    if reason not in get_args(StopReason):
        raise ValueError(f"stop_reason is none of {', '.join(get_args(StopReason))}")
    return Ending(reason)


_READERS: Mapping[str, Callable[[dict[str, Any], Sequence[Step]], What]] = {
    "text": _text,
    "thinking": _thinking,
    "tool_call": _tool_call,
    "usage": _usage,
    "error": _error,
    "done": _done,
}
