"""What is said of PostgreSQL's errors, and which of them are worth another attempt."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors

from agentctl.errors import StorageError
from agentctl.store.base import LockBusyError
from agentctl.store.postgres.failures import (
    ConflictError,
    ConnectionLostError,
    TooManyConnectionsError,
    UnreachableError,
    refusal,
    storage_error,
)


@pytest.mark.parametrize(
    ("state", "kind", "said"),
    [
        ("53100", StorageError, "the disk of there is full"),
        ("25006", StorageError, "there is read-only"),
        ("42501", StorageError, "may not do that"),
        ("22003", StorageError, "does not fit"),
        ("57014", StorageError, "took too long"),
        ("23505", StorageError, "refused this"),
        ("53300", TooManyConnectionsError, "no connection to there is free"),
        ("55P03", LockBusyError, "locked"),
        ("40001", ConflictError, "another process"),
        ("40P01", ConflictError, "another process"),
        ("57P01", ConnectionLostError, "was lost"),
        ("25P03", ConnectionLostError, "was lost"),
        ("08006", ConnectionLostError, "was lost"),
    ],
)
def test_an_error_of_a_statement(state: str, kind: type[StorageError], said: str) -> None:
    """It says what is wrong in our words, and of the kind that decides what is done about it."""
    found = storage_error(errors.lookup(state)("why"), "there")
    assert type(found) is kind
    assert said in str(found.message)
    assert "why" in str(found.message)
    assert found.hint


@pytest.mark.parametrize(
    ("state", "text", "hint"),
    [
        ("42501", "permission denied for table sessions", "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES"),
        ("42501", "permission denied for sequence outbox_id_seq", "ON ALL SEQUENCES"),
        ("42501", "permission denied for schema public", "ON SCHEMA"),
        ("08P01", "transaction blocks not allowed in statement pooling mode", "pool_mode = transaction"),
        ("08P01", "query_wait_timeout", "pool_size"),
    ],
)
def test_an_error_that_its_text_tells(state: str, text: str, hint: str) -> None:
    """What is to be done about it depends on more than its code."""
    assert hint in str(storage_error(errors.lookup(state)(text), "there").hint)


@pytest.mark.parametrize(
    ("text", "passes", "hint"),
    [
        ("Connection refused", True, "that the server runs"),
        ("FATAL: the database system is starting up", True, "that the server runs"),
        ("FATAL: sorry, too many clients already", True, "max_connections"),
        ('FATAL: too many connections for role "bob"', True, "connection limit of the role"),
        ('FATAL: too many connections for database "x"', True, "the database"),
        ("FATAL: no more connections allowed (max_client_conn)", True, "the pooler's pool_size"),
        ("SSL SYSCALL error: EOF detected", True, "that the server runs"),
        ('FATAL: password authentication failed for user "bob"', False, "agentctl keys set database"),
        ("fe_sendauth: no password supplied", False, "agentctl keys set database"),
        ('FATAL: no pg_hba.conf entry for host "::1"', False, "~/.pgpass"),
        ('FATAL: database "x" does not exist', False, "createdb"),
        ('FATAL: role "bob" does not exist', False, "PGUSER"),
        ("server does not support SSL, but SSL was required", False, "sslmode"),
        ('root certificate file "/x" does not exist', False, "sslrootcert"),
        ('definition of service "x" not found', False, "service file"),
    ],
)
def test_a_refused_connection(text: str, hint: str, *, passes: bool) -> None:
    """It says where to look, and whether it may pass by itself."""
    found = refusal(psycopg.OperationalError(text), "there")
    assert isinstance(found, UnreachableError) is passes
    assert hint in str(found.hint)
