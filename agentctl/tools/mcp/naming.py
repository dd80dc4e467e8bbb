"""The names under which a model knows the tools of MCP servers: `SERVER__TOOL`."""

from __future__ import annotations

import hashlib
import re

LONGEST = 64  # characters that every provider takes in the name of a function


def offered_name(server: str, tool: str) -> str:
    """The name of a server's tool for models: of letters, digits, - and _ only, and up to 64 of them.

    It depends on nothing but its arguments, so that what was allowed once means the same tool the next day. A name that
    does not fit is cut and marked with the beginning of its hash. Two servers never share one: the name of a server has
    no two _ in a row, and none at its end.
    """
    plain = f"{server}__{tool}"
    fit = re.sub(r"[^a-zA-Z0-9_-]", "_", plain)
    if fit == plain and len(plain) <= LONGEST:
        return plain
    mark = "_" + hashlib.sha256(plain.encode(errors="surrogatepass")).hexdigest()[:8]
    return fit[: LONGEST - len(mark)] + mark


def printable(text: str, length: int) -> str:
    """What a server wrote as one line that no terminal takes for a command, up to `length` characters."""
    line = "".join(char if char.isprintable() else " " for char in text[: 4 * length])
    line = " ".join(line.split())
    return line if len(line) <= length else line[: length - 1] + "…"
