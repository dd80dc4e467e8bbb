"""What came of one call of a component."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentctl.errors import ToolFailure
from agentctl.tools.wasm.host.loaded import Origin


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a call brought nothing: the kind of failure, what happened, and what to do next if that is known."""

    code: ToolFailure
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one call, which may be a failure; whatever a guest does, it ends in one of these.

    Args:
        result: what the function returned, in JSON values.
        error: why there is no result.
        fuel: what the call used, about in instructions; None where it was killed, and took the count with it.
        duration_ms: from the start of the call's process until it was gone, by the clock of the host process; without
            compiling. 0 if there was no process.
        stdout, stderr: what the component wrote, as far as it was allowed to.
        cache: where the compiled component came from. `tampered`: what was kept had been altered, was not used, and
            was made anew. None where it didn't come to that.
    """

    result: Any = None
    error: Failure | None = None
    fuel: int | None = None
    duration_ms: float = 0.0
    stdout: str = ""
    stderr: str = ""
    cache: Origin | None = None

    @property
    def ok(self) -> bool:
        """Whether the function returned."""
        return self.error is None

    @classmethod
    def from_json(cls, answer: Mapping[str, Any]) -> Result:
        """Read what the host process answers."""
        error = None
        if "code" in answer:
            error = Failure(answer["code"], answer["message"], answer.get("hint"))
        return cls(
            result=answer.get("value"),
            error=error,
            fuel=answer.get("fuel"),
            duration_ms=answer.get("duration_ms", 0.0),
            stdout=answer.get("stdout", ""),
            stderr=answer.get("stderr", ""),
            cache=answer.get("cache"),
        )
