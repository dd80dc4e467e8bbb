"""Opaque identifiers that sort by the time they were made."""

from __future__ import annotations

import os
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case: no i, l, o, u to misread


def new_id(now_ms: int | None = None) -> str:
    """Return a new identifier: 26 characters, 48 bits of Unix milliseconds and 80 random bits (the ULID layout).

    Source: https://github.com/ulid/spec
    """
    moment = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    return _spelled((moment << 80) | int.from_bytes(os.urandom(10), "big"))


def derived_id(moment_ms: int, *names: str) -> str:
    """Return the identifier of what has these names elsewhere and was made at this moment: always the same."""
    import hashlib  # noqa: PLC0415 - only imports need it

    digest = hashlib.sha256("\0".join(names).encode()).digest()[:10]
    return _spelled((moment_ms << 80) | int.from_bytes(digest, "big"))


def _spelled(number: int) -> str:
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))
