"""Whether what a component gives as the JSON Schema of a tool's arguments is one; nobody is to stumble over it later.

Source: https://json-schema.org/draft/2020-12/json-schema-core, of which the keywords are checked that are read here or
that providers read; others may be there, and say nothing.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

DEEPEST = 32  # levels of arrays and objects

_PROPERTY = re.compile(r"[a-zA-Z0-9_.-]{1,64}")  # what every provider takes
_KINDS = {"null", "boolean", "object", "array", "number", "integer", "string"}


def parse(text: str) -> dict[str, Any]:
    """Read the schema of an object.

    Raises:
        ValueError: it is no JSON, or no such schema.
    """
    try:
        schema = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    _shallow(schema, DEEPEST)
    if re.search("[\ud800-\udfff]", json.dumps(schema, ensure_ascii=False)):
        raise ValueError("there is half of a surrogate pair in it")
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise ValueError("it is not that of an object")
    _check(schema)
    if odd := [name for name in schema.get("properties", {}) if not _PROPERTY.fullmatch(name)]:
        raise ValueError(f"{odd[0][:64]!r} is no name of an argument")
    return schema


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text[:20])


def _shallow(value: Any, levels: int) -> None:
    if not isinstance(value, dict | list):
        return
    if not levels:
        raise ValueError("it is nested too deep")
    for inner in value.values() if isinstance(value, dict) else value:
        _shallow(inner, levels - 1)


def _check(schema: Any) -> None:
    """Check the keywords of a schema and of those in it; `true` and `false` are schemas too."""
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        raise ValueError("there is something in place of a schema in it")  # noqa: TRY004 - as for all of them
    for word, check in _KEYWORDS.items():
        if word in schema and not check(schema[word]):
            raise ValueError(f"its {word!r} makes no sense")


def _schemas(value: Any) -> bool:
    if not isinstance(value, list) or not value:
        return False
    for one in value:
        _check(one)
    return True


def _named(value: Any) -> bool:
    return isinstance(value, dict) and _schemas([*value.values(), True])


def _items(value: Any) -> bool:
    return _schemas(value if isinstance(value, list) else [value])  # a list is that of earlier drafts


def _names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _types(value: Any) -> bool:
    kinds = value if isinstance(value, list) else [value]
    return bool(kinds) and all(isinstance(one, str) and one in _KINDS for one in kinds)


_KEYWORDS: Mapping[str, Callable[[Any], bool]] = {
    "type": _types,
    "properties": _named,
    "required": _names,
    "enum": lambda value: isinstance(value, list),
    "description": lambda value: isinstance(value, str),
    "items": _items,
    "prefixItems": _schemas,
    "additionalProperties": lambda value: _schemas([value]),
    "anyOf": _schemas,
    "oneOf": _schemas,
    "allOf": _schemas,
    "$defs": _named,
}
