"""Which projects the user trusts: their configuration may then set any key.

A project is known by the real path of its configuration file together with the SHA-256 of what the user saw there: a
file that has changed since is not trusted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from agentctl import atomic
from agentctl.errors import ConfigError
from agentctl.paths import state_dir
from agentctl.settings import files


def is_trusted(path: Path, content: bytes, environ: Mapping[str, str]) -> bool:
    """Whether the user trusts the file at `path` with this content."""
    return _recorded(environ).get(str(path.resolve())) == hashlib.sha256(content).hexdigest()


def trust(path: Path, content: bytes, environ: Mapping[str, str]) -> None:
    """Trust the file at `path` as long as it has this content.

    Raises:
        ConfigError: the state directory can't be written.
    """
    known = _recorded(environ) | {str(path.resolve()): hashlib.sha256(content).hexdigest()}
    record = _record(environ)
    try:
        atomic.replace(record, json.dumps(known, indent=1).encode() + b"\n")
    except OSError as error:
        raise ConfigError(f"can't write {record}: {error.strerror}") from error


def _record(environ: Mapping[str, str]) -> Path:
    return files.directory(state_dir, environ) / "trusted.json"


def _recorded(environ: Mapping[str, str]) -> dict[str, str]:
    content = files.read(_record(environ))
    try:
        known = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        return {}  # an unreadable record trusts nobody, and the next `config trust` makes it anew
    return known if isinstance(known, dict) else {}
