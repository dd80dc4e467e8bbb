"""What a grader is, and what it says."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

Ask = Callable[[str], str]
"""Returns what a model answers to a question."""
Judges = Callable[[str], Ask]
"""Returns what asks the model of a name."""

_DIGITS = 12  # of a checksum


@dataclass(frozen=True, slots=True)
class Grade:
    """From 0, which is a failure, to 1; and why, where there is something to say."""

    value: float
    note: str | None = None


class Grader(Protocol):
    """Says how good answers are, each time the same of the same answer, as far as it can."""

    @property
    def name(self) -> str:
        """Its kind, as `exact`."""
        ...

    @property
    def version(self) -> str:
        """What else tells it from others of its kind: it says the same as another one of this version."""
        ...

    def grade(self, prompt: str, answer: str) -> Grade:
        """Say how good an answer to a prompt is. It may take seconds, and is called outside of an event loop.

        Raises:
            AgentctlError: it can't be said.
        """
        ...


def version(wanted: Any) -> str:
    """Return the version of a grader that looks for this, which is JSON."""
    import hashlib  # noqa: PLC0415 - it loads all of OpenSSL

    return hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:_DIGITS]


def verdict(*, good: bool, otherwise: str) -> Grade:
    """Return the grade of an answer that is as it should be, or of one that is not for the reason given."""
    return Grade(1.0) if good else Grade(0.0, otherwise)
