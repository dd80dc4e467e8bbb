"""Small checks that the rules of all vendors are made of, and the refusal that one of them ends in."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from typing import Any

Json = Mapping[str, Any]


class RefusedError(Exception):
    """The vendor refuses the request: an HTTP status, its words, and what its error names beside them."""

    def __init__(self, message: str, *, status: int = 400, kind: str = "", param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.kind = kind
        self.param = param


def check(holds: object, message: str, *, kind: str = "", param: str | None = None) -> None:
    """Refuse the request unless this holds."""
    if not holds:
        raise RefusedError(message, kind=kind, param=param)


def names(text: str) -> frozenset[str]:
    """The words of the text."""
    return frozenset(text.split())


def stranger(given: Iterable[str], known: Iterable[str]) -> str | None:
    """The first name that is not known."""
    allowed = {*known}
    return next((name for name in given if name not in allowed), None)


def is_base64(text: object) -> bool:
    """Whether this is base 64 of something, in one of its two alphabets."""
    if not isinstance(text, str) or not text:
        return False
    try:
        return bool(base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True))
    except (binascii.Error, ValueError):
        return False


def is_object(text: object) -> bool:
    """Whether this is the text of a JSON object."""
    try:
        return isinstance(text, str) and isinstance(json.loads(text), dict)
    except ValueError:
        return False


def open_object(schema: object) -> bool:
    """Whether an object in the schema leaves it open which properties there may be."""
    if isinstance(schema, list):
        return any(map(open_object, schema))
    if not isinstance(schema, Mapping):
        return False
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        return True
    return any(open_object(value) for value in schema.values())
