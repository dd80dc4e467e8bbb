"""Digests of JSON, leaf by leaf: enough to name what changed in a document, and nothing of what it says. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

Print = Mapping[str, str]
"""The digest of each leaf of a document by its path, in the order of the document with its keys sorted."""

_PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_BYTES = 6  # of a digest: one pair of texts in 3e14 shares one


def print_of(document: Any) -> dict[str, str]:
    """Return the digests of the leaves of a document of JSON, which may have bytes for leaves too."""
    return {path: digest(leaf) for path, leaf in leaves(document)}


def leaves(document: Any, at: str = "") -> Iterator[tuple[str, object]]:
    """Yield each leaf with its path below `at`, such as `.properties.city` or `[0].text`.

    A leaf is what has nothing in it: also an empty object or list.
    """
    pending: list[tuple[str, Any]] = [(at, document)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, Mapping) and value:
            names = sorted(value, key=str, reverse=True)
            pending += [(path + step(str(name)), value[name]) for name in names]
        elif isinstance(value, list | tuple) and value:
            pending += [(f"{path}[{number}]", value[number]) for number in reversed(range(len(value)))]
        else:
            yield path, value


def step(name: str) -> str:
    """Return how a path goes on to a key of an object (RFC 9535)."""
    return f".{name}" if _PLAIN.fullmatch(name) else f"[{json.dumps(name)}]"


def digest(leaf: object) -> str:
    """Return a short digest of a leaf; a text never has that of a number that is written like it."""
    import hashlib  # noqa: PLC0415 - it loads all of OpenSSL, and who only reads reports needs none

    if isinstance(leaf, bytes):
        data = b"b" + leaf
    elif isinstance(leaf, str):
        data = b"s" + leaf.encode("utf-8", "surrogatepass")
    else:
        data = json.dumps(leaf, sort_keys=True, default=repr).encode()
    return hashlib.blake2b(data, digest_size=_BYTES).hexdigest()


def first_difference(old: Print, new: Print) -> str | None:
    """Return the path of the first leaf that is not the same in both, or of what it became or came from; else None."""
    for path in (*new, *(path for path in old if path not in new)):
        if old.get(path) != new.get(path):
            return _end(path, old if path in new else new)
    return None


def _end(path: str, other: Print) -> str:
    """The path up to where it ends in the other document, where that has a leaf in its way."""
    ways = (way for way in other if path.startswith(way) and path[len(way) :][:1] in {".", "["})
    return next(ways, path)
