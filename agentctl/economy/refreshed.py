"""What providers said of their models since this package was made: a file for each provider in the user's cache."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from agentctl import atomic
from agentctl.economy.cards import Row
from agentctl.economy.catalog import package
from agentctl.errors import StorageError

_FORMAT = 1


class Refreshed(Mapping[str, Row]):
    """The tables by provider, each read when it is asked for.

    A file that is damaged, of another format, or older than the package's own data counts as none: it can be had anew.

    Args:
        directory: where the files lie.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._read = cache(self._load)

    def __getitem__(self, provider: str) -> Row:
        table = self._read(provider)
        if table is None:
            raise KeyError(provider)
        return table

    def __iter__(self) -> Iterator[str]:
        return (path.stem for path in sorted(self._directory.glob("*.json")) if self._read(path.stem) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def save(self, provider: str, table: Row, day: str) -> Path:
        """Keep a table, as of the UTC day `day`, in place of the one before; return its file.

        Raises:
            StorageError: the file can't be written.
        """
        path = self._path(provider)
        text = json.dumps(table)
        document = {"format": _FORMAT, "date": day, "checksum": zlib.crc32(text.encode()), "table": table}
        try:
            atomic.replace(path, json.dumps(document).encode())
        except OSError as error:
            raise StorageError(f"can't write {path}: {error.strerror}", hint=f"ls -ld {path.parent}") from error
        self._read.cache_clear()
        return path

    def _path(self, provider: str) -> Path:
        return self._directory / f"{provider}.json"

    def _load(self, provider: str) -> Row | None:
        try:
            document = json.loads(self._path(provider).read_bytes())
            table: Row = document["table"]
            whole = document["format"] == _FORMAT and document["checksum"] == zlib.crc32(json.dumps(table).encode())
            return table if whole and document["date"] >= _package_date(provider) else None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None


def _package_date(provider: str) -> str:
    return max((row["date"] for row in package(provider).get("prices", ()) if "date" in row), default="")
