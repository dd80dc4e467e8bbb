"""Puts the layers together: flag > environment > project > user > system > default."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from agentctl.errors import ConfigError, UsageError
from agentctl.paths import data_dir, state_dir
from agentctl.redact import redact, register
from agentctl.settings import files, kinds, table
from agentctl.settings.values import (
    BudgetSettings,
    LogSettings,
    McpServer,
    ModelOverride,
    OpenRouterSettings,
    Origin,
    RoutingSettings,
    Server,
    Settings,
    ToolSettings,
)

_LONGEST_SHOWN = 10**100  # Python itself refuses to print the digits of a much larger number


class _Setting(NamedTuple):
    value: Any
    origin: Origin


_Found = dict[table.Path, _Setting]


def load(
    *,
    environ: Mapping[str, str] = os.environ,
    cwd: Path | None = None,
    flags: Mapping[str, object] = MappingProxyType({}),
) -> Settings:
    """Read every layer and return what holds.

    A project that is not trusted sets its open keys only, and no alias that the user has; the rest of what it says is
    in `ignored`. Keys written out in a file are registered for redaction.

    Args:
        environ: the environment; an empty variable counts as unset.
        cwd: where to look for a project from; the working directory if None.
        flags: what the command line says, by key; None says nothing.

    Raises:
        ConfigError: a file can't be read, a key is unknown, or a value is not what its key takes.
        UsageError: a flag's value is not what its key takes.
    """
    found: _Found = {}
    ignored: list[str] = []
    project = None
    for place in files.locations(environ, cwd):
        content = files.read(place.path)
        if content is None:
            continue
        values = files.parse(place.path, content)
        if place.origin == "project":
            project = place.path.parent.parent
            refused = _refused(values, found, place.path, content, environ)
            ignored = [table.dotted(path) for path in refused]
            values = {path: value for path, value in values.items() if path not in refused}
        found |= {path: _Setting(check(path, value, str(place.path)), place.origin) for path, value in values.items()}
    found |= dict(_from_environment(environ))
    found |= dict(_from_flags(flags))
    return _assemble(found, environ, project, tuple(ignored))


def check(path: table.Path, value: object, source: str) -> Any:
    """The value as its key takes it; `source` says in errors where it stands.

    Raises:
        ConfigError: there is no such key, or it takes something else.
    """
    key = files.check_name(path, source)
    if key.kind.secret or isinstance(value, dict):
        _register(value)
    try:
        return key.kind.parse(value)
    except ValueError as error:
        hidden = key.kind.secret or key.kind is kinds.DATABASE
        shown = f"of type {type(value).__name__}" if hidden else _shown(value)
        raise ConfigError(f"{source}: {table.dotted(path)} is {shown}", hint=f"it takes {error}") from error


def _register(value: object) -> None:
    """Keep a key that is written out from being shown; of a table, those that look like keys by their names."""
    if isinstance(value, str) and not value.startswith(("$", "!")):
        register(value)
    for name, text in value.items() if isinstance(value, dict) else ():
        if re.search("auth|cookie|credential|key|passw|secret|token", name, re.IGNORECASE):
            _register(re.sub(r"^[A-Za-z]+ ", "", text) if isinstance(text, str) else None)  # without its scheme


def _shown(value: object) -> str:
    short = isinstance(value, str | float) or (isinstance(value, int) and abs(value) < _LONGEST_SHOWN)
    return redact(repr(value))[:100] if short else f"of type {type(value).__name__}"


def _refused(
    values: Mapping[table.Path, object], found: _Found, path: Path, content: bytes, environ: Mapping[str, str]
) -> list[table.Path]:
    # An alias that the user has keeps its meaning: a stranger's project can't send the talk to another provider by it.
    closed = [key for key in values if not files.check_name(key, str(path)).open or (len(key) > 1 and key in found)]
    if not closed:
        return closed
    from agentctl.settings import trust  # noqa: PLC0415 - hashlib and json, for projects alone

    return [] if trust.is_trusted(path, content, environ) else closed


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[table.Path, _Setting]]:
    for key in table.KEYS:
        name = next((variable for variable in key.variables if environ.get(variable)), None)
        if name:
            yield key.path, _Setting(check(key.path, key.kind.from_text(environ[name]), name), "env")


def _from_flags(flags: Mapping[str, object]) -> Iterator[tuple[table.Path, _Setting]]:
    for name, value in flags.items():
        if value is not None:
            path = table.split(name)
            try:
                yield path, _Setting(check(path, value, "the command line"), "flag")
            except ConfigError as error:
                raise UsageError(error.message, hint=error.hint) from error


def _assemble(found: _Found, environ: Mapping[str, str], project: Path | None, ignored: tuple[str, ...]) -> Settings:
    defaults: dict[table.Path, Any] = {
        ("database",): f"sqlite:///{files.directory(data_dir, environ) / 'agentctl.db'}",
        ("timeout",): 300.0,
        ("openrouter", "referer"): "https://pypi.org/project/agentctl/",
        ("openrouter", "title"): "agentctl",
        ("budget", "wait"): 30.0,
        ("cache",): True,
        ("tools", "timeout"): 600.0,
        ("tools", "max_result"): 40_000,
        ("tools", "max_turns"): 50,
        ("routing", "explore"): 0.0,
        ("routing", "guard"): True,
        ("log", "dir"): files.directory(state_dir, environ),
    }
    holds = {key.path: _Setting(defaults.get(key.path), "default") for key in table.KEYS if not key.named} | found
    log, budget, tools, routing = (
        {
            path[1]: setting.value
            for path, setting in holds.items()
            if path[:-1] == (group,) and setting.value is not None
        }
        for group in ("log", "budget", "tools", "routing")
    )
    variants = {path[2]: setting.value for path, setting in found.items() if path[:2] == ("routing", "variants")}
    return Settings(
        model=holds["model",].value,
        database=holds["database",].value,
        base_url=holds["base_url",].value,
        base_url_origin=holds["base_url",].origin,
        tag=holds["tag",].value,
        timeout=holds["timeout",].value,
        aliases=MappingProxyType({path[1]: setting.value for path, setting in found.items() if path[0] == "aliases"}),
        servers=MappingProxyType({name: _server(name, found) for name in _names("servers", found)}),
        models=MappingProxyType({name: _override(name, found) for name in _names("models", found)}),
        mcp=MappingProxyType({name: _mcp(name, found, project) for name in _names("mcp", found)}),
        openrouter=_openrouter({path[1:]: setting.value for path, setting in holds.items() if path[0] == "openrouter"}),
        budget=BudgetSettings(**budget),
        cache=holds["cache",].value,
        compact=holds["compact",].value,
        tools=ToolSettings(**tools),
        routing=RoutingSettings(**routing, variants=MappingProxyType(variants)),
        log=LogSettings(**log),
        project=project,
        origins=MappingProxyType({table.dotted(path): setting.origin for path, setting in holds.items()}),
        ignored=ignored,
    )


def _names(table_name: str, found: _Found) -> list[str]:
    return list(dict.fromkeys(path[1] for path in found if path[0] == table_name))


def _server(name: str, found: _Found) -> Server:
    base_url, key, api = (found.get(("servers", name, part)) for part in ("base_url", "key", "api"))
    if base_url and key and base_url.origin == "project" != key.origin:
        key = None  # a project that moves a server does not get the user's key to it
    return Server(
        name,
        base_url.value if base_url else None,
        key.value if key else None,
        base_url.origin if base_url else "default",
        api.value if api else None,
    )


def _mcp(name: str, found: _Found, project: Path | None) -> McpServer:
    given = {path[2]: setting for path, setting in found.items() if path[:2] == ("mcp", name)}
    theirs = {part for part in ("command", "url") if part in given and given[part].origin == "project"}
    for part in ("env", "headers"):
        if theirs and part in given and given[part].origin != "project":
            del given[part]  # a project that names another server does not get the user's secrets to it
    values = {part: setting.value for part, setting in given.items()}
    return McpServer(name, **values, project=project if "command" in theirs else None)


def _override(name: str, found: _Found) -> ModelOverride:
    return ModelOverride(**{path[2]: setting.value for path, setting in found.items() if path[:2] == ("models", name)})


def _openrouter(values: dict[table.Path, Any]) -> OpenRouterSettings:
    referer, title, models = (values.pop((name,)) for name in ("referer", "title", "models"))
    routing = {".".join(path): value for path, value in values.items() if value is not None}
    return OpenRouterSettings(referer, title, models or (), MappingProxyType(routing))
