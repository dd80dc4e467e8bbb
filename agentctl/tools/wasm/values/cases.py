"""Types that are one of some cases, in one form: variants, results and options."""

from __future__ import annotations

from wasmtime.component import OptionType, ResultType, VariantType

from agentctl.tools.wasm.values.schema import Cases

OneOf = OptionType | ResultType | VariantType


def cases_of(kind: OneOf) -> Cases:
    """The cases of a type that has them, each with the type of its payload."""
    match kind:
        case VariantType():
            return kind.cases
        case ResultType():
            return [("ok", kind.ok), ("err", kind.err)]
        case OptionType():
            return [("none", None), ("some", kind.payload)]
