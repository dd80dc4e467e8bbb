"""What training needs beside agentctl itself."""

from __future__ import annotations

from importlib.util import find_spec

from agentctl.errors import ConfigError


def need(*packages: str) -> None:
    """Say what to install where a package is missing.

    Raises:
        ConfigError: one is.
    """
    if missing := [one for one in packages if find_spec(one) is None]:
        raise ConfigError(
            f"training needs {' and '.join(missing)}, which is not installed", hint="pip install 'agentctl[train]'"
        )
