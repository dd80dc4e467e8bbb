"""Turns what a user wrote for a key into the key: a literal, `$NAME` or `!command`."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping

from agentctl.errors import ConfigError
from agentctl.redact import redact, register

TIMEOUT = 30.0  # seconds for a command, which may ask its user for a fingerprint

_BY_HAND = "run it by hand to see why"


def resolve(reference: str, environ: Mapping[str, str] = os.environ, *, timeout: float = TIMEOUT) -> str:
    """Return the key that `reference` stands for, registered for redaction.

    `$NAME` is that variable; `!command args` is what the command prints, run without a shell and without our stdin;
    anything else is the key itself. `timeout` is in seconds, for the command.

    Raises:
        ConfigError: the variable is not set, the command fails, or what comes out can't be a key.
    """
    if reference.startswith("!"):
        printed = _printed_by(reference[1:], environ, timeout)
        return sound(printed, f"what {_program(reference[1:])} printed", hint=_BY_HAND)
    if reference.startswith("$"):
        return sound(_variable(reference[1:], environ), reference)
    return sound(reference, "the key")


def sound(value: str, source: str, *, hint: str = "copy the key again, without quotes") -> str:
    """Register the key and return it without surrounding blanks.

    `source` says in errors what it is, `hint` what to do about it.

    Raises:
        ConfigError: it is empty or can't stand in a header.
    """
    key = value.strip()
    register(key)
    if not re.fullmatch(r"[!-~]+", key):
        what = "is empty" if not key else "has a blank, a line break or a character beyond ASCII in it"
        raise ConfigError(f"{source} {what}, so it is no key", hint=hint)
    return key


def _variable(name: str, environ: Mapping[str, str]) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ConfigError("a key that starts with $ names a variable, and this is no variable's name")
    if not environ.get(name):
        raise ConfigError(f"the key is to come from ${name}, which is not set", hint=f"export {name}=…")
    return environ[name]


def _printed_by(command: str, environ: Mapping[str, str], timeout: float) -> str:
    from subprocess import TimeoutExpired  # noqa: PLC0415 - only a command pays for it

    from agentctl.keys import command as child  # noqa: PLC0415

    program = _program(command)
    try:
        code, out, err = child.run(shlex.split(command), environ, timeout)
    except TimeoutExpired:
        raise ConfigError(
            f"{program}, which is to print the key, took longer than {timeout:g} s", hint=_BY_HAND
        ) from None
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise ConfigError(f"can't run {program}, which is to print the key: {why}", hint=_BY_HAND) from error
    if code != 0:
        said = "".join(redact(err.decode(errors="replace")).strip().splitlines()[-1:]) or "it said nothing"
        raise ConfigError(f"{program}, which is to print the key, failed with {code}: {said}", hint=_BY_HAND)
    return out.decode(errors="replace")


def _program(command: str) -> str:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ConfigError(f"the command that is to print the key can't be read: {error}") from error
    if not words:
        raise ConfigError("a key that starts with ! is to name a command", hint='"!op read op://vault/item/key"')
    return words[0]
