"""Where agentctl keeps its files: the XDG base directories, each with an override.

`AGENTCTL_CONFIG_DIR`, `AGENTCTL_DATA_DIR`, `AGENTCTL_STATE_DIR` and `AGENTCTL_CACHE_DIR` name a directory outright;
else the XDG variable's directory or its default, with `agentctl` below it.

Source: https://specifications.freedesktop.org/basedir-spec/latest/
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

Directory = Callable[[Mapping[str, str]], Path]

_DEFAULTS = {"CONFIG": ".config", "DATA": ".local/share", "STATE": ".local/state", "CACHE": ".cache"}


def _directory(kind: str, environ: Mapping[str, str]) -> Path:
    if override := environ.get(f"AGENTCTL_{kind}_DIR"):
        return Path(override).expanduser()
    base = Path(environ.get(f"XDG_{kind}_HOME", ""))
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    # The specification tells programs to ignore a relative path here.
    root = base if base.is_absolute() else home / _DEFAULTS[kind]
    return root / "agentctl"


def config_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """The user's configuration and key index."""
    return _directory("CONFIG", environ)


def data_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """The database and downloaded models."""
    return _directory("DATA", environ)


def state_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """The logs and the list of trusted projects."""
    return _directory("STATE", environ)


def cache_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """What can be made anew at any time."""
    return _directory("CACHE", environ)
