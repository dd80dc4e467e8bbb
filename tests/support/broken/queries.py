"""Stores that break a law of what a query takes and returns."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable
from typing import Any

from agentctl.errors import StorageError
from agentctl.ids import new_id
from agentctl.store.base import Row, Transaction, Value
from support.broken.works import Generous
from support.broken.wrapper import Queries, Wrapper


class _Changed(Queries):
    """A transaction that takes other values than it is given."""

    def __init__(self, inner: Transaction, change: Callable[[Value], Value]) -> None:
        super().__init__(inner)
        self._change = change

    def execute(self, query: str, /, **values: Value) -> int:
        return super().execute(query, **self._changed(values))

    def one(self, query: str, /, **values: Value) -> Row | None:
        return super().one(query, **self._changed(values))

    def all(self, query: str, /, **values: Value) -> list[Row]:
        return super().all(query, **self._changed(values))

    def _changed(self, values: dict[str, Value]) -> dict[str, Value]:
        return {name: self._change(value) for name, value in values.items()}


def _changing(change: Callable[[Value], Value]) -> Callable[[Transaction], Transaction]:
    return lambda tx: _Changed(tx, change)


def _of_text(change: Callable[[str], str]) -> Callable[[Transaction], Transaction]:
    return _changing(lambda value: change(value) if isinstance(value, str) else value)


class WithoutNul(Wrapper):
    """Drops U+0000."""

    queries = staticmethod(_of_text(lambda text: text.replace("\0", "").replace("\\u0000", "")))


class Truncating(Wrapper):
    """Keeps no more of a text of a tool than 64 kB."""

    queries = staticmethod(_of_text(lambda text: text if text.startswith("{") else text[: 1 << 16]))


class Normalizing(Wrapper):
    """Takes texts for the same that look alike."""

    queries = staticmethod(_of_text(lambda text: unicodedata.normalize("NFC", text)))


class Floating(Wrapper):
    """Keeps whole numbers as those with a point."""

    queries = staticmethod(
        _changing(lambda value: min(int(float(value)), 2**63 - 1) if isinstance(value, int) else value)
    )


class Clamping(Wrapper):
    """Keeps what is nearest to what does not fit."""

    queries = staticmethod(
        _changing(
            lambda value: (
                min(value, 2**63 - 1)
                if isinstance(value, int)
                else value.encode("utf-8", "replace").decode()
                if isinstance(value, str)
                else value
            )
        )
    )


class Unlimited(Wrapper):
    """Grants whatever is asked for."""

    queries = Generous


class Sulking(Wrapper):
    """Refuses all that comes after a refused query of a transaction."""

    class queries(Queries):  # noqa: N801 - it is that attribute
        refused = False

        def execute(self, query: str, /, **values: Value) -> int:
            if self.refused:
                raise StorageError("the transaction is aborted")
            try:
                return super().execute(query, **values)
            except StorageError:
                self.refused = True
                raise

        def one(self, query: str, /, **values: Value) -> Row | None:
            if self.refused:
                raise StorageError("the transaction is aborted")
            return super().one(query, **values)


class Headstrong(Wrapper):
    """Adds a message where a session stands, whatever its writer has seen."""

    class queries(Queries):  # noqa: N801
        def one(self, query: str, /, **values: Value) -> Row | None:
            if query == "messages.append":
                there = super().one("sessions.get", id=values["session_id"])
                if there and there["branch_id"] == values["branch_id"]:
                    values |= {"seq": there["next_seq"], "parent_id": there["head_id"]}
            return super().one(query, **values)


class Renumbering(Wrapper):
    """Gives messages ids of its own."""

    class queries(Queries):  # noqa: N801
        def one(self, query: str, /, **values: Value) -> Row | None:
            return super().one(query, **(values | ({"id": new_id()} if query == "messages.append" else {})))


class Rehashing(Wrapper):
    """Makes the checksum of a message of what it reads."""

    class queries(Queries):  # noqa: N801
        def all(self, query: str, /, **values: Value) -> list[Row]:
            return [dict(row) | _hashed(row) for row in super().all(query, **values)]


def _hashed(row: Row) -> dict[str, str]:
    return {"body_sha256": hashlib.sha256(row["body"].encode()).hexdigest()} if "body" in row else {}


class Backwards(Wrapper):
    """Lists from the wrong end."""

    class queries(Queries):  # noqa: N801
        def all(self, query: str, /, **values: Value) -> list[Row]:
            found = super().all(query, **values)
            return found[::-1] if query in {"sessions.listing", "drafts.chunks"} else found


class Careless(Wrapper):
    """Takes the first of what is found for the only one."""

    class queries(Queries):  # noqa: N801
        def all(self, query: str, /, **values: Value) -> list[Row]:
            found = super().all(query, **values)
            return found[:1] if query in {"sessions.named", "sessions.between"} else found


class Silent(Wrapper):
    """Tells nobody what happens."""

    class queries(Queries):  # noqa: N801
        def execute(self, query: str, /, **values: Value) -> int:
            return 1 if query in {"outbox.add", "ledger.hear"} else super().execute(query, **values)


class Zeroing(Wrapper):
    """Takes what is unknown for nothing."""

    class queries(Queries):  # noqa: N801
        def execute(self, query: str, /, **values: Value) -> int:
            if "computed_pusd" in values:
                values["computed_pusd"] = values["computed_pusd"] or 0
            return super().execute(query, **values)


class Forgiving(Wrapper):
    """Says nothing of what was refused."""

    class queries(Queries):  # noqa: N801
        def execute(self, query: str, /, **values: Value) -> Any:
            try:
                return super().execute(query, **values)
            except StorageError:
                return 0


class _Deaf(Queries):
    """A transaction that does nothing of some queries and says that it did."""

    unheard: tuple[str, ...] = ()

    def execute(self, query: str, /, **values: Value) -> int:
        return 1 if query in self.unheard else super().execute(query, **values)


class Hoarding(Wrapper):
    """Puts nothing in the trash."""

    class queries(_Deaf):  # noqa: N801
        unheard = ("trash.delete",)


class Untagged(Wrapper):
    """Keeps no tags."""

    class queries(_Deaf):  # noqa: N801
        unheard = ("tags.add",)


class Lasting(Wrapper):
    """Removes nothing for good."""

    class queries(_Deaf):  # noqa: N801
        unheard = ("purging.messages", "purging.branches", "purging.session")


class Blind(Wrapper):
    """Finds nothing by its words."""

    class queries(Queries):  # noqa: N801
        def tuples(self, query: str, /, **values: Value) -> list[tuple[Any, ...]]:
            return [] if query == "search.find" else super().tuples(query, **values)


class Repeating(Wrapper):
    """Begins each page of a list anew."""

    class queries(Queries):  # noqa: N801
        def all(self, query: str, /, **values: Value) -> list[Row]:
            if query == "sessions.listing":
                values |= {"before_at": 2**62, "before_id": "z"}
            return super().all(query, **values)
