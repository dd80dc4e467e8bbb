"""URLs of databases as they may be shown."""

from __future__ import annotations

import re

SCHEMES = ("postgresql://", "postgres://")
_HIDDEN = "***"


def is_postgres(url: str) -> bool:
    """Whether it names a database of PostgreSQL."""
    return url.startswith(SCHEMES)


def shown(url: str) -> str:
    """Return `url` without the passwords that may be in it."""
    if not is_postgres(url):
        return url
    scheme, _, rest = url.partition("://")
    # Up to the last @: a password that should have been written with %40 and %2F hides no less.
    who, at, place = rest.rpartition("@")
    if ":" in who:
        who = f"{who.partition(':')[0]}:{_HIDDEN}"
    place = re.sub(r"(?i)((?:ssl)?password=)[^&]*", rf"\g<1>{_HIDDEN}", place)
    return f"{scheme}://{who}{at}{place}"
