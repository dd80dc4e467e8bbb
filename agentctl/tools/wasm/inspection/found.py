"""What an inspection finds, in a form that needs no wasmtime and can be passed from one process to another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from agentctl.tools.wasm.inspection.preamble import Kind

Verdict = Literal["ok", "needs-grants", "refused"]


@dataclass(frozen=True, slots=True)
class Function:
    """A function as a tool.

    Args:
        name: its own name; of an interface, the interface's name, `#` and its own.
        description: what there is to say of it; a component's types carry no words, so this is its signature.
        parameters: the JSON Schema of its arguments.
        result: the JSON Schema of its result; None if it has none.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    result: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a file is.

    Args:
        exports: the functions that can be called.
        imports: what it imports, by exact names; of a core module, `module.function`.
        capabilities: what the imports could touch if it were granted: clock, env, files, http, random, sockets, stdio.
        verdict: `ok` runs as it is; `needs-grants` runs, but what it is for is refused until it is granted; `refused`
            does not run.
        reason: what to know about the verdict, in a sentence.
    """

    kind: Kind
    exports: tuple[Function, ...] = ()
    imports: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    verdict: Verdict = "refused"
    reason: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as one JSON document."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Inspection:
        """Read back what `as_json` returned."""
        return cls(
            kind=kept["kind"],
            exports=tuple(Function(**one) for one in kept["exports"]),
            imports=tuple(kept["imports"]),
            capabilities=tuple(kept["capabilities"]),
            verdict=kept["verdict"],
            reason=kept["reason"],
        )
