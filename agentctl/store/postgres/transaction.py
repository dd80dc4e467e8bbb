"""Runs work in a transaction in which a refused statement undoes no others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from agentctl.store.base import Transaction
from agentctl.store.postgres.connection import Connection
from agentctl.store.postgres.failures import ConflictError, ConnectionLostError

T = TypeVar("T")


class _SpoiltError(Exception):
    """A statement was refused, and with it all that is done in the transaction."""


def transact(connection: Connection, begin: str, work: Callable[[Transaction], T]) -> T:
    """Run `work` in a transaction that `begin` begins, and commit it.

    The work may catch the error of a statement and go on. PostgreSQL ends a transaction at its first error, unless
    there is a savepoint before each statement. That is dear and hardly ever needed: only when a statement was refused
    is the work run again with savepoints.
    """
    try:
        return _attempt(connection, begin, work)
    except _SpoiltError:
        with connection.savepoints():
            return _attempt(connection, begin, work)


def _attempt(connection: Connection, begin: str, work: Callable[[Transaction], T]) -> T:
    with connection.transaction(begin):
        try:
            result = work(connection)
        except (ConflictError, ConnectionLostError):
            raise
        except Exception as error:
            if connection.is_spoilt:
                raise _SpoiltError from error
            raise
        if connection.is_spoilt:
            raise _SpoiltError
    return result
