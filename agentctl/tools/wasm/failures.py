"""How a call fails: the one place that reads wasmtime's messages, which carry no codes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from mmap import PAGESIZE
from pathlib import Path

from wasmtime import ExitTrap, Store, WasmtimeError
from wasmtime.component._enter import maybe_raise_last_exn

from agentctl.errors import ToolError, ToolFailure
from agentctl.tools.wasm.grants import Limits
from agentctl.tools.wasm.shadows.refusing import Refusals

_REASONS: tuple[tuple[str, ToolFailure, str], ...] = (
    ("all fuel consumed", "fuel", "it used up its fuel"),
    ("wasm trap: interrupt", "timeout", "it ran out of time"),
    # wasmtime's own bound, some megabytes of a list of bytes; there is no setting for it in C
    ("fuel allocated for hostcalls", "output", "it handed over more at once than can be taken"),
    ("exceeds memory limits", "memory", "it asked for more memory than it may use"),
    ("failed to allocate", "memory", "it asked for more memory than there is"),
    ("Cannot allocate memory", "memory", "it asked for more memory than there is"),
    ("memory count too high", "memory", "it has more memories than it may have"),
    ("table count too high", "memory", "it has more tables than it may have"),
    ("instance count too high", "memory", "it has more instances than it may have"),
    ("exceeds table limits", "memory", "it asked for larger tables than it may have"),
    ("call stack exhausted", "trap", "it recursed too deep"),
)
_HINTS: dict[str, str] = {
    "fuel": "allow more with --fuel",
    "timeout": "allow more with --timeout",
    "memory": "allow more with --memory",
}
_FRAME = re.compile(r"\s*\d+:\s+0x[0-9a-f]+ - ")
_SHOWN = 300


class CallError(ToolError):
    """A call that failed, and the fuel that it had used by then."""

    def __init__(self, message: str, *, hint: str | None = None, reason: ToolFailure = "failed", fuel: int = 0) -> None:
        super().__init__(message, hint=hint, reason=reason)
        self.fuel = fuel


@dataclass(frozen=True, slots=True)
class Usage:
    """What a store has used since it was new."""

    store: Store
    limits: Limits
    size: int

    def fuel(self) -> int:
        """The fuel that was used."""
        return self.limits.fuel - self.store.get_fuel()

    def memory(self) -> int:
        """About how many bytes the memories have grown to; 0 where the system does not tell."""
        return max(_size() - self.size, 0)


@contextmanager
def usage(store: Store, limits: Limits) -> Iterator[Usage]:
    """Meter a new store."""
    yield Usage(store, limits, _size())


@contextmanager
def explained(refusals: Refusals, used: Usage) -> Iterator[None]:
    """Make a `CallError` of whatever ends a call, with the fuel that it had used."""
    try:
        yield
    except WasmtimeError as error:
        raise _failure(error, refusals, used) from None
    except MemoryError:
        raise CallError("there is no memory left", hint=_HINTS["memory"], reason="memory", fuel=used.fuel()) from None
    except CallError:
        raise
    except ToolError as error:
        raise CallError(error.message, hint=error.hint, reason=error.reason, fuel=used.fuel()) from None


def _failure(error: WasmtimeError, refusals: Refusals, used: Usage) -> CallError:
    if refusals.met:
        return CallError(refusals.met[0], hint=refusals.hint, reason="denied", fuel=used.fuel())
    raised = _raised()
    if isinstance(raised, ToolError):
        return CallError(raised.message, hint=raised.hint, reason=raised.reason, fuel=used.fuel())
    if failure := refusals.failure:
        return CallError(failure.message, hint=failure.hint, reason=failure.reason, fuel=used.fuel())
    message, reason = explain(error) if raised is None else (f"a function of the host failed: {raised}", "trap")
    if reason == "trap" and not isinstance(error, ExitTrap) and used.memory() > used.limits.memory // 2:
        # A component that gets no more memory traps by itself, and wasmtime does not tell that it got none.
        message, reason = f"{message}, with {used.memory() >> 20} MB of memory in use", "memory"
    return CallError(message, hint=_HINTS.get(reason), reason=reason, fuel=used.fuel())


def _raised() -> Exception | None:
    """What a host function raised, which wasmtime's package keeps for whoever asks first."""
    try:
        maybe_raise_last_exn()
    except Exception as error:  # noqa: BLE001 - it is whatever was raised
        return error
    return None


def _size() -> int:
    """The bytes that this process may write to, without what is only reserved; 0 where the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_bytes().split()[5]
    except OSError:
        return 0
    return int(pages) * PAGESIZE


def explain(error: WasmtimeError) -> tuple[str, ToolFailure]:
    """Say in words what ended a call, and which kind of failure it is."""
    if isinstance(error, ExitTrap):
        return f"the component left with exit status {error.code}", "trap"
    text = "\n".join(_lines(str(error)))
    for sign, reason, words in _REASONS:
        if sign in text:
            return words, reason
    return f"the component trapped: {cause(text)}", "trap"


def cause(text: str) -> str:
    """The last cause that a message of wasmtime's names."""
    lines = _lines(text)
    last = next((line for line in reversed(lines) if "wasm trap: " in line), lines[-1] if lines else "unknown")
    return (last.partition("wasm trap: ")[2] or last)[:_SHOWN]


def _lines(text: str) -> list[str]:
    """The lines of a message without the frames of the guest's stack, which are named by the guest."""
    return [line.strip() for line in text.splitlines() if line.strip() and not _FRAME.match(line)]
