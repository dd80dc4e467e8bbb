"""Patterns with stars, matched in a time that no text can blow up: as an automaton, not by trying again and again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple


class _Token(NamedTuple):
    """One element of a pattern.

    Args:
        character: the one that it takes; None takes any, and a slash if `slash`.
        many: whether it takes any number of them.
        fork: whether it takes none, and what follows may be left out up to after the next `/`.
    """

    character: str | None = None
    slash: bool = False
    many: bool = False
    fork: bool = False


def matches(pattern: str, text: str, *, paths: bool) -> bool:
    """Whether a pattern matches all of a text: `*` is any text and `?` any character.

    In `paths` neither is a slash, `**` is any text, and `**/` any directories, or none.
    """
    tokens = _tokens(pattern, paths)
    states = _reached(tokens, [0])
    for character in text:
        states = _reached(tokens, _after(tokens, states, character))
        if not states:
            return False
    return len(tokens) in states


def _after(tokens: tuple[_Token, ...], states: Iterable[int], character: str) -> Iterable[int]:
    """The states that a character leads to."""
    for state in states:
        if state == len(tokens) or tokens[state].fork:
            continue
        token = tokens[state]
        if token.character == character or (token.character is None and (token.slash or character != "/")):
            yield state if token.many else state + 1


def _reached(tokens: tuple[_Token, ...], states: Iterable[int]) -> set[int]:
    """The states, and those that they lead to without a character."""
    reached: set[int] = set()
    waiting = list(states)
    while waiting:
        state = waiting.pop()
        if state in reached:
            continue
        reached.add(state)
        if state < len(tokens) and (tokens[state].many or tokens[state].fork):
            waiting.append(state + 1)
            if tokens[state].fork:
                waiting.append(state + 3)  # behind the stars and their slash
    return reached


@cache
def _tokens(pattern: str, paths: bool) -> tuple[_Token, ...]:
    any_ = _Token(slash=True, many=True)
    known = {
        "**/": (_Token(fork=True), any_, _Token("/")) if paths else (any_, _Token("/")),
        "**": (any_,),
        "*": (_Token(slash=not paths, many=True),),
        "?": (_Token(slash=not paths),),
    }
    pieces = re.findall(r"\*\*/|\*\*|\*|\?|[^*?]", pattern, re.DOTALL)
    return tuple(token for piece in pieces for token in known.get(piece, (_Token(piece),)))
