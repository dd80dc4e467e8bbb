"""The names under which a model knows tools that come from elsewhere: `ORIGIN__TOOL`, of a server or a component."""

from __future__ import annotations

import hashlib
import re

LONGEST = 64  # characters that every provider takes in the name of a function


def offered_name(origin: str, tool: str) -> str:
    """The name of an origin's tool for models: of letters, digits, - and _ only, and up to 64 of them.

    It depends on nothing but its arguments, so that what was allowed once means the same tool the next day. A name that
    does not fit is cut and marked with the beginning of its hash. Two origins never share one: the name of an origin
    has no two _ in a row, and none at its end.
    """
    plain = f"{origin}__{tool}"
    fit = re.sub(r"[^a-zA-Z0-9_-]", "_", plain)
    if fit == plain and len(plain) <= LONGEST:
        return plain
    mark = "_" + hashlib.sha256(plain.encode(errors="surrogatepass")).hexdigest()[:8]
    return fit[: LONGEST - len(mark)] + mark
