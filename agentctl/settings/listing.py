"""Settings as a list of keys with what they are and where that comes from, fit to be shown: no key is among them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from shlex import quote
from typing import Any

from agentctl.redact import MARK, redact, redact_url
from agentctl.settings import files, table
from agentctl.settings.values import OpenRouterSettings, Origin, Server, Settings


@dataclass(frozen=True, slots=True)
class Entry:
    """One key: a string or a number, or None where nothing is set."""

    name: str
    value: str | float | None
    origin: Origin


def entries(settings: Settings) -> list[Entry]:
    """Every simple key, and every named one that is set."""
    return [entry(settings, name) for name in settings.origins]


def entry(settings: Settings, name: str) -> Entry:
    """The key `name`, which may be one that is not set.

    Raises:
        ConfigError: there is no such key.
    """
    path = table.split(name)
    files.check_name(path, "config")
    shown = table.dotted(path)
    return Entry(shown, _shown(_value(settings, path)), settings.origins.get(shown, "default"))


def _value(settings: Settings, path: table.Path) -> object:
    match path:
        case ("aliases", name):
            return settings.aliases.get(name)
        case ("servers", name, part):
            return _server(settings.servers.get(name), part)
        case ("mcp" | "models" as group, name, part):
            return _named(settings, group, name, part)
        case ("openrouter", *parts):
            return _openrouter(settings.openrouter, ".".join(parts))
        case ("budget" | "log" | "routing" | "tools" as group, field, *names):
            return _grouped(getattr(getattr(settings, group), field), *names)
    value = getattr(settings, path[0])
    return redact_url(value) if path == ("database",) else value


def _grouped(value: Any, *names: str) -> object:
    if names:  # a variant of the system prompt
        return value.get(names[0])
    return "none" if value == "" else value  # the compression of logs alone may be empty


def _server(server: Server | None, part: str) -> object:
    value = getattr(server, part) if server else None
    return MARK if part == "key" and value is not None and not value.startswith(("$", "!")) else value


def _named(settings: Settings, group: str, name: str, part: str) -> object:
    value = getattr(getattr(settings, group).get(name), part, None)
    match part:
        case "command":
            return " ".join(quote(word) for word in value or ()) or None
        case "env" | "headers":
            return tuple(f"{name} ({_reference(text)})" for name, text in (value or {}).items()) or None
    return value


def _reference(text: str) -> str:
    """A reference as it was written; of anything else, that it is there."""
    return text if re.fullmatch(r"([A-Za-z]+ )?[$!].*", text) else MARK


def _openrouter(values: OpenRouterSettings, name: str) -> object:
    match name:
        case "referer" | "title":
            return getattr(values, name) or "off"
        case "models":
            return values.models or None
    return values.routing.get(name)


def _shown(value: object) -> str | float | None:
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, tuple):
        return redact(",".join(value))
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    return text if isinstance(value, Path) else redact(text)
