"""How much a call may answer under its limits, and whether waiting would help. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agentctl.economy.budget import Account

LEAST_OUTPUT = 256
"""Tokens: a call that can pay for no more of an answer than this is not worth its input, unless it wants no more."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The call may be sent, for at most `output` tokens of answer at `cost` pico-dollars.

    `account` is the limit that clamped the answer, None if none did.
    """

    output: int
    cost: int
    account: Account | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """What others have reserved is in the way of it; they may need less."""

    account: Account


@dataclass(frozen=True, slots=True)
class Refusal:
    """The call costs at least `least` pico-dollars, and `account` does not have them."""

    account: Account
    least: int


def decide(
    accounts: Sequence[Account], cost: Callable[[int], int], wanted: int, *, patient: bool = True, fixed: bool = False
) -> Grant | Wait | Refusal:
    """Decide on a call.

    Args:
        accounts: the limits, of which there is one at least.
        cost: the most that the call can cost with so many tokens of answer, in pico-dollars; never less with more.
        wanted: how many tokens it is to answer with at the most.
        patient: whether it can wait for others.
        fixed: whether it can't be sent with fewer than that, as the second attempt at a request can't.
    """
    now, later = min(accounts, key=lambda one: one.left), min(accounts, key=lambda one: one.settled)
    least = wanted if fixed else min(wanted, LEAST_OUTPUT)
    if not (whole := cost(wanted)) or whole <= now.left:  # what is free passes no limit
        return Grant(wanted, whole)
    if (bare := cost(least)) > later.settled:
        return Refusal(later, bare)
    if patient and (whole <= later.settled or bare > now.left):
        return Wait(now)
    if bare > now.left:
        return Refusal(now, bare)
    output = bisect_right(range(wanted + 1), now.left, key=cost) - 1
    return Grant(output, cost(output), now)
