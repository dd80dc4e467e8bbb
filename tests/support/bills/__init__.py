"""Calls whose bill follows from what vendors publish."""

from __future__ import annotations

from support.bills.anthropic import ANTHROPIC_BILLS
from support.bills.form import Bill
from support.bills.google import GOOGLE_BILLS
from support.bills.openai import OPENAI_BILLS
from support.bills.others import OTHER_BILLS
from support.bills.users import USERS_BILLS

__all__ = ["BILLS", "Bill"]

BILLS: dict[str, Bill] = {**ANTHROPIC_BILLS, **OPENAI_BILLS, **GOOGLE_BILLS, **OTHER_BILLS, **USERS_BILLS}
