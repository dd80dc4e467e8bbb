"""A JSON Schema in the words that Gemini knows, as far as others of the same meaning exist. Pure.

What can't be said otherwise is sent as it is: the API ignores it, or says what it is that it does not take.

Source: https://ai.google.dev/api/generate-content#generationconfig, `responseJsonSchema`: the keywords that are known,
and that a subschema with `$ref` can have no others but those that begin with `$`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ONE = frozenset({"items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else"})
_LIST = frozenset({"prefixItems", "anyOf", "oneOf", "allOf"})
_MAP = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})


def known_words(schema: Any) -> Any:
    """Return the schema, or subschema, with `const` as an `enum` of one, and a `$ref` alone where it has neighbours."""
    if not isinstance(schema, Mapping):
        return schema
    said = {word: _inside(word, value) for word, value in schema.items() if word != "const"}
    if "const" in schema:
        said["enum"] = [schema["const"]]
    if "$ref" in said and "anyOf" not in said and any(not word.startswith("$") for word in said):
        said["anyOf"] = [{"$ref": said.pop("$ref")}]
    return said


def _inside(word: str, value: Any) -> Any:
    if word in _ONE:
        return known_words(value)
    if word in _LIST and isinstance(value, list | tuple):
        return [known_words(one) for one in value]
    if word in _MAP and isinstance(value, Mapping):
        return {name: known_words(one) for name, one in value.items()}
    return value
