"""Where a stream is cut in two to see that its pieces mean what it means.

By default at the ends of its lines, within its characters of several bytes and at a tenth of the other places;
AGENTCTL_TEST_FULL=1 makes it everywhere. AGENTCTL_TEST_SEED chooses other places.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from random import Random

_ENDS = b"\r\n"


def cuts(stream: bytes) -> Sequence[int]:
    """Numbers of bytes that the first piece has."""
    if os.environ.get("AGENTCTL_TEST_FULL"):
        return range(len(stream))
    chance = Random(os.environ.get("AGENTCTL_TEST_SEED", "20261127"))
    return [cut for cut in range(len(stream)) if _delicate(stream, cut) or chance.random() < 0.1]


def _delicate(stream: bytes, cut: int) -> bool:
    around = stream[max(0, cut - 1) : cut + 1]
    return any(byte in _ENDS or byte > 0x7F for byte in around)
