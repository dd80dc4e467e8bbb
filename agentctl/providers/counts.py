"""Numbers in what a provider reports; one that can't be true is never used. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

from agentctl.providers.writable import is_writable
from agentctl.usage import ServiceTier

Object = Mapping[str, Any]

_MOST = 10**9  # tokens of one call; whoever reports more is wrong
_DEAREST = 10**6  # dollars of one call
_WRAPPERS = ("response", "message", "x_groq", "result", "body")  # events of a stream and lines of a batch have these
_TIERS: Mapping[object, ServiceTier] = {
    "standard": "standard",
    "default": "standard",
    "on_demand": "standard",
    "batch": "batch",
    "flex": "flex",
    "on_demand_flex": "flex",
    "priority": "priority",
    "on_demand_priority": "priority",
    "fast": "priority",  # OpenAI's other name of it
}
_UNSAID = frozenset({"", "auto", "none", "unspecified", "service_tier_unspecified", "traffic_type_unspecified"})


class AbsurdError(ValueError):
    """A provider reports what can't be true."""


def count(value: object) -> int:
    """Return a number of tokens or of other billed things.

    Raises:
        AbsurdError: it is no number of anything.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST:
        raise AbsurdError
    return value


def first(*values: object) -> int:
    """Return the first of several counts that is there and not 0, since servers name the same thing differently.

    Raises:
        AbsurdError: that one is no number of anything.
    """
    return count(next((value for value in values if value), 0))


def part(*values: object) -> int:
    """Return the first of several counts that is there and not 0, of something that is a part of what is counted too.

    One that can't be true is as if it were not told: the whole still is, and is billed at the price of its kind. That
    is nearer to the truth than an estimate of all.
    """
    for value in values:
        with suppress(AbsurdError):
            if number := count(value):
                return number
    return 0


def kept(raw: Object) -> Object | None:
    """Return a usage object as it came, to be kept; None if JSON has no form for it."""
    return raw if is_writable(raw) else None


def some(**counts: int) -> dict[Any, int]:
    """Return the counts that are not 0, by name."""
    return {name: number for name, number in counts.items() if number}


def inside(value: object) -> Object:
    """Return an object of JSON, an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def items(value: object) -> Sequence[Any]:
    """Return a list of JSON, an empty one for anything else."""
    return value if isinstance(value, list) else ()


def dollars(value: object) -> Decimal | None:
    """Return an amount as it is written, or None for what can't be one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _DEAREST:
        return None
    return Decimal(str(value))  # as JSON wrote it, and not the binary number next to it


def tier(*names: object) -> ServiceTier | None:
    """Return how a call was served, by the first name that says so; "other" by a name that nobody here knows."""
    texts = (name.lower() for name in names if isinstance(name, str))
    return next((_TIERS.get(text, "other") for text in texts if text not in _UNSAID), None)


def unwrap(raw: object, key: str) -> tuple[Object, Object]:
    """Return the usage object and the answer around it, from any of the two or from an event that holds the answer.

    Args:
        raw: what came.
        key: the name of the usage object in an answer.
    """
    found = inside(raw)
    if isinstance(found.get(key), Mapping):
        return found[key], found
    for name in _WRAPPERS:
        usage, answer = unwrap(found[name], key) if isinstance(found.get(name), Mapping) else ({}, {})
        if answer:
            return usage, answer
    return found, {}


def is_batched(raw: object) -> bool:
    """Whether this is a line of a batch's results, which names the request that it answers.

    Sources: https://platform.openai.com/docs/guides/batch, https://platform.claude.com/docs/en/build-with-claude/batch-processing,
    https://ai.google.dev/gemini-api/docs/batch-api.
    """
    line = inside(raw)
    return ("custom_id" in line or "key" in line) and bool(line.keys() & {"response", "result"})
