"""The system's keyring, asked in a child process: one that is locked, missing or broken can't hang or crash us.

The child is `python -m keyring`, the command of the keyring package. Keys go to it and come back through pipes.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

from agentctl.redact import redact

TIMEOUT = 5.0  # seconds; a locked keyring on a machine without a screen would wait for ever

_SERVICE = "agentctl"


class KeyringError(Exception):
    """The keyring did not do what was asked; the message says why."""


def wanted(environ: Mapping[str, str]) -> bool:
    """Whether the user lets us use the keyring."""
    return environ.get("AGENTCTL_KEYRING", "").lower() not in {"off", "0", "no", "false"}


def get(name: str, environ: Mapping[str, str]) -> str | None:
    """The key `name`, None if there is none.

    Raises:
        KeyringError: the keyring does not answer.
    """
    return _ask("get", name, environ)


def put(name: str, value: str, environ: Mapping[str, str]) -> None:
    """Keep `value` as the key `name`.

    Raises:
        KeyringError: the keyring does not take it.
    """
    _ask("set", name, environ, value)
    if get(name, environ) != value:  # some backends forget without a word
        raise KeyringError("it did not keep the key")


def delete(name: str, environ: Mapping[str, str]) -> None:
    """Forget the key `name`, if it is there.

    Raises:
        KeyringError: the keyring does not answer.
    """
    if get(name, environ) is not None:
        _ask("del", name, environ)


def _ask(operation: str, name: str, environ: Mapping[str, str], value: str = "") -> str | None:
    # -P: a keyring.py in the working directory must not run.
    command = [sys.executable, "-P", "-m", "keyring", operation, _SERVICE, name]
    try:
        done = subprocess.run(
            command,
            env=dict(environ),
            input=value,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise KeyringError(f"it did not answer within {TIMEOUT:.0f} s") from None
    except OSError as error:
        raise KeyringError(str(error)) from error
    if done.returncode == 0:
        return done.stdout.removesuffix("\n")
    if said := redact(done.stderr).strip().splitlines():
        raise KeyringError(_reason(said[-1]))
    return None


def _reason(line: str) -> str:
    if line.endswith("No module named keyring"):
        return "it needs pip install 'agentctl[keyring]'"
    return line.rpartition("Error: ")[2].partition(". ")[0]
