"""Graders that compare an answer with what it should be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from agentctl.learning.graders.grade import Grade, verdict, version

# A hyphen between words or numbers is no sign.
_NUMBER = re.compile(r"(?:(?<![\w)])[-\N{MINUS SIGN}])?[0-9][0-9,]*(?:\.[0-9]+)?")
_SHOWN = 80  # characters of an answer in a note


@dataclass(frozen=True, slots=True)
class Exact:
    """Whether an answer is a text, but for white space around it."""

    text: str
    name = "exact"

    @property
    def version(self) -> str:
        """See `Grader`."""
        return version(self.text)

    def grade(self, prompt: str, answer: str) -> Grade:  # noqa: ARG002 - others need it
        """See `Grader`."""
        return verdict(good=answer.strip() == self.text.strip(), otherwise="it is another text")


@dataclass(frozen=True, slots=True)
class Number:
    """Whether the last number in an answer is this one; commas in it are left out."""

    number: Decimal
    name = "number"

    @property
    def version(self) -> str:
        """See `Grader`."""
        return version(str(self.number.normalize()))

    def grade(self, prompt: str, answer: str) -> Grade:  # noqa: ARG002 - others need it
        """See `Grader`."""
        found = _NUMBER.findall(answer)
        if not found:
            return Grade(0.0, "there is no number in it")
        return verdict(good=read_number(found[-1]) == self.number, otherwise=f"its last number is {found[-1][:_SHOWN]}")


def read_number(text: str) -> Decimal:
    """Read a number as it stands in a text."""
    return Decimal(text.replace(",", "").replace("\N{MINUS SIGN}", "-"))
