"""What a call costs: exact dollars from disjoint buckets of tokens, and the integer form the ledger keeps.

Nothing here rounds but `to_pico`, once a call. The reasons stand in docs/adr/0002-money.md.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation, Overflow

# No product or sum of prices and token counts needs half of these digits; if one ever does, it raises and is not rounded.
_EXACT = Context(prec=100, traps=[Inexact, InvalidOperation, Overflow])


def to_pico(dollars: Decimal) -> int:
    """Round dollars half to even to whole pico-dollars (1e-12 $), as the ledger keeps them."""
    return int(_EXACT.scaleb(dollars, 12).to_integral_value(ROUND_HALF_EVEN))


def from_pico(pico: int) -> Decimal:
    """Return pico-dollars in dollars, exactly."""
    return _EXACT.scaleb(Decimal(pico), -12)


def format_usd(dollars: Decimal) -> str:
    """Return dollars as a plain decimal number: exact, no exponent, no trailing zeros (`0.0033475`)."""
    return f"{_EXACT.normalize(dollars):f}"
