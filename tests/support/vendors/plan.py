"""What a fake vendor is told to answer, and what is to go wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Stop = Literal["end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "window"]


@dataclass(frozen=True, slots=True)
class Say:
    """Text of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Think:
    """Reasoning, signed in the vendor's way. A `hidden` one is shown to nobody: redacted, or encrypted alone."""

    text: str
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool; `arguments` is JSON text."""

    name: str
    arguments: str = "{}"


Part = Say | Think | Call


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer with this status and the vendor's error of that kind; nothing is billed.

    `retry_after` is in seconds; `words` stand for the vendor's own.
    """

    status: int
    retry_after: float | None = 0
    words: str = ""


@dataclass(frozen=True, slots=True)
class Reset:
    """Take the request, and reset the connection before a byte of the answer."""


@dataclass(frozen=True, slots=True)
class Break:
    """Go away after so many pieces of the answer, or after all of them but before its end.

    `how` is a reset, a clean end of the body too early, an error in the stream, or silence that lasts until the client
    leaves.
    """

    after: int
    how: Literal["reset", "end", "error", "stall"] = "reset"


Fault = Refuse | Reset | Break


class Plan:
    """One answer.

    Args:
        parts: what is answered; `ok` if there is nothing and no fault either.
        stop: why it ends; by the parts if None.
        fault: what goes wrong.
        usage: whether usage is told.
        whole: whether it comes in one piece though a stream was wished for, as from servers that can't stream.
    """

    def __init__(
        self,
        *parts: Part,
        stop: Stop | None = None,
        fault: Fault | None = None,
        usage: bool = True,
        whole: bool = False,
    ) -> None:
        self.parts: tuple[Part, ...] = parts or (Say("ok"),)
        calls = any(isinstance(part, Call) for part in parts)
        self.stop: Stop = stop or ("tool_use" if calls else "end_turn")
        self.fault = fault
        self.usage = usage
        self.whole = whole


def pieces(text: str, size: int = 6) -> list[str]:
    """The text in pieces, as a stream brings it."""
    return [text[start : start + size] for start in range(0, len(text), size)] or [""]
