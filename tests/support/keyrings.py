"""Keyrings to test with: backends of the keyring package that keep keys in a file, forget them, hang or break.

`use(name, path)` gives the variables that make a process use one of them.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError


class Kept(KeyringBackend):
    """Keeps keys in the file that a variable names."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        """The key, as the keyring package asks for it."""
        return self._read().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a key, as the keyring package asks for it."""
        self._write(self._read() | {f"{service}/{username}": password})

    def delete_password(self, service: str, username: str) -> None:
        """Forget a key, as the keyring package asks for it."""
        entries = self._read()
        if entries.pop(f"{service}/{username}", None) is None:
            raise PasswordDeleteError("not there")
        self._write(entries)

    def _read(self) -> dict[str, str]:
        path = Path(os.environ["TEST_KEYRING"])
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def _write(self, entries: dict[str, str]) -> None:
        Path(os.environ["TEST_KEYRING"]).write_text(json.dumps(entries))


class Forgetful(Kept):
    """Says yes to everything."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a key, as the keyring package asks for it."""


class Hanging(Kept):
    """Waits for somebody to unlock it."""

    def get_password(self, service: str, username: str) -> str | None:
        """The key, as the keyring package asks for it."""
        threading.Event().wait()
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a key, as the keyring package asks for it."""
        threading.Event().wait()


class Broken(Kept):
    """Fails with an error of its own that has the key in it."""

    def get_password(self, service: str, username: str) -> str | None:
        """The key, as the keyring package asks for it."""
        raise ZeroDivisionError("out of order")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a key, as the keyring package asks for it."""
        raise ZeroDivisionError(f"can't keep {password}")


def use(name: str, path: Path) -> dict[str, str]:
    """The variables that make a process use the keyring `name`, which keeps its keys at `path`."""
    return {
        "PYTHON_KEYRING_BACKEND": f"support.keyrings.{name}",
        "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
        "TEST_KEYRING": str(path),
        "PATH": os.environ["PATH"],
    }
