"""Anthropic's prompt cache.

Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching. What it says, and is done here:

- Each mark writes one entry: the hash of all that comes before it. Nothing is written anywhere else.
- From each mark at most 20 positions are looked at, the mark itself first, for an entry that an earlier request wrote.
  A run of calls counts as one position, and so does a run of results, but not on Bedrock and Vertex.
- An entry lives 5 minutes, or an hour, from the request that last used it. Using it costs no more than reading it.
- Fewer tokens than the model's minimum are not cached, without an error.
- A is the highest hit, B the highest mark of an hour after it, C the last mark: A is read, B - A is written for an
  hour, C - B for 5 minutes. A mark of an hour after one of 5 minutes is refused, and so are more than 4.

What it does not say is done to the client's loss: a mark before the highest hit writes no entry, and makes none live
longer than it was written for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from support.caches.pieces import Clock, Entries, Piece, Spent, beginnings
from support.vendors.checks import check

SECONDS = {"5m": 300.0, "1h": 3600.0}
_MOST = 4
_LOOK_BACK = 20
_RUNS = ("tool_use", "tool_result")


class AnthropicCache:
    """The cache of one workspace.

    Args:
        clock: when it is.
        least: the fewest tokens that are cached.
        runs: whether a run of calls or of results counts as one position.
    """

    def __init__(self, clock: Clock, least: int = 1024, *, runs: bool = True) -> None:
        self._entries = Entries(clock)
        self._least = least
        self._runs = runs

    def serve(self, model: str, pieces: Sequence[Piece]) -> Spent:
        """Take a request.

        Raises:
            RefusedError: its marks are against the rules.
        """
        marks = [place for place, piece in enumerate(pieces) if piece.mark]
        _check([str(pieces[place].mark) for place in marks])
        names, sizes = beginnings(model, pieces)
        marks = [place for place in marks if sizes[place] >= self._least]
        hits = [place for mark in marks if (place := self._found(mark, names, pieces)) is not None]
        hit = max(hits, default=-1)
        for place in {hit, *(mark for mark in marks if mark <= hit)} - {-1}:
            if self._entries.has(names[place]):
                self._entries.use(names[place])
        new = [mark for mark in marks if mark > hit]
        for mark in new:
            self._entries.keep(names[mark], SECONDS[str(pieces[mark].mark)])
        return _spent(sizes, hit, new, [mark for mark in new if pieces[mark].mark == "1h"])

    def _found(self, mark: int, names: Sequence[str], pieces: Sequence[Piece]) -> int | None:
        return next((place for place in self._positions(mark, pieces) if self._entries.has(names[place])), None)

    def _positions(self, mark: int, pieces: Sequence[Piece]) -> Iterator[int]:
        """The places that are looked at from a mark, backwards; within a run, all are at one position."""
        seen, last = 0, ""
        for place in range(mark, -1, -1):
            kind = pieces[place].kind
            seen += not (self._runs and kind in _RUNS and kind == last)
            last = kind
            if seen > _LOOK_BACK:
                return
            yield place


def _check(marks: Sequence[str]) -> None:
    check(len(marks) <= _MOST, f"A maximum of 4 blocks with cache_control may be provided. Found {len(marks)}.")
    words = "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block."
    check("1h" not in marks or "5m" not in marks[: len(marks) - marks[::-1].index("1h")], words)


def _spent(sizes: Sequence[int], hit: int, new: Sequence[int], hours: Sequence[int]) -> Spent:
    read = sizes[hit] if hit >= 0 else 0
    until_hour = sizes[hours[-1]] if hours else read
    until_last = sizes[new[-1]] if new else read
    total = sizes[-1] if sizes else 0
    return Spent(total - until_last, read, until_last - until_hour, until_hour - read)
