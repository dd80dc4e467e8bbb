"""How commands get what they need."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from agentctl.app import App
from agentctl.cli.render import print_note


def wire(flags: Mapping[str, object] = MappingProxyType({})) -> App:
    """Everything a command needs; the user is told where it waits for the database.

    Raises:
        ConfigError, UsageError: see `App`.
    """
    return App(flags=flags, tell=print_note)
