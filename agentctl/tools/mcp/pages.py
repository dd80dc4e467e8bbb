"""Reads lists that come in pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol, TypeVar

MOST = 100  # pages; a list without an end is a fault or a trap


class Page(Protocol):
    """One page."""

    @property
    def next_cursor(self) -> str | None:
        """What asks for the next; None on the last."""
        ...


P_co = TypeVar("P_co", bound=Page, covariant=True)
P = TypeVar("P", bound=Page)


class Lister(Protocol[P_co]):
    """Asks for a page."""

    async def __call__(self, *, cursor: str | None = None) -> P_co:
        """Return the page at `cursor`, the first if None."""
        ...


async def pages(ask: Lister[P]) -> AsyncIterator[P]:
    """Every page of a list, up to `MOST`."""
    cursor = None
    for _ in range(MOST):
        page = await ask(cursor=cursor)
        yield page
        cursor = page.next_cursor
        if cursor is None:
            return
