"""Checks documents against the published JSON Schemas."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

DIRECTORY = Path(__file__).parent.parent.parent / "docs/schemas"


def validate(name: str, document: Any) -> None:
    """Raise if `document` is not as docs/schemas/NAME.json says."""
    _validator(name).validate(document)


@cache
def _validator(name: str) -> Draft202012Validator:
    schemas = {path.name: json.loads(path.read_text()) for path in DIRECTORY.glob("*.json")}
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    registry: Registry[Any] = Registry().with_resources(
        (file, Resource.from_contents(schema)) for file, schema in schemas.items()
    )
    return Draft202012Validator(schemas[f"{name}.json"], registry=registry)
