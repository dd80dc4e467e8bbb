"""`keys.json`: the keys that no keyring holds, and the index of those that one does. Only its owner may read it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agentctl import atomic
from agentctl.errors import ConfigError
from agentctl.locks import FileLock
from agentctl.paths import config_dir
from agentctl.settings.files import directory, open_file


@dataclass(slots=True)
class Index:
    """The names of the keys in the keyring, and the other keys (or references) by name."""

    keyring: list[str] = field(default_factory=list)
    file: dict[str, str] = field(default_factory=dict, repr=False)


def path(environ: Mapping[str, str]) -> Path:
    """Where it is."""
    return directory(config_dir, environ) / "keys.json"


def read(environ: Mapping[str, str]) -> Index:
    """What it says; nothing where there is no file.

    Raises:
        ConfigError: it can't be read, or others may read it too.
    """
    place = path(environ)
    try:
        opened = open_file(place)
        if opened is None:
            return Index()
        with opened:
            mode = os.fstat(opened.fileno()).st_mode & 0o777
            content = opened.read()
    except OSError as error:
        raise ConfigError(f"can't read {place}: {error.strerror}", hint=f"ls -l {place}") from error
    if mode & 0o077:
        raise ConfigError(f"{place} has keys in it and others may open it (mode {mode:o})", hint=f"chmod 600 {place}")
    try:
        return _parse(content)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ConfigError(
            f"{place} is damaged", hint="move it away and set the keys again: agentctl keys set"
        ) from None


def change(environ: Mapping[str, str], edit: Callable[[Index], None]) -> None:
    """Apply `edit` to it, one process at a time.

    Raises:
        ConfigError: it can't be read or written.
    """
    place = path(environ)
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(place.with_name(".keys.lock"), transient=True):
            index = read(environ)
            edit(index)
            atomic.replace(place, _dump(index))
    except OSError as error:
        raise ConfigError(f"can't write {place}: {error.strerror}", hint=f"ls -ld {place.parent}") from error


def _parse(content: bytes) -> Index:
    document = json.loads(content)
    return Index([str(name) for name in document["keyring"]], {str(k): str(v) for k, v in document["file"].items()})


def _dump(index: Index) -> bytes:
    return json.dumps({"keyring": sorted(index.keyring), "file": index.file}, indent=1).encode() + b"\n"
