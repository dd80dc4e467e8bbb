"""Opening: an empty store by many at once, one of a newer program by none."""

from __future__ import annotations

from contextlib import closing
from functools import partial

from agentctl.errors import StorageError
from agentctl.messages import user
from agentctl.store import sessions
from agentctl.store.base import Transaction
from agentctl.testing.conformance.check import Store, check, expect, refused
from agentctl.testing.conformance.transactions import names
from agentctl.testing.conformance.worker import together

_NEWER = 9999


@check("shared")
def its_url_opens_it_again(store: Store) -> None:
    """Whoever opens the URL of a store finds what was written."""
    with closing(store.open()) as database:
        session = database.write(partial(sessions.create, name="a"))
        with closing(store.connect()) as again:
            expect(again.read(partial(sessions.get, session_id=session.id)), session, "the session")


@check("shared")
def processes_open_an_empty_store_at_once(store: Store) -> None:
    """Processes that open an empty store at once and write to it all find what they wrote."""
    wanted = ["a", "b", "c", "d"]
    together(store, "create", wanted)
    with closing(store.open()) as again:
        expect(sorted(map(str, names(again))), wanted, "what is kept")


@check("shared")
def a_newer_schema_is_refused(store: Store) -> None:
    """A store that a newer program has changed is refused, and nothing of it is changed."""
    record = partial(_record, version=_NEWER)
    with closing(store.open()) as database:
        database.write(record)
        error = refused(StorageError, lambda: store.open().close(), "a store with a newer schema")
        expect("newer" in str(error), True, f"whether {str(error)!r} says why")
        applied = database.read(lambda tx: tx.all("schema.applied"))
        expect(applied[-1]["version"], _NEWER, "the schema")


@check()
def a_sound_store_passes_its_check(store: Store) -> None:
    """`check` finds nothing wrong with a store that only the program has written."""
    with closing(store.open()) as database:
        session = database.write(sessions.create)
        database.write(partial(sessions.append, session=session, message=user("said")))
        expect(database.check(), [], "what is wrong")


def _record(tx: Transaction, version: int) -> None:
    tx.execute("schema.record", version=version, name="newer", checksum="crc32:00000000", applied_at=0)


CHECKS = (
    its_url_opens_it_again,
    processes_open_an_empty_store_at_once,
    a_newer_schema_is_refused,
    a_sound_store_passes_its_check,
)
