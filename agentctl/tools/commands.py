"""The commands in a line for a shell, as far as a rule that forbids some can find them.

This is no parser of shell, and what it finds is no boundary: whoever may run a shell can hide a command from any
reader. It is for rules to mean what they seem to where nobody hides anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

JOINTS = re.compile(r"&&|\|\||[;&|\n\r<>`]|\$\(|\$\{")
"""What joins commands, redirects them or puts one into another."""

_BREAKS = re.compile(rf"{JOINTS.pattern}|[(){{}}!]|(?<!\S)(?:if|then|else|elif|do|while|until|case|in|function)(?!\S)")
_BEFORE = re.compile(
    r"(?:[A-Za-z_]\w*=\S*|command|builtin|exec|env|nohup|time|nice|sudo|xargs|setsid|-\S+)(?:\s+|$)", re.ASCII
)
_QUOTES = str.maketrans("", "", "\\'\"")


def commands(line: str) -> Iterator[str]:
    """The commands of a line: each as it stands, and by the plain name of its program with single blanks."""
    yield line
    for part in _BREAKS.split(line):
        words = " ".join(part.split())
        yield words
        while (before := _BEFORE.match(words)) and before.end():
            words = words[before.end() :]
        program, _, rest = words.partition(" ")
        yield f"{program.translate(_QUOTES).rpartition('/')[2]} {rest}".rstrip()
