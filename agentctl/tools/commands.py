"""The commands in a line for a shell, as far as a rule that forbids some can find them.

This is no parser of shell, and what it finds is no boundary: whoever may run a shell can hide a command from any
reader. It is for rules to mean what they seem to where nobody hides anything.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from itertools import islice

JOINTS = re.compile(r"&&|\|\||[;&|\n\r<>`]|\$\(|\$\{")
"""What joins commands, redirects them or puts one into another."""

_PUNCTUATION = ";&|()<>\n"
_KEYWORDS = frozenset(
    ["!", "{", "}", "if", "then", "else", "elif", "fi", "do", "done", "while", "until", "time", "coproc", "function"]
)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(?:\[[^]]*\])?\+?=", re.ASCII)
_WRAPPERS = frozenset(
    [
        "builtin",
        "command",
        "doas",
        "env",
        "exec",
        "ionice",
        "nice",
        "nohup",
        "setsid",
        "stdbuf",
        "sudo",
        "timeout",
        "xargs",
    ]
)
_SHELLS = frozenset(["ash", "bash", "dash", "eval", "ksh", "sh", "zsh"])
_RUNS = frozenset({"-exec", "-execdir", "-ok", "-okdir"})  # of find
_PROGRAM = re.compile(r"/(?:[^/]+/)*s?bin/([^/]+)")  # by a path under which programs are installed
_SUBSTITUTED = re.compile(r"\$\(|`")
_SUFFIXES = 8  # words behind a wrapper that may be its own
_DEEPEST = 4  # lines within lines


def commands(line: str, depth: int = 0) -> Iterator[str]:
    """The commands of a line, each by all that it can be called: `sudo rm x` and `rm x`."""
    yield line
    if line.strip() and depth < _DEEPEST:
        for words in _split(line):
            yield from _forms(words)
            for inner in _inner(words):
                yield from commands(inner, depth + 1)


def _split(line: str) -> Iterator[Sequence[str]]:
    """The words of each command, without quotes and redirections."""
    words: list[str] = []
    redirected = False
    for word in _words(line):
        if not word.strip(_PUNCTUATION):
            redirected = bool(set("<>") & set(word)) and "(" not in word
            if redirected and words and words[-1].isdecimal():
                words.pop()
            elif not redirected:
                yield words
                words = []
        elif redirected:
            redirected = False
        else:
            words.append(word)
    yield words


def _words(line: str) -> Sequence[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=_PUNCTUATION)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
    try:
        return list(lexer)
    except ValueError:  # a quote without its end
        return [word for part in re.split(rf"([{_PUNCTUATION}]+)", line) for word in part.split(" ") if word]


def _forms(words: Sequence[str]) -> Iterator[str]:
    while words and (words[0] in _KEYWORDS or _ASSIGNMENT.match(words[0])):
        words = words[1:]
    if not words:
        return
    yield from _named(words)
    if _name(words[0]) in _WRAPPERS:
        for start in range(1, min(len(words), _SUFFIXES + 1)):
            yield from _named(words[start:])
    for place in islice((place for place, word in enumerate(words) if word in _RUNS), _SUFFIXES):
        yield from _named(words[place + 1 :])


def _named(words: Sequence[str]) -> Iterator[str]:
    """A command as it stands, and by its program's name."""
    if words:
        yield " ".join(words)
        yield " ".join([_name(words[0]), *words[1:]])


def _name(program: str) -> str:
    found = _PROGRAM.fullmatch(program)
    return found[1] if found else program


def _inner(words: Sequence[str]) -> Iterator[str]:
    """The lines for a shell within the words of a command."""
    for word in words:
        yield from _SUBSTITUTED.split(word)[1:]
    place = next((place for place, word in enumerate(words) if _name(word) in _SHELLS), len(words))
    yield from (word for word in words[place + 1 :] if " " in word)
    yield " ".join(words[place + 1 :])
