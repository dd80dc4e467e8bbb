"""Reads what `cost price` is given: a file, prices and a day."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from agentctl.errors import UsageError
from agentctl.settings import ModelOverride

_LARGEST = 16 * 2**20  # bytes of an answer
_PRICES = ("input", "output", "cache_read", "cache_write_short", "cache_write_long")
_PRICE = re.compile(r"(?=\.?\d)\d{0,9}(\.\d{0,12})?", re.ASCII)


def usage_object(file: str) -> object:
    """Return the JSON document in a file, or on standard input for `-`.

    Raises:
        UsageError: it can't be read, is too large or is no JSON.
    """
    where = "standard input" if file == "-" else file
    raw = _read(file, where)
    if len(raw) > _LARGEST:
        raise UsageError(f"{where} is too large to be an answer", hint=f"at most {_LARGEST // 2**20} MiB are read")
    if not raw.strip():
        raise UsageError(f"{where} is empty", hint="give the usage object of an answer as JSON, in a file or a pipe")
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UsageError(f"{where} is no text in UTF-8", hint="give the usage object of an answer as JSON") from error
    except json.JSONDecodeError as error:
        place = f"{error.msg} in line {error.lineno}, column {error.colno}"
        raise UsageError(f"{where} is no JSON: {place}", hint="give one JSON object, not a stream of events") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, thousands of brackets
        raise UsageError(f"{where} is no usage object", hint="give the usage object of an answer as JSON") from error


def _read(file: str, where: str) -> bytes:
    if file == "-":
        if sys.stdin.isatty():
            raise UsageError(
                "there is no usage object", hint="name a file, or pipe it in: … | agentctl cost price MODEL"
            )
        return _start(sys.stdin.buffer)
    try:
        with Path(file).open("rb") as stream:
            return _start(stream)
    except (OSError, ValueError) as error:  # the second for a null byte
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is no path"
        raise UsageError(f"can't read {where}: {reason}", hint="name a file, or - for standard input") from error


def _start(stream: BinaryIO) -> bytes:
    return stream.read(_LARGEST + 1)


def prices_of(text: str) -> ModelOverride:
    """Return the prices that a user gives, as `input=3,output=15`.

    Raises:
        UsageError: they are none.
    """
    found: dict[str, Any] = {}
    for part in text.split(","):
        name, equals, price = (piece.strip() for piece in part.partition("="))
        if not equals or name not in _PRICES:
            raise UsageError(
                f"{part!r} is no price", hint=f"write {', '.join(f'{one}=…' for one in _PRICES)} in $/MTok"
            )
        if not _PRICE.fullmatch(price):
            raise UsageError(f"{price!r} is no price in $/MTok", hint='write it as a plain decimal number, like "0.30"')
        if name in found:
            raise UsageError(f"{name} has two prices", hint="leave one of them out")
        found[name] = Decimal(price)
    return ModelOverride(**found)


def moment_of(text: str) -> int:
    """Return the moment that a user means, in epoch µs: a day begins in UTC, as price lists do.

    A time without a zone is one on this machine's clock.

    Raises:
        UsageError: it is no date and no time.
    """
    try:
        meant = _day(text) or datetime.fromisoformat(text)
        return round(meant.timestamp() * 1_000_000)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{text!r} is no date", hint="write it like 2026-11-23, or 2026-11-23T08:00") from error


def _day(text: str) -> datetime | None:
    """The beginning of a day in UTC; None if the text is more than a date."""
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        return None
