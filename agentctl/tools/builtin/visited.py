"""Where a path leads by: all that the kernel looks up on its way, links before what they name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import PurePosixPath

_LINKS = 40  # the kernel follows no more; see path_resolution(7)


def visited(path: str) -> Iterator[PurePosixPath]:
    """Yield each place on the way along an absolute path, by the real path of its directory; it need not exist."""
    place, waiting, links = PurePosixPath("/"), path.split("/")[::-1], 0
    while waiting and links <= _LINKS:
        name = waiting.pop()
        if name == "..":
            place = place.parent
        elif name not in {"", "."}:
            yield place / name
            target = _target(place / name)
            links += bool(target)
            waiting += target.split("/")[::-1]
            place = PurePosixPath("/") if target.startswith("/") else place if target else place / name


def _target(place: PurePosixPath) -> str:
    """What a link names; empty where it is none."""
    try:
        return os.readlink(place)  # noqa: PTH115 - of any path
    except OSError:
        return ""
