"""Whether a model's arguments fit the JSON Schema of the tool that it called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentctl.errors import ToolError

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list, tuple),
    "object": (Mapping,),
    "null": (type(None),),
}


def check(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Raise what is wrong with the arguments of a call, in words that tell the model what to mend.

    Known are type, enum, minimum, maximum, minLength, maxLength, items, properties, required and additionalProperties;
    what else a schema says is not looked at.

    Raises:
        ToolError: the first thing that does not fit; its reason is `invalid`.
    """
    _check_value(arguments, schema, "")


def _check_value(value: Any, schema: Mapping[str, Any], name: str) -> None:
    kinds = schema.get("type")
    if kinds is not None:
        allowed = (kinds,) if isinstance(kinds, str) else tuple(kinds)
        if not any(_is(value, kind) for kind in allowed):
            raise _wrong(name, f"must be {' or '.join(allowed)}, and is {_kind(value)}")
    if "enum" in schema and not any(value == one and type(value) is type(one) for one in schema["enum"]):
        raise _wrong(name, f"must be one of {', '.join(map(repr, schema['enum']))}")
    if isinstance(value, str):
        _check_length(value, schema, name)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        _check_range(value, schema, name)
    elif isinstance(value, Mapping):
        _check_members(value, schema, name)
    elif isinstance(value, list | tuple) and "items" in schema:
        for index, item in enumerate(value):
            _check_value(item, schema["items"], f"{name}[{index}]")


def _check_length(value: str, schema: Mapping[str, Any], name: str) -> None:
    if len(value) < schema.get("minLength", 0):
        raise _wrong(name, "must not be empty" if not value else f"needs {schema['minLength']} characters or more")
    if len(value) > schema.get("maxLength", len(value)):
        raise _wrong(name, f"has {len(value)} characters, and at most {schema['maxLength']} are taken")


def _check_range(value: float, schema: Mapping[str, Any], name: str) -> None:
    if not value >= schema.get("minimum", value):
        raise _wrong(name, f"must be {schema['minimum']} or more, and is {value}")
    if not value <= schema.get("maximum", value):
        raise _wrong(name, f"must be {schema['maximum']} or less, and is {value}")


def _check_members(value: Mapping[str, Any], schema: Mapping[str, Any], name: str) -> None:
    known: Mapping[str, Any] = schema.get("properties", {})
    prefix = f"{name}." if name else ""
    if missing := [key for key in schema.get("required", ()) if key not in value]:
        raise _wrong(prefix + missing[0], "is missing")
    for key, member in value.items():
        if key in known:
            _check_value(member, known[key], prefix + key)
        elif schema.get("additionalProperties", True) is False:
            raise _wrong(prefix + key, f"is not known; there are: {_listed(tuple(known))}")


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):  # JSON Schema counts 2.0 among the integers
        return value.is_integer()
    return isinstance(value, _TYPES.get(kind, ()))


def _kind(value: Any) -> str:
    return next((kind for kind in _TYPES if _is(value, kind)), type(value).__name__)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _wrong(name: str, what: str) -> ToolError:
    return ToolError(f"argument {name} {what}" if name else f"the arguments {what}", reason="invalid")
