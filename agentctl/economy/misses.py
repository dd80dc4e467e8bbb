"""Why a prompt cache was not read as far as it could have been: by our own look at both requests, and the provider's.

Pure.

Sources: https://platform.claude.com/docs/en/build-with-claude/prompt-caching (lifetimes, 20 blocks of look-back),
https://platform.openai.com/docs/guides/prompt-caching (steps of 128 tokens; what is kept unasked lasts minutes).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from agentctl.breakpoints import SECONDS, CachePlan
from agentctl.economy.changes import change
from agentctl.economy.footprints import Footprint
from agentctl.usage import Usage

Cause = Literal["changed", "model_changed", "below_minimum", "expired", "look_back", "route_changed", "provider"]

LOOK_BACK = 20
"""Blocks before a breakpoint in which the provider looks for an earlier one."""

_SECOND = 1_000_000  # µs
_UNASKED = SECONDS["5m"] * _SECOND  # what providers promise of what they keep of their own accord, if anything
_STEP = 256  # tokens: what is kept unasked ends at whole steps, and the end of a prompt is not


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call.

    Args:
        usage: what it used, and what the provider says of why its cache was not read.
        answered_by: who answered, by the name that it gave itself: a model, or the provider behind a router.
    """

    usage: Usage
    answered_by: str | None = None


@dataclass(frozen=True, slots=True)
class Before:
    """An earlier call of the same conversation, and what came of it."""

    footprint: Footprint
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Miss:
    """What a call did not read from the cache although it had been kept.

    Args:
        cause: why, as far as can be told from here.
        tokens: how many could have been read and were not.
        text: the cause in words.
        path: the JSON path of the first difference, where there is one.
        told: the provider's own reason, if it gave one.
        gap: µs since the call before.
    """

    cause: Cause
    tokens: int
    text: str
    path: str | None = None
    told: str | None = None
    gap: int = 0


def explain(before: Before | None, now: Footprint, outcome: Outcome, cache_min: int | None = None) -> Miss | None:
    """Return what a call missed and why; None if it missed nothing, or if there was nothing to read.

    Args:
        before: the call before it, None for a first one.
        now: the footprint of this one.
        outcome: what came of it.
        cache_min: the fewest tokens that the model caches, if known.
    """
    if before is None or before.footprint.extent is None or now.extent is None:
        return None
    unasked = _is_unasked(before.footprint.plan)
    if unasked and cache_min is None and not before.outcome.usage.cache_read:
        return None  # for all that is known this provider has no cache
    tokens = _readable(before, now) - outcome.usage.cache_read
    if tokens <= (_STEP if unasked else 0):
        return None
    cause, text, path = next(_causes(before, now, outcome, cache_min))
    gap = max(now.at - before.footprint.at, 0)
    return Miss(cause, tokens, text, path, outcome.usage.diagnosis, gap)


def _causes(
    before: Before, now: Footprint, outcome: Outcome, cache_min: int | None
) -> Iterator[tuple[Cause, str, str | None]]:
    """Yield what explains a miss, the surest first."""
    old, gap = before.footprint, now.at - before.footprint.at
    if (old.provider, old.model) != (now.provider, now.model):
        text = f"{now.provider}/{now.model} answered, and before it {old.provider}/{old.model}: each has its own cache"
        yield "model_changed", text, None
    if cache_min is not None and _readable(before, now) < cache_min and before.outcome.usage.cache_read == 0:
        yield "below_minimum", f"{_readable(before, now):,} tokens, and nothing below {cache_min:,} is cached", None
    if found := change(old, now):
        yield "changed", found.text, found.path
    life = _life(old.plan, partly=outcome.usage.cache_read > 0)
    if gap > life:
        promise = "is promised to last" if _is_unasked(old.plan) else "lasts"
        yield "expired", f"{_span(gap)} after the call before, and what is kept {promise} {_span(life)}", None
    there, here = before.outcome.answered_by, outcome.answered_by
    if there is not None and here is not None and there != here:
        yield "route_changed", f"{here} answered, and before it {there}", None
    if (blocks := _beyond(old, now)) is not None:
        text = f"{blocks} blocks came between two breakpoints, and the provider looks back over {LOOK_BACK}"
        yield "look_back", text, None
    yield "provider", f"{now.provider} did not read what it had kept, and nothing here explains it", None


def _readable(before: Before, now: Footprint) -> int:
    """Tokens that this call could have read: what the one before had read and written, or all of it where unasked."""
    if now.expected is not None:
        return now.expected
    usage = before.outcome.usage
    held = usage.cache_read + usage.cache_write_short + usage.cache_write_long
    return max(held, usage.input) if _is_unasked(before.footprint.plan) or not held else held


def _is_unasked(plan: CachePlan | None) -> bool:
    """Whether the provider keeps what it sees fit, and does not tell how much."""
    return plan is None or (plan.implicit and not plan.breakpoints and plan.resource is None)


def _life(plan: CachePlan | None, *, partly: bool) -> int:
    """µs that what was kept lasts: the shortest if a part of it was still there, the longest if none was."""
    if plan is None:
        return _UNASKED
    lives = [SECONDS[ttl] * _SECOND for ttl in (*(mark.ttl for mark in plan.breakpoints), plan.ttl) if ttl]
    if not lives:
        return _UNASKED
    return min(lives) if partly else max(lives)


def _beyond(old: Footprint, now: Footprint) -> int | None:
    """Blocks from what was kept to the next breakpoint after it, if they are more than the provider looks back over."""
    if not old.marks or not now.marks:
        return None
    end = old.marks[-1]
    following = [mark for mark in now.marks if mark >= end]
    if not following or min(following) - end <= LOOK_BACK:
        return None
    return min(following) - end


def _span(micros: int) -> str:
    minutes = micros / (60 * _SECOND)
    return f"{minutes:.0f} minutes" if minutes >= 1.5 else f"{micros // _SECOND} seconds"  # noqa: PLR2004 - 1 is none
