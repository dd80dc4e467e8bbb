"""API keys: where they are found, and where they are kept.

A key is looked for in the environment, then in the system's keyring, then in `keys.json` in the configuration
directory. That file is also the index of what the keyring holds, so that the keyring is asked only for keys it has.
`AGENTCTL_KEYRING=off` leaves the keyring alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentctl.errors import ConfigError, UsageError
from agentctl.keys import file
from agentctl.keys.reference import resolve, sound

DATABASE = "database"
"""The name of the password for PostgreSQL: that of no server."""

__all__ = ["DATABASE", "Key", "Saved", "find", "names", "remove", "resolve", "save"]


@dataclass(frozen=True, slots=True)
class Key:
    """A key and where it was found."""

    value: str
    where: str

    def __repr__(self) -> str:
        return f"Key(value='[redacted]', where={self.where!r})"


@dataclass(frozen=True, slots=True)
class Saved:
    """Where a key was put; `warning` says why not in the keyring."""

    where: str
    warning: str | None = None


def find(name: str, variables: Sequence[str] = (), environ: Mapping[str, str] = os.environ) -> Key | None:
    """The key `name`: from the first of `variables` that is set, else from the keyring, else from the file.

    Raises:
        ConfigError: there is one and it can't be had.
    """
    for variable in variables:
        if environ.get(variable):
            return Key(sound(environ[variable], variable), variable)
    index = file.read(environ)
    if name in index.keyring:
        return _from_keyring(name, environ)
    if name in index.file:
        return Key(resolve(index.file[name], environ), str(file.path(environ)))
    return None


def save(name: str, value: str, environ: Mapping[str, str] = os.environ) -> Saved:
    """Keep the key `name` in the keyring, else in the file. A reference goes to the file: it is no secret.

    Raises:
        UsageError: `name` can't be a key's name.
        ConfigError: `value` can't be a key, or the file can't be written.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
        raise UsageError(f"{name!r} can't be a key's name", hint="it is of a-z, 0-9, - and _, as in openai")
    is_reference = value.strip().startswith(("$", "!"))
    key = value.strip() if is_reference else sound(value, "the key")
    problem = "it is a reference" if is_reference else _into_keyring(name, key, environ)

    def edit(index: file.Index) -> None:
        index.keyring = [other for other in index.keyring if other != name]
        index.file.pop(name, None)
        if problem is None:
            index.keyring.append(name)
        else:
            index.file[name] = key

    file.change(environ, edit)
    if problem is None:
        return Saved("keyring")
    where = str(file.path(environ))
    return Saved(where, None if is_reference else f"{name} is kept in {where}, readable by you alone: {problem}")


def remove(name: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Forget the key `name`, wherever it is kept. False if there was none.

    Raises:
        ConfigError: the keyring or the file can't be changed.
    """
    index = file.read(environ)
    if name in index.keyring:
        _out_of_keyring(name, environ)

    def edit(index: file.Index) -> None:
        index.keyring = [other for other in index.keyring if other != name]
        index.file.pop(name, None)

    if name in index.keyring or name in index.file:
        file.change(environ, edit)
        return True
    return False


def names(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Where each kept key is, by name.

    Raises:
        ConfigError: the file can't be read.
    """
    index = file.read(environ)
    kept = dict.fromkeys(index.keyring, "keyring") | dict.fromkeys(index.file, str(file.path(environ)))
    return dict(sorted(kept.items()))


def _from_keyring(name: str, environ: Mapping[str, str]) -> Key | None:
    from agentctl.keys import keyring  # noqa: PLC0415 - only a key that is in the keyring pays for it

    if not keyring.wanted(environ):
        return None
    try:
        value = keyring.get(name, environ)
        return None if value is None else Key(sound(value, "what the keyring holds"), "keyring")
    except keyring.KeyringError as error:
        raise ConfigError(
            f"the key {name} is in the keyring, which did not give it: {error}",
            hint=f"unlock the keyring, or keep the key in a file: AGENTCTL_KEYRING=off agentctl keys set {name}",
        ) from error


def _into_keyring(name: str, value: str, environ: Mapping[str, str]) -> str | None:
    from agentctl.keys import keyring  # noqa: PLC0415

    if not keyring.wanted(environ):
        return "AGENTCTL_KEYRING is off"
    try:
        keyring.put(name, value, environ)
    except keyring.KeyringError as error:
        return f"no keyring took it ({error})"
    return None


def _out_of_keyring(name: str, environ: Mapping[str, str]) -> None:
    from agentctl.keys import keyring  # noqa: PLC0415

    if not keyring.wanted(environ):
        raise ConfigError(
            f"the key {name} is in the keyring, and AGENTCTL_KEYRING is off", hint="unset AGENTCTL_KEYRING"
        )
    try:
        keyring.delete(name, environ)
    except keyring.KeyringError as error:
        raise ConfigError(f"the keyring did not forget the key {name}: {error}", hint="unlock the keyring") from error
