"""The types of a component's functions as JSON Schema.

Records are objects, tuples arrays, enums strings, flags arrays of names, `option` is `null` or the value, and `result`
is `{"ok": …}` or `{"err": …}`; a variant is `{"case": …}`, with `null` for a case without a payload. An option of what
may itself be null is wrapped: `{"some": …}`. `list<u8>` is base64 text. Integers are JSON numbers of any size; floats
also take the strings "NaN", "Infinity" and "-Infinity", which JSON has no numbers for.

Source: https://component-model.bytecodealliance.org/design/wit.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wasmtime.component import (
    F32,
    F64,
    S8,
    S16,
    S32,
    S64,
    U8,
    U16,
    U32,
    U64,
    Bool,
    Char,
    EnumType,
    FlagsType,
    ListType,
    OptionType,
    RecordType,
    ResultType,
    String,
    TupleType,
    ValType,
    VariantType,
)

from agentctl.errors import ToolError

Schema = dict[str, Any]
Cases = Sequence[tuple[str, ValType | None]]

NOT_NUMBERS = ("NaN", "Infinity", "-Infinity")
MAX_DEPTH = 32  # levels of types in types; recursion over them must end long before Python's does
MAX_NODES = 20_000  # of one schema: a few bytes of types that use each other twice over unfold to millions

INTEGERS: dict[type, tuple[int, int]] = {
    S8: (-(1 << 7), (1 << 7) - 1),
    S16: (-(1 << 15), (1 << 15) - 1),
    S32: (-(1 << 31), (1 << 31) - 1),
    S64: (-(1 << 63), (1 << 63) - 1),
    U8: (0, (1 << 8) - 1),
    U16: (0, (1 << 16) - 1),
    U32: (0, (1 << 32) - 1),
    U64: (0, (1 << 64) - 1),
}
"""The least and the greatest value of each type of integers."""


class UnsupportedTypeError(ToolError):
    """A value of this type can't cross the border of a component as JSON: a resource, a stream, a future."""


def parameters(params: Sequence[tuple[str, ValType]]) -> Schema:
    """Return the schema of the object with a function's arguments by name; one that may be null may be left out.

    Raises:
        UnsupportedTypeError: an argument's type has no JSON form.
    """
    return _Unfolding().record(params, 0)


def schema(kind: ValType) -> Schema:
    """Return the schema of a type.

    Raises:
        UnsupportedTypeError: values of the type have no JSON form.
    """
    return _Unfolding().schema(kind, 0)


def nullable(kind: ValType) -> bool:
    """Whether null is a value of the type, so that an option of it must be wrapped."""
    return isinstance(kind, OptionType)


@dataclass(slots=True)
class _Unfolding:
    """One walk over a type, which counts what it has unfolded."""

    nodes: int = 0

    def schema(self, kind: ValType, depth: int) -> Schema:  # noqa: PLR0911 - one for each kind of type
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise UnsupportedTypeError("its types are too large, or nested too deep", reason="invalid")
        if type(kind) in INTEGERS:
            least, greatest = INTEGERS[type(kind)]
            return {"type": "integer", "minimum": least, "maximum": greatest}
        match kind:
            case Bool():
                return {"type": "boolean"}
            case F32() | F64():
                return {"anyOf": [{"type": "number"}, {"enum": list(NOT_NUMBERS)}]}
            case Char():
                return {"type": "string", "minLength": 1, "maxLength": 1}
            case String():
                return {"type": "string"}
            case EnumType():
                return {"type": "string", "enum": kind.names}
            case FlagsType():
                return {"type": "array", "items": {"type": "string", "enum": kind.names}, "uniqueItems": True}
            case _:
                return self.compound(kind, depth + 1)

    def compound(self, kind: ValType, depth: int) -> Schema:  # noqa: PLR0911 - one for each kind of type
        match kind:
            case ListType():
                element = kind.element
                if isinstance(element, U8):
                    return {"type": "string", "contentEncoding": "base64"}
                return {"type": "array", "items": self.schema(element, depth)}
            case RecordType():
                return self.record(kind.fields, depth)
            case TupleType():
                items = [self.schema(element, depth) for element in kind.elements]
                return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
            case OptionType():
                payload = kind.payload
                inner = self.schema(payload, depth)
                return {"anyOf": [{"type": "null"}, _single("some", inner) if nullable(payload) else inner]}
            case VariantType():
                return self.variant(kind.cases, depth)
            case ResultType():
                return self.variant([("ok", kind.ok), ("err", kind.err)], depth)
            case _:
                name = type(kind).__name__.removesuffix("Type").lower()
                raise UnsupportedTypeError(f"a value of the type {name} has no JSON form", reason="invalid")

    def record(self, fields: Sequence[tuple[str, ValType]], depth: int) -> Schema:
        properties = {name: self.schema(kind, depth) for name, kind in fields}
        required = [name for name, kind in fields if not isinstance(kind, OptionType)]
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}

    def variant(self, cases: Cases, depth: int) -> Schema:
        inner = ((name, {"type": "null"} if kind is None else self.schema(kind, depth)) for name, kind in cases)
        return {"anyOf": [_single(name, of) for name, of in inner]}


def _single(name: str, inner: Schema) -> Schema:
    """The schema of an object with just this property."""
    return {"type": "object", "properties": {name: inner}, "required": [name], "additionalProperties": False}
