"""The lines of an export: each a JSON object in ASCII that ends with the checksum of what stands before it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from agentctl.errors import UsageError

FORMAT = "agentctl.sessions"
VERSION = 1
START = f'{{"format":"{FORMAT}"'.encode()
"""What a file of such lines begins with."""
HINT = "take the file from where it was exported once more; one that was edited or torn is not imported"

_TOO_DEEP = "has JSON that is nested too deeply"
_SEAL = re.compile(rb',"sha256":"([0-9a-f]{64})"\}\n')
_SEAL_LENGTH = 78
_DEEPEST = 200  # levels of JSON; neither we nor providers nest a tenth of it, and Python gives up at some hundreds


def seal(fields: Mapping[str, Any]) -> bytes:
    """Return the line of an object, with its checksum."""
    text = json.dumps(fields, separators=(",", ":")).encode()[:-1]
    return text + b',"sha256":"' + hashlib.sha256(text).hexdigest().encode() + b'"}\n'


def sealed_lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Return the objects of a file, each with the number of its line, and without their checksums.

    Raises:
        UsageError: a line is not as it was written.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            yield number, _unseal(line, number)


def refuse(number: int, why: str) -> UsageError:
    """The error for what is wrong with a line."""
    return UsageError(f"line {number} {why}", hint=HINT)


def _unseal(line: bytes, number: int) -> Mapping[str, Any]:
    found = _SEAL.fullmatch(line[-_SEAL_LENGTH:])
    if not found:
        raise refuse(number, "is torn" if not line.endswith(b"\n") else "has no checksum")
    text = line[:-_SEAL_LENGTH]
    if hashlib.sha256(text).hexdigest().encode() != found[1]:
        raise refuse(number, "differs from its checksum")
    try:
        fields = json.loads(text + b"}")
    except ValueError as error:
        raise refuse(number, "is no JSON") from error
    except RecursionError as error:
        raise refuse(number, _TOO_DEEP) from error
    if not isinstance(fields, dict):
        raise refuse(number, "is no JSON object")
    if text.count(b"[") + text.count(b"{") > _DEEPEST and _is_deep(fields):
        raise refuse(number, _TOO_DEEP)
    return fields


def _is_deep(value: object) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _inner(outer)]
        if not level:
            return False
    return True


def _inner(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
