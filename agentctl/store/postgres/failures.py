"""What went wrong, in words: every error of the driver as a StorageError."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from agentctl.errors import StorageError
from agentctl.redact import redact
from agentctl.store.base import LockBusyError


class ConnectionLostError(StorageError):
    """The connection ended in the midst of it; it may be that what was committed last took effect."""


class UnreachableError(ConnectionLostError):
    """No connection could be made, and a later one may be."""


class TooManyConnectionsError(UnreachableError):
    """There are as many connections as the server or a pooler lets be; when others end, one may be had."""


class ConflictError(StorageError):
    """The transaction was undone because of another one; the same again may succeed."""


_CONFLICTS = frozenset({"40001", "40P01"})
# The server ends or starts, or ended this connection alone: 25P03 for idleness.
_LOST = frozenset({"57P01", "57P02", "57P03", "57P05", "25P03", "25P04"})

# In the words of the server, which has the code 53300 for it where it has any, and of PgBouncer.
_TOO_MANY = (
    "too many connections for",
    "too many clients already",
    "remaining connection slots are reserved",
    "no more connections allowed",
    "query_wait_timeout",
)

_REASONS = {
    "22003": ("a value does not fit the database {where}", "give a smaller one"),
    "25006": (
        "{where} is read-only",
        "the primary server: target_session_attrs=read-write in its URL; or set default_transaction_read_only to off",
    ),
    "42501": ("this user may not do that in {where}", "let its owner: GRANT USAGE, CREATE ON SCHEMA … TO …"),
    "42P01": ("{where} lacks a table", "see `agentctl doctor`; was its schema changed by another program?"),
    "53100": (
        "the disk of {where} is full",
        "free some space there and run the command again; what was saved before is safe",
    ),
    "57014": ("{where} took too long", "see what keeps the server busy, and run the command again"),
    "XX001": ("{where} is damaged", "restore a backup; see `agentctl doctor`"),
    "XX002": ("{where} is damaged", "restore a backup, or REINDEX; see `agentctl doctor`"),
}
_OTHER = ("{where} refused this", "see what the server logged, and `agentctl doctor`")
# What only the text tells.
_WORDS = {
    "transaction blocks not allowed": (
        "{where} is behind a pooler that knows no transactions",
        "in the settings of PgBouncer: pool_mode = transaction",
    ),
    "permission denied for table": (
        "this user may not do that in {where}",
        "let its owner: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA … TO …",
    ),
    "permission denied for sequence": (
        "this user may not do that in {where}",
        "let its owner: GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA … TO …",
    ),
}

# Libpq tells why there is no connection in words alone. What stands here gets no better by waiting.
_REFUSALS = (
    (
        ("password authentication failed", "no password supplied", "authentication failed", "pg_hba.conf"),
        "who it lets in: check the user, and the password in ~/.pgpass, PGPASSWORD or `agentctl keys set database`",
    ),
    (("database",), "which databases there are: psql -l; a new one: createdb NAME"),
    (("role", "user name"), "the user in the URL, or PGUSER"),
    (
        ("certificate", "SSL", "ssl", "root.crt"),
        "sslmode, sslrootcert and the like in the URL",
    ),
    (("translate host name", "service"), "the host in the URL, or the service file"),
)
_MARKS = (
    "authentication failed",
    "no password supplied",
    "pg_hba.conf",
    "does not exist",
    "no such database",
    "not permitted",
    "SSL",
    "certificate",
    "definition of service",
)


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn errors of the driver within the block into StorageErrors about the database at `where`."""
    try:
        yield
    except psycopg.Error as error:
        raise storage_error(error, where) from error
    except UnicodeEncodeError as error:
        raise StorageError(f"a value does not fit the database {where}: {error}") from error


def storage_error(error: psycopg.Error, where: str) -> StorageError:
    """Return what an error of a statement means."""
    state, text = error.sqlstate or "", _text(error)
    if state == "53300" or any(mark in text for mark in _TOO_MANY):
        return too_many_connections(text, where)
    if state in _CONFLICTS:
        return ConflictError(f"{where} was changed by another process just now: {text}", hint="run the command again")
    if state == "55P03":
        return LockBusyError(f"another program keeps {where} locked: {text}", hint="end that program and try again")
    reason = next((reason for mark, reason in _WORDS.items() if mark in text), None)
    if reason is None and _is_lost(error):
        return ConnectionLostError(f"the connection to {where} was lost: {text}", hint="run the command again")
    what, hint = reason or _REASONS.get(state, _OTHER)
    return StorageError(f"{what.format(where=where)}: {text}", hint=hint)


def _is_lost(error: psycopg.Error) -> bool:
    state = error.sqlstate
    return state in _LOST or state.startswith("08") if state else isinstance(error, psycopg.OperationalError)


def too_many_connections(text: str, where: str) -> TooManyConnectionsError:
    """Return that there is no connection to be had because others have them all."""
    return TooManyConnectionsError(
        f"no connection to {where} is free: {text}",
        hint="each turn under way needs two: raise the pooler's pool_size, or the connection limit of the role, "
        "the database (ALTER … CONNECTION LIMIT) or the server (max_connections); or end other programs",
    )


def refusal(error: psycopg.Error, where: str) -> StorageError:
    """Return why there is no connection."""
    text = _text(error)
    if any(mark in text for mark in _TOO_MANY):
        return too_many_connections(text, where)
    if "SSL SYSCALL" in text or not any(mark in text for mark in _MARKS):  # the former: it ended meanwhile
        return UnreachableError(
            f"can't reach {where}: {text}", hint="check that the server runs, and the host and port in `database`"
        )
    hint = next((hint for marks, hint in _REFUSALS if any(mark in text for mark in marks)), None)
    return StorageError(f"{where} let us not in: {text}", hint=hint and f"check {hint}")


def _text(error: psycopg.Error) -> str:
    return redact(" ".join((error.diag.message_primary or str(error) or type(error).__name__).split()))
