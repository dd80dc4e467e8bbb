"""What an MCP server is given: an environment without our secrets, and the secrets that were meant for it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from agentctl.keys import resolve
from agentctl.settings import McpServer

# What programs need to find their way. Not among it: whatever may hold a key, the addresses of proxies too.
_PASSED = (
    *("HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER"),
    *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME"),
)


def variables(server: McpServer, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of the server's program; it blocks while a command prints a secret.

    Raises:
        ConfigError: a secret can't be had.
    """
    passed = {name: environ[name] for name in _PASSED if name in environ}
    return passed | {name: _value(text, environ) for name, text in server.env.items()}


def headers(server: McpServer, environ: Mapping[str, str]) -> dict[str, str]:
    """The headers of each request to the server; it blocks while a command prints a secret.

    Raises:
        ConfigError: a secret can't be had.
    """
    return {name: _value(text, environ) for name, text in server.headers.items()}


def _value(text: str, environ: Mapping[str, str]) -> str:
    if text.startswith(("$", "!")):
        return resolve(text, environ)
    schemed = re.fullmatch(r"([A-Za-z]+) ([$!].+)", text)
    return f"{schemed[1]} {resolve(schemed[2], environ)}" if schemed else text
