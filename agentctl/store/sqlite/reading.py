"""How a database file is opened by who only reads it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote


def reading_uri(path: Path) -> str:
    """Return the URI by which SQLite opens the file at `path` and makes nothing beside it.

    Raises:
        OSError: it can't be read.
    """
    # Without a log nobody writes to it, and the file alone is all of it: then not even a lock is needed. With one, what
    # was written last is there, and a connection that may only read never moves it into the file.
    log = Path(f"{path}-wal")
    alone = not (log.exists() and log.stat().st_size)
    mode = "immutable=1" if alone and _is_wal(path) else "mode=ro"
    return f"file:{quote(str(path.absolute()))}?{mode}"


def _is_wal(path: Path) -> bool:
    """Whether the file says that it is to be read with a log, which only who may write can make."""
    with path.open("rb") as file:
        return file.read(20)[18:] == b"\x02\x02"
