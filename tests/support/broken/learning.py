"""Stores that break a law of what is learnt from."""

from __future__ import annotations

from agentctl.store.base import Value
from support.broken.wrapper import Queries, Wrapper


class Rounding(Wrapper):
    """Keeps nine digits of a number."""

    class queries(Queries):  # noqa: N801 - it is that attribute
        def execute(self, query: str, /, **values: Value) -> int:
            rounded = {name: float(f"{one:.9g}") if isinstance(one, float) else one for name, one in values.items()}
            return super().execute(query, **rounded)


class Detached(Wrapper):
    """Knows of no call whose decision it is of."""

    class queries(Queries):  # noqa: N801
        def execute(self, query: str, /, **values: Value) -> int:
            return 1 if query == "decisions.attach" else super().execute(query, **values)


class Opinionated(Wrapper):
    """Says that it takes an outcome which it has already, whatever that says."""

    class queries(Queries):  # noqa: N801
        def execute(self, query: str, /, **values: Value) -> int:
            done = super().execute(query, **values)
            return done or int(query == "outcomes.add")
