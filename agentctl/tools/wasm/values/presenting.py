"""Plain values (see `accepting`) as JSON, by the forms that `schema` describes."""

from __future__ import annotations

import base64
import math
from typing import Any

from wasmtime.component import (
    F32,
    F64,
    U8,
    ListType,
    OptionType,
    RecordType,
    ResultType,
    TupleType,
    ValType,
    VariantType,
)

from agentctl.tools.wasm.values.cases import OneOf, cases_of
from agentctl.tools.wasm.values.schema import nullable


def present(kind: ValType, plain: Any) -> Any:  # noqa: PLR0911 - one for each kind of type
    """Return a plain form as JSON."""
    match kind:
        case F32() | F64():
            return plain if math.isfinite(plain) else _not_number(plain)
        case ListType():
            element = kind.element
            if isinstance(element, U8):
                return base64.b64encode(plain).decode("ascii")
            return [present(element, each) for each in plain]
        case RecordType():
            return {name: present(field, each) for (name, field), each in zip(kind.fields, plain, strict=True)}
        case TupleType():
            return [present(element, each) for element, each in zip(kind.elements, plain, strict=True)]
        case OptionType() | VariantType() | ResultType():
            return _present_case(kind, plain)
        case _:
            return plain


def _present_case(kind: OneOf, plain: tuple[str, Any]) -> Any:
    name, payload = plain
    if isinstance(kind, OptionType) and name == "none":
        return None
    inner = dict(cases_of(kind))[name]
    shown = None if inner is None else present(inner, payload)
    return shown if isinstance(kind, OptionType) and not nullable(kind.payload) else {name: shown}


def _not_number(number: float) -> str:
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
