"""A few figures of a prompt and of the conversation it stands in, each between 0 and 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_KINDS = (
    b"what which who whom whose when where why how is are was were do does did can could should would",
    b"write make fix add implement explain list show find translate summarize prove compute describe give",
    b"def class import return function const void select from null self var let struct public static",
    b"not no never except cannot none neither false incorrect least without",
    b"if then therefore because suppose assume given let each every all following",
)
_KIND = {word: kind for kind, words in enumerate(_KINDS) for word in words.split()}
_SIGNS = (b"0123456789", b"{}[]();=<>_`#&|", b"+-*/^%$\\")

_LONG = math.log1p(16_384)  # bytes and words: where a figure comes to 1
_MANY = math.log1p(64)  # lines, turns, tools
_HUGE = math.log1p(1_000_000)  # what a context window holds


@dataclass(frozen=True, slots=True)
class Context:
    """What a decision knows beside the prompt.

    Args:
        turn: how many turns of the user's came before.
        history: tokens of the conversation so far.
        tools: how many tools the model is offered.
        tool_errors: how many calls of tools have failed so far.
    """

    turn: int = 0
    history: int = 0
    tools: int = 0
    tool_errors: int = 0


def figures(data: bytes, words: Sequence[bytes], context: Context) -> tuple[float, ...]:
    """The figures of a prompt, given its bytes and its words in lower case; the first is always 1."""
    size, count = max(1, len(data)), max(1, len(words))
    kinds = list(map(_KIND.get, words))
    return (
        1.0,
        _log(len(data), _LONG),
        _log(len(words), _LONG),
        _log(data.count(b"\n"), _MANY),
        _log(data.count(b"?"), _MANY),
        *(1 - len(data.translate(None, signs)) / size if data else 0.0 for signs in _SIGNS),
        *(kinds.count(kind) / count for kind in range(len(_KINDS))),
        len(set(words)) / count,
        min(1.0, len(data) / count / 16),
        _log(context.turn, _MANY),
        _log(context.history, _HUGE),
        _log(context.tools, _MANY),
        _log(context.tool_errors, _MANY),
    )


def _log(count: int, most: float) -> float:
    """The logarithm of a count, in steps so wide that no two libraries of mathematics differ by one."""
    return min(1.0, round(math.log1p(count) / most * 1024) / 1024)


FIGURES = len(figures(b"", (), Context()))
