"""wasi:http 0.2 `error-code`: why there is no answer, as a component is told."""

from __future__ import annotations

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
