"""Host functions that refuse, and the record of what was refused, which a trap alone does not tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import wasmtime
from wasmtime.component import EnumType, FuncType, ResourceAny, ResultType, ValType, Variant, VariantType

from agentctl.errors import ToolError

Host = Callable[..., Any]
Storelike = wasmtime.Store | wasmtime.StoreContext

_DENIALS = ("access-denied", "HTTP-request-denied")  # of wasi:sockets/network, and of wasi:http/types
_HINTS = {"http": "allow the host with --allow net:HOST", "sockets": "no component may open sockets of its own"}


@dataclass(slots=True)
class Refusals:
    """What one call was refused with a trap, in order."""

    met: list[str] = field(default_factory=list)
    hint: str | None = None
    failure: ToolError | None = None  # what one of our host functions ended the call with

    def note(self, failure: ToolError) -> None:
        """Keep why a host function ended the call, which the trap does not tell."""
        self.failure = self.failure or failure

    def refuse(self, what: str, hint: str | None = None) -> wasmtime.WasmtimeError:
        """Note it, and return the error that a host function raises to trap its caller."""
        self.met.append(what)
        self.hint = self.hint or hint
        return wasmtime.WasmtimeError(f"denied: {what}")

    def guarded(self, name: str, function: Host) -> Host:
        """A host function whose failures become traps; wasmtime's package would keep them for a later call."""

        def guard(store: Storelike, *arguments: Any) -> Any:
            try:
                return function(store, *arguments)
            except wasmtime.WasmtimeError:
                raise
            except BaseException as error:  # noqa: BLE001 - C would lose it, and take what was never returned
                raise wasmtime.WasmtimeError(f"{name}: {error!r}") from None
            finally:
                for borrowed in arguments:
                    if isinstance(borrowed, ResourceAny):
                        borrowed.drop(store)  # else the component's call would end in a trap

        return guard


def denial(interface: str, name: str, capability: str, kind: FuncType, refusals: Refusals) -> Host:
    """A function that says "access denied" in its own terms if its result can, else traps."""
    result = kind.result
    code = _denying(result.err) if isinstance(result, ResultType) else None
    if code is not None and not name.startswith("["):  # a method is of a resource that nobody can have
        return lambda *_: code

    def trap(*_: Any) -> Any:
        what = f"it used {interface} ({name}), which it is not granted"
        raise refusals.refuse(what, _HINTS.get(capability))

    return trap


def _denying(kind: ValType | None) -> Any:
    """The error that says so, as wasmtime takes it beside a payload of another class."""
    match kind:
        case EnumType() if "access-denied" in kind.names:
            return "access-denied"
        case VariantType():
            code = next((name for name, payload in kind.cases if name in _DENIALS and payload is None), None)
            return None if code is None else Variant("err", Variant(code))
        case _:
            return None
