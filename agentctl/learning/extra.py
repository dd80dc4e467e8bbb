"""What learning needs beside agentctl itself."""

from __future__ import annotations

from importlib.util import find_spec

from agentctl.errors import ConfigError


def need_numpy() -> None:
    """Say what to install where numpy is missing.

    Raises:
        ConfigError: it is.
    """
    if find_spec("numpy") is None:
        raise ConfigError("policies need numpy, which is not installed", hint="pip install 'agentctl[train]'")
