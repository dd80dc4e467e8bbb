"""What a child's end says of what it was to do."""

from __future__ import annotations

import json
import os
import signal
from typing import Any, TypeAlias

from agentctl.errors import ToolError, ToolFailure
from agentctl.tools.wasm.host.process import Ended

Message: TypeAlias = dict[str, Any]

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


class ReportedError(ToolError):
    """What a child itself said that went wrong, and the fuel that was used by then, if it knew."""

    def __init__(self, message: Message) -> None:
        super().__init__(message["message"], hint=message.get("hint"), reason=message["code"])
        # A loop that is interrupted had its count in a register, and loses it.
        self.fuel: int | None = None if self.reason == "timeout" else message.get("fuel")


def check(ended: Ended, result: bytes, *, doing: str, errors: bytes = b"") -> Message:
    """Return the `result` that a child wrote; if it took too long, it was with `doing`.

    Raises:
        ToolError: it failed, was killed or crashed; `errors`, its standard error, may tell of what.
    """
    match ended.killed:
        case "timeout":
            raise ToolError(f"{doing} took too long", hint="allow more with --timeout", reason="timeout")
        case "output":
            raise ToolError("it wrote more than it may", hint="allow more with --output-limit", reason="output")
        case "cancelled":
            raise ToolError("it was cancelled")
        case None:
            message = _read(ended, result, errors)
    if "code" in message:
        raise ReportedError(message)
    return message


def failure(error: Exception) -> Message:
    """Return the answer that tells of an error."""
    return {
        "code": getattr(error, "reason", "failed"),
        "message": str(error),
        "hint": getattr(error, "hint", None),
        "fuel": getattr(error, "fuel", None),
    }


def _read(ended: Ended, result: bytes, errors: bytes) -> Message:
    if os.WIFSIGNALED(ended.status):
        number = os.WTERMSIG(ended.status)
        reason, text = _SIGNALS.get(number, ("failed", f"it was ended by signal {number}"))
        if number == signal.SIGABRT and any(words in errors for words in _NO_MEMORY):
            reason, text = "memory", "there is no memory left within its limit"
        raise ToolError(text, reason=reason)
    try:
        message: Message = json.loads(result)
    except ValueError:
        status = os.waitstatus_to_exitcode(ended.status)
        raise ToolError(f"it ended with status {status} and no result") from None
    return message
