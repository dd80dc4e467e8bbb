"""The seed of a call that is given none: the same component, function and arguments draw the same random numbers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def default_seed(digest: str, function: str, arguments: Mapping[str, Any]) -> int:
    """Return the seed for a call of a component, which its SHA-256 names in hexadecimal."""
    asked = json.dumps([digest, function, arguments], sort_keys=True, separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(asked.encode()).digest()[:8], "big")
