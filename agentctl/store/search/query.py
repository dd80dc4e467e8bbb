"""What a user looks for: words that must all be there, "a phrase", the beginning of a word*, and -what must not be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agentctl.errors import UsageError
from agentctl.store.words import words

_TERM = re.compile(r'(?P<sign>-?)(?:"(?P<phrase>[^"]*)(?P<end>"?)|(?P<word>[^\s"]+))')
_HINT = 'write words, "a phrase", the beginning of a word*, and -what must not be there'
_MOST_WORDS = 64


@dataclass(frozen=True, slots=True)
class Term:
    """Words one after the other. Where it is a `prefix` the last one need only begin so."""

    words: tuple[str, ...]
    prefix: bool = False

    def found_in(self, said: Sequence[str]) -> Iterator[int]:
        """The places in the words `said` at which it stands."""
        *whole, last = self.words
        for place in range(len(said) - len(whole)):
            end = said[place + len(whole)]
            if (end.startswith(last) if self.prefix else end == last) and list(
                said[place : place + len(whole)]
            ) == whole:
                yield place


@dataclass(frozen=True, slots=True)
class Query:
    """What must be in a message, and what must not."""

    wanted: tuple[Term, ...]
    unwanted: tuple[Term, ...] = ()

    def matches(self, said: Sequence[str]) -> bool:
        """Whether a message of these words is one that is looked for."""
        return all(any(True for _ in term.found_in(said)) for term in self.wanted) and not any(
            any(True for _ in term.found_in(said)) for term in self.unwanted
        )


def parse(text: str) -> Query:
    """Read what a user wrote.

    Raises:
        UsageError: it does not say what to look for.
    """
    terms = list(_terms(text))
    wanted = tuple(term for term, without in terms if not without)
    unwanted = tuple(term for term, without in terms if without)
    if not wanted:
        raise UsageError("there is no word to look for", hint=_HINT)
    if sum(len(term.words) for term, _ in terms) > _MOST_WORDS:
        raise UsageError(f"these are more than {_MOST_WORDS} words to look for", hint="leave some away")
    return Query(wanted, unwanted)


def _terms(text: str) -> Iterator[tuple[Term, bool]]:
    for match in _TERM.finditer(text):
        if match["phrase"] is not None and not match["end"]:
            raise UsageError('the quotation mark before "' + match["phrase"] + '" has no other', hint=_HINT)
        said = match["word"] if match["phrase"] is None else match["phrase"]
        prefix = match["word"] is not None and said.endswith("*")
        if not (found := words(said)):
            raise UsageError(f"{match[0]!r} has no word in it", hint=_HINT)
        yield Term(tuple(found), prefix), bool(match["sign"])
