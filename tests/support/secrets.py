"""Looks for keys where none may be: in what a command prints, in arguments of processes, in files."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, quote_plus

_TICK = 0.002  # seconds between two looks at all processes


def forms(key: str) -> set[bytes]:
    """The spellings of a key: plain, as JSON, Python and URLs have it, and in base 64, wherever that begins."""
    texts = {
        key,
        json.dumps(key)[1:-1],
        json.dumps(json.dumps(key)[1:-1])[1:-1],
        repr(key)[1:-1],
        quote(key, safe=""),
        quote(key),
        quote_plus(key),
        key.encode().hex(),
    }
    return {text.encode() for text in texts} | {*_in_base64(key.encode())}


def _in_base64(key: bytes) -> Iterator[bytes]:
    """What is the same in base 64 whatever stands before and after the key."""
    for before in range(3):
        whole = key[(3 - before) % 3 :]
        text = base64.b64encode(whole[: len(whole) // 3 * 3])
        yield from (text, text.replace(b"+", b"-").replace(b"/", b"_"))


def leaks(data: bytes, keys: Iterable[str]) -> set[str]:
    """The keys that are in the data, in whatever form."""
    return {key for key in keys if any(form in data for form in forms(key))}


def leaky_files(root: Path, keys: Iterable[str], allowed: Iterable[Path]) -> dict[str, set[str]]:
    """The files below a directory that have keys in them, but for those that are allowed to."""
    kept = {*allowed}
    files = [path for path in root.rglob("*") if path.is_file() and path not in kept]
    found = {str(path): leaks(path.read_bytes() + str(path).encode(), keys) for path in files}
    return {name: which for name, which in found.items() if which}


class Watch:
    """Reads the arguments of all processes again and again while a command runs."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.leaks: set[str] = set()
        self.seen: set[bytes] = set()
        self._keys = [*keys]
        self._over = threading.Event()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch until the end of the block."""
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _run(self) -> None:
        while not self._over.wait(_TICK):
            for line in _arguments() - self.seen:
                self.seen.add(line)
                self.leaks |= leaks(line, self._keys)


def _arguments() -> set[bytes]:
    found = set()
    for name in os.listdir("/proc"):  # noqa: PTH208 - far faster, and what is found too late is gone
        if name.isdigit():
            try:
                found.add(Path(f"/proc/{name}/cmdline").read_bytes())
            except OSError:
                continue
    return found
