"""Time zones by their IANA names, and the one that this machine keeps."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

_LOCALTIME = Path("/etc/localtime")
_ZONES = "/zoneinfo/"


def is_known(name: str) -> bool:
    """Whether there is a time zone of this name here."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # what is no name, names a directory, or nothing
        return False
    return True


def local(environ: Mapping[str, str] = os.environ) -> str:
    """Return the name of this machine's time zone; UTC where it has none."""
    _, found, name = os.path.realpath(_LOCALTIME).partition(_ZONES)
    told = (environ.get("TZ", "").removeprefix(":"), name if found else "")
    return next((one for one in told if one and is_known(one)), "UTC")
