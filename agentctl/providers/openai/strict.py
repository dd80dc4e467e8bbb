"""Whether a JSON schema is one that OpenAI's strict mode takes; it answers 400 to any other. Pure.

Source: https://developers.openai.com/api/docs/guides/structured-outputs#supported-schemas
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WORDS = frozenset(
    {
        "type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "const", "description",
        "title", "pattern", "format", "multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
        "minItems", "maxItems", "$defs", "definitions",
    }
)  # fmt: skip
_OF_THE_WHOLE = frozenset({"$schema", "$id"})


def is_strict(schema: Mapping[str, Any]) -> bool:
    """Whether strict mode takes the schema: an object, all of whose objects are closed and need all they have."""
    root = {word: value for word, value in schema.items() if word not in _OF_THE_WHOLE}
    return root.get("type") == "object" and "anyOf" not in root and _is_sound(root)


def _is_sound(schema: Any) -> bool:
    if not isinstance(schema, Mapping):
        return False
    if "$ref" in schema:
        return len(schema) == 1  # beside it nothing may stand
    if not (schema.keys() <= _WORDS and ("type" in schema or "anyOf" in schema)):
        return False
    return _is_closed(schema) and all(_is_sound(one) for one in _inside(schema))


def _is_closed(schema: Mapping[str, Any]) -> bool:
    type_ = schema.get("type")
    if "properties" not in schema and type_ != "object" and not (isinstance(type_, list) and "object" in type_):
        return True
    names, required = schema.get("properties") or {}, schema.get("required") or ()
    return schema.get("additionalProperties") is False and set(names) == set(required)


def _inside(schema: Mapping[str, Any]) -> list[Any]:
    maps = [schema.get(word) or {} for word in ("properties", "$defs", "definitions")]
    inner = [one for found in maps for one in found.values()]
    return [*inner, *(schema.get("anyOf") or ()), *([schema["items"]] if "items" in schema else [])]
