"""Dollars as they are computed with, kept and shown: exact, and rounded once, where the ledger's integers are made."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation, Overflow

_MOST = Decimal(2**63 - 1).scaleb(-12)  # dollars that the ledger's integers hold: 9.2 M

# No sum of prices times tokens needs half of these digits; one that ever does raises, and is not rounded.
EXACT = Context(prec=100, traps=[Inexact, InvalidOperation, Overflow])


def is_storable(dollars: Decimal) -> bool:
    """Whether the ledger, which has 64 bits for the pico-dollars of a call, can hold this cost."""
    return dollars.is_finite() and dollars.copy_abs() <= _MOST


def to_pico(dollars: Decimal) -> int:
    """Round dollars half to even to whole pico-dollars (1e-12 $), as the ledger keeps them."""
    return int(EXACT.scaleb(dollars, 12).to_integral_value(ROUND_HALF_EVEN))


def from_pico(pico: int) -> Decimal:
    """Return pico-dollars in dollars, exactly."""
    return EXACT.scaleb(Decimal(pico), -12)


def format_pico(pico: int) -> str:
    """Return pico-dollars as `format_usd` writes them in dollars, in a fraction of the time."""
    whole, rest = divmod(abs(pico), 10**12)
    text = f"{whole}.{rest:012}".rstrip("0").rstrip(".") if rest else str(whole)
    return f"-{text}" if pico < 0 else text


def format_usd(dollars: Decimal) -> str:
    """Return dollars as a plain decimal number: exact, no exponent, no trailing zeros (`0.0033475`)."""
    return f"{EXACT.normalize(dollars):f}"


def dollars(amount: Decimal | None) -> str:
    """A sum for people: `$0.0033`, `$12.40`, `unknown`; never rounded to nothing."""
    if amount is None:
        return "unknown"
    if amount == 0:
        return "$0"
    if amount < 0:
        return f"-{dollars(-amount)}"
    if amount >= 1:
        return f"${amount:,.2f}"
    digits = max(2, 1 - amount.adjusted())
    return f"${amount:.{digits}f}"


def difference(amount: Decimal) -> str:
    """A difference of sums for people: `+$0.0033`, `-$12.40`, `$0`."""
    return f"+{dollars(amount)}" if amount > 0 else dollars(amount)
