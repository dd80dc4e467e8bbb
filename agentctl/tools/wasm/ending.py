"""What a child's end says of the call that it made."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

from agentctl.errors import ToolError, ToolFailure
from agentctl.tools.wasm.process import Ended

# A full address space ends in an abort of what could not get memory; these words are Rust's, and the C++ library's.
_NO_MEMORY = (b"memory allocation of ", b"std::bad_alloc", b"Cannot allocate memory")

_SIGNALS: dict[int, tuple[ToolFailure, str]] = {
    signal.SIGKILL: ("memory", "it was killed by the system, which does so when memory runs out"),
    signal.SIGXCPU: ("timeout", "it used more processor time than it was allowed"),
    signal.SIGSEGV: ("trap", "it crashed (SIGSEGV)"),
    signal.SIGBUS: ("trap", "it crashed (SIGBUS)"),
    signal.SIGILL: ("trap", "it crashed (SIGILL)"),
    signal.SIGABRT: ("trap", "it aborted"),
}


def check(ended: Ended, *, doing: str, errors: bytes = b"") -> dict[str, Any]:
    """Return what the child wrote to the last of its pipes.

    Args:
        doing: what took too long, if that was it.
        errors: what was written to its standard error.

    Raises:
        ToolError: it failed, or was killed, or crashed. Its `fuel` is what was burnt, where that is known.
    """
    match ended.killed:
        case "timeout":
            raise ToolError(f"{doing} took too long", hint="allow more time with --timeout", reason="timeout")
        case "output":
            raise ToolError("it wrote more than it may", hint="allow more output", reason="output")
        case "cancelled":
            raise ToolError("it was cancelled")
        case None:
            message = _message(ended, errors)
    if "code" in message:
        raise Reported(message)
    return message


class Reported(ToolError):
    """What a child said that went wrong."""

    def __init__(self, message: dict[str, Any]) -> None:
        super().__init__(message["message"], hint=message.get("hint"), reason=message["code"])
        self.fuel: int | None = message.get("fuel")


def _message(ended: Ended, errors: bytes) -> dict[str, Any]:
    if os.WIFSIGNALED(ended.status):
        number = os.WTERMSIG(ended.status)
        reason, text = _SIGNALS.get(number, ("failed", f"it was ended by signal {number}"))
        if number == signal.SIGABRT and any(words in errors for words in _NO_MEMORY):
            reason, text = "memory", "there is no memory left within its limit"
        raise ToolError(text, reason=reason)
    try:
        message: dict[str, Any] = json.loads(ended.pipes[-1])
    except ValueError:
        status = os.waitstatus_to_exitcode(ended.status)
        raise ToolError(f"it ended with status {status} and no result") from None
    return message
