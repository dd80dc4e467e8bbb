"""Which tools a component offers: what it describes by our interface, or each function that it exports by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from agentctl.errors import ToolError
from agentctl.tools.wasm.added import schemas
from agentctl.tools.wasm.added.manifest import Offer
from agentctl.tools.wasm.command import is_command
from agentctl.tools.wasm.grants import Grants, Limits
from agentctl.tools.wasm.host.client import Host
from agentctl.tools.wasm.inspection.found import Function

INTERFACE = re.compile(r"agentctl:tool/tool@0\.1\.\d+#(describe|call)")
# What a toolchain exports for itself, and forgets to take away: componentize-qjs starts its engine by it.
_LEFTOVERS = {("init", ("shim", "script", "entry-path", "disable-gc"))}

_MOST = 128  # tools of one component
_LONGEST = 1 << 16  # bytes of all that one tool says of itself
_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_FIELDS = {"name", "description", "input-schema"}


async def offers_of(
    path: Path, exports: Iterable[Function], host: Host, limits: Limits | None = None
) -> tuple[Offer, ...]:
    """Return the tools of a component; one that describes them by our interface is asked, without any grant.

    Args:
        path: where the component is.
        exports: what it exports.
        host: what runs it.
        limits: what it may use to describe its tools, but for the length of what it says.

    Raises:
        ToolError: it offers none, or describes them as nobody can read.
    """
    functions = tuple(exports)
    names = describing(functions)
    if names is None:
        found = exported(functions)
        if len(found) > _MOST:
            raise ToolError(f"it exports {len(found)} functions, and not 1 to {_MOST}", reason="invalid")
        if found:
            return found
        raise ToolError("it exports no function that could be a tool", reason="invalid")
    bounds = replace(limits or Limits(), output=Limits().output)
    result = await host.call(path, names[0], {}, Grants(), bounds)
    if result.error is not None:
        raise ToolError(f"it does not describe its tools: {result.error.message}", reason=result.error.code)
    return described(result.result, names[1])


def describing(exports: Iterable[Function]) -> tuple[str, str] | None:
    """The names of `describe` and `call`, if the component exports our interface."""
    found = {match[1]: match[0] for one in exports if (match := INTERFACE.fullmatch(one.name))}
    return (found["describe"], found["call"]) if len(found) == 2 else None  # noqa: PLR2004 - both of them


def exported(exports: Iterable[Function]) -> tuple[Offer, ...]:
    """The tools of a component that does not know us: its root functions, and what a command runs."""
    named = [one for one in exports if ("#" not in one.name or is_command(one.name)) and not _left_over(one)]
    single = len(named) == 1
    return tuple(
        Offer("" if single else one.name.rpartition("#")[2], one.name, one.description, one.parameters) for one in named
    )


def _left_over(one: Function) -> bool:
    return (one.name, tuple(one.parameters.get("properties", ()))) in _LEFTOVERS


def described(specs: Any, call: str) -> tuple[Offer, ...]:
    """The tools that `describe` returned.

    Raises:
        ToolError: a name, or a schema, is none.
    """
    if not isinstance(specs, list) or not all(isinstance(spec, dict) and spec.keys() == _FIELDS for spec in specs):
        raise ToolError("what it describes are no tools", reason="invalid")
    if not 0 < len(specs) <= _MOST:
        raise ToolError(f"the component describes {len(specs)} tools, and not 1 to {_MOST}", reason="invalid")
    offers = tuple(_described(spec, call) for spec in specs)
    if len({offer.name for offer in offers}) < len(offers):
        raise ToolError("the component describes two tools of the same name", reason="invalid")
    return offers


def _described(spec: Mapping[str, Any], call: str) -> Offer:
    if not all(isinstance(text, str) for text in spec.values()):
        raise ToolError("what it describes are no tools", reason="invalid")
    name = spec["name"]
    if not _NAME.fullmatch(name):
        raise ToolError(f"{name[:64]!r}, which the component describes, is no name of a tool", reason="invalid")
    if sum(len(text.encode(errors="replace")) for text in spec.values()) > _LONGEST:
        raise ToolError(f"what the component says of its tool {name} is too long", reason="invalid")
    try:
        schema = schemas.parse(spec["input-schema"])
    except ValueError as error:
        raise ToolError(f"the schema of the tool {name} is none: {error}", reason="invalid") from error
    return Offer(name, call, spec["description"], schema, described=True)
