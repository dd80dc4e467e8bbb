"""How much a call may answer: never more than is left, never less than it could, and no waiting in vain."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from agentctl.economy.allowance import LEAST_OUTPUT, Grant, Refusal, Wait, decide
from agentctl.economy.budget import Account

amounts = st.integers(0, 10**13)
accounts = st.lists(
    st.builds(Account, st.just("day"), amounts, st.integers(0, 10**12), st.integers(0, 10**12)), min_size=1, max_size=4
)
wants = st.integers(1, 200_000)
inputs, rates = st.integers(0, 10**12), st.integers(0, 10**8)


def _linear(bare: int, rate: int) -> Callable[[int], int]:
    return lambda output: bare + rate * output


@given(limits=accounts, bare=inputs, rate=rates, wanted=wants, patient=st.booleans(), fixed=st.booleans())
def test_what_is_granted_is_left_and_no_token_more_is(
    limits: list[Account], bare: int, rate: int, wanted: int, *, patient: bool, fixed: bool
) -> None:
    """A grant costs no more than each limit has left; a clamped one is as long as it can be and not too short."""
    cost = _linear(bare, rate)
    verdict = decide(limits, cost, wanted, patient=patient, fixed=fixed)
    left = min(one.left for one in limits)
    if isinstance(verdict, Grant):
        assert verdict.cost == cost(verdict.output) <= max(left, 0)
        assert min(wanted, LEAST_OUTPUT) <= verdict.output <= wanted
        assert verdict.output == wanted or (cost(verdict.output + 1) > left and not fixed)
        assert (verdict.account is None) is (verdict.output == wanted)
    else:
        assert cost(wanted) > left


@given(limits=accounts, bare=inputs, rate=rates, wanted=wants, fixed=st.booleans())
def test_who_waits_can_hope(limits: list[Account], bare: int, rate: int, wanted: int, *, fixed: bool) -> None:
    """Only what others reserved is waited for, and only by a call that would fit without it; else it is refused."""
    cost = _linear(bare, rate)
    verdict = decide(limits, cost, wanted, fixed=fixed)
    least = wanted if fixed else min(wanted, LEAST_OUTPUT)
    settled = min(one.settled for one in limits)
    if isinstance(verdict, Wait):
        assert cost(least) <= settled
        assert any(one.reserved for one in limits)
    if isinstance(verdict, Refusal):
        assert verdict.least == cost(least) > verdict.account.settled == settled
    assert not isinstance(decide(limits, cost, wanted, patient=False, fixed=fixed), Wait)


@given(limits=accounts, wanted=wants, fixed=st.booleans())
def test_what_is_free_passes_no_limit(limits: list[Account], wanted: int, *, fixed: bool) -> None:
    """Not even one that was passed before."""
    assert decide(limits, lambda _: 0, wanted, fixed=fixed) == Grant(wanted, 0)
