"""How OpenRouter is to route one chat: `--route` and `--fallback` as flags of the settings `openrouter.*`."""

from __future__ import annotations

from collections.abc import Sequence

from agentctl.errors import UsageError
from agentctl.settings import Settings, table

_GROUP = "openrouter"
_NO_ROUTES = frozenset({"models", "referer", "title"})


def flags(routes: Sequence[str], fallbacks: Sequence[str]) -> dict[str, object]:
    """Return the settings that the command line makes.

    Args:
        routes: as `KEY=VALUE`, such as `order=anthropic,google-vertex`.
        fallbacks: models, with or without `openrouter/` before their names.

    Raises:
        UsageError: there is no such key, it is there twice, or there is no value.
    """
    found: dict[str, object] = {}
    for route in routes:
        name, equals, value = route.partition("=")
        key = table.find((_GROUP, *name.split("."))) if name not in _NO_ROUTES else None
        if key is None:
            raise UsageError(f"--route knows no {name!r}", hint=f"it knows {', '.join(_names())}")
        if not (equals and value):
            raise UsageError(f"--route {name} has no value", hint=f"--route {name}=…; it takes {key.kind.name}")
        if table.dotted(key.path) in found:
            raise UsageError(f"--route {name} is given twice", hint=f"a list has commas: --route {name}=a,b")
        found[table.dotted(key.path)] = key.kind.from_text(value)
    if fallbacks:
        found[f"{_GROUP}.models"] = [_bare(model) for model in fallbacks]
    return found


def routers(settings: Settings) -> list[str]:
    """The providers that speak OpenRouter's API."""
    from agentctl.providers.known import KNOWN  # noqa: PLC0415 - only who routes needs it

    apis = {name: one.api for name, one in KNOWN.items()}
    apis |= {name: server.api for name, server in settings.servers.items() if server.api}
    return [name for name, api in apis.items() if api == _GROUP]


def check(found: dict[str, object], model: str, settings: Settings) -> None:
    """See that the flags are for a model that somebody routes.

    Raises:
        UsageError: they are not.
    """
    if found and model.partition("/")[0] not in routers(settings):
        raise UsageError(
            f"--route and --fallback are for OpenRouter, and {model} is not there", hint="-m openrouter/AUTHOR/MODEL"
        )


def _names() -> list[str]:
    """The keys of `--route`, as it takes them."""
    own = (key.path[1:] for key in table.KEYS if key.path[0] == _GROUP)
    return [".".join(path) for path in own if path[0] not in _NO_ROUTES]


def _bare(model: str) -> str:
    """OpenRouter's own name of the model: `openrouter/auto` is one too."""
    return model.removeprefix(f"{_GROUP}/") if model.count("/") > 1 else model
