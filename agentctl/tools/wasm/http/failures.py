"""wasi:io 0.2 `error` and wasi:http 0.2 `error-code`: why there is no answer, as a component is told."""

from __future__ import annotations

from dataclasses import dataclass

from agentctl.tools.wasm.http.exported import exported
from agentctl.tools.wasm.http.values import Case
from agentctl.tools.wasm.network import Failure


def error_code(failure: Failure) -> Case:
    """The case of `error-code` for a failure; of the cases with a value two tell the message."""
    match failure.code:
        case "internal-error":
            return Case("internal-error", failure.message)
        case "DNS-error":
            return Case("DNS-error", {"rcode": failure.message, "info-code": None})
    return Case(failure.code)


@dataclass(frozen=True, slots=True, eq=False)
class IoError:
    """wasi:io/error `error`."""

    failure: Failure

    @exported
    def to_debug_string(self) -> str:
        """It for people."""
        return self.failure.message
