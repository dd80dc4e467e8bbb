"""Numbered changes of the schema, and which of them a database still lacks.

A migration is a file `NNNN_name.sql` in `migrations/DIALECT/`. It is never edited once released: a database remembers
the checksum of each one it has applied.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agentctl.errors import StorageError
from agentctl.store.statements import Dialect

_DIRECTORY = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class Migration:
    """One change of the schema; `sql` is a script without transaction statements of its own."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """What a database remembers of `sql`. Every start computes it, so it is not one that takes ms to import."""
        return f"crc32:{zlib.crc32(self.sql.encode()):08x}"


def load(dialect: Dialect, directory: Path = _DIRECTORY) -> tuple[Migration, ...]:
    """Return the migrations of a dialect, in order."""
    return tuple(_read(path) for path in sorted((directory / dialect).glob("[0-9]*_*.sql")))


def pending(applied: Sequence[tuple[int, str]], known: Sequence[Migration], *, where: str) -> Sequence[Migration]:
    """Return the migrations that a database lacks.

    Args:
        applied: version and checksum of those it has, in order.
        known: those of this program, in order.
        where: the database, for errors.

    Raises:
        StorageError: a newer program, or one with other migrations, has written this database.
    """
    if len(applied) > len(known):
        raise StorageError(
            f"{where} was written by a newer agentctl (schema {applied[-1][0]}; this one knows {known[-1].version})",
            hint="upgrade agentctl: pip install --upgrade agentctl",
        )
    for (version, checksum), migration in zip(applied, known, strict=False):
        if (version, checksum) != (migration.version, migration.checksum):
            raise StorageError(
                f"{where} was written by another build of agentctl (its schema change {version} differs from ours)",
                hint="use the agentctl that wrote it, or choose another `database` in the configuration",
            )
    return known[len(applied) :]


def _read(path: Path) -> Migration:
    version, _, name = path.stem.partition("_")
    return Migration(int(version), name, path.read_text("utf-8"))
