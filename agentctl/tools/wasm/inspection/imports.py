"""What a component imports, and the rule for each interface of it.

An import without a rule here is refused before anything runs: another version than 0.2, another package, or an
interface of WASI that wasmtime may learn tomorrow.

Source: https://github.com/WebAssembly/WASI, the packages of WASI 0.2
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import wasmtime
from wasmtime.component import Component, ComponentInstanceType, FuncType, ResourceType, ValType

from agentctl.errors import ToolError

RULES: dict[str, str] = {
    "agentctl:tool/http": "http",
    "wasi:cli/environment": "env",
    "wasi:cli/exit": "",
    "wasi:cli/stderr": "stdio",
    "wasi:cli/stdin": "stdio",
    "wasi:cli/stdout": "stdio",
    "wasi:cli/terminal-input": "stdio",
    "wasi:cli/terminal-output": "stdio",
    "wasi:cli/terminal-stderr": "stdio",
    "wasi:cli/terminal-stdin": "stdio",
    "wasi:cli/terminal-stdout": "stdio",
    "wasi:clocks/monotonic-clock": "clock",
    "wasi:clocks/wall-clock": "clock",
    "wasi:filesystem/preopens": "files",
    "wasi:filesystem/types": "files",
    "wasi:http/outgoing-handler": "http",
    "wasi:http/types": "http",
    "wasi:io/error": "",
    "wasi:io/poll": "",
    "wasi:io/streams": "",
    "wasi:random/insecure": "random",
    "wasi:random/insecure-seed": "random",
    "wasi:random/random": "random",
    "wasi:sockets/instance-network": "sockets",
    "wasi:sockets/ip-name-lookup": "sockets",
    "wasi:sockets/network": "sockets",
    "wasi:sockets/tcp": "sockets",
    "wasi:sockets/tcp-create-socket": "sockets",
    "wasi:sockets/udp": "sockets",
    "wasi:sockets/udp-create-socket": "sockets",
}
"""The capability that each interface belongs to; none for what touches nothing outside by itself."""

_NAME = re.compile(r"(?P<interface>[a-z0-9-]+:[a-z0-9-]+/[a-z0-9-]+)@(?P<minor>0\.[0-9]+)\.(?:0|[1-9][0-9]{0,5})")
_MINOR = {"wasi": "0.2", "agentctl": "0.1"}  # the only version of each that there are rules for


@dataclass(frozen=True, slots=True)
class Import:
    """One interface that a component imports.

    Args:
        name: just as it is imported, with its version.
        interface: the name without the version.
        capability: what it belongs to; may be empty.
        functions: those of its functions that the component uses, by name.
        resources: the types of resources that it defines, and not those that it takes from another interface.
    """

    name: str
    interface: str
    capability: str
    functions: dict[str, FuncType]
    resources: tuple[str, ...]

    @property
    def version(self) -> str:
        """The version of its package."""
        return self.name.rpartition("@")[2]


def names(component: Component, engine: wasmtime.Engine) -> tuple[str, ...]:
    """The names of all imports, in order; a root-level type is none."""
    items = component.type.imports(engine).items()
    return tuple(name for name, extern in items if not isinstance(extern.ty, ValType))


def read(component: Component, engine: wasmtime.Engine) -> tuple[Import, ...]:
    """Return all that the component imports.

    Raises:
        ToolError: there is no rule for one of them.
    """
    return tuple(_read(component, engine))


def _read(component: Component, engine: wasmtime.Engine) -> Iterator[Import]:
    met: list[ResourceType] = []
    for name, extern in component.type.imports(engine).items():
        item = extern.ty
        if isinstance(item, ValType):
            continue
        interface = _interface(name)
        if not isinstance(item, ComponentInstanceType) or interface not in RULES:
            raise ToolError(f"it imports {name}, which there is no rule for", reason="denied")
        exports = {each: of.ty for each, of in item.exports(engine).items()}
        if odd := [each for each, kind in exports.items() if not isinstance(kind, FuncType | ResourceType | ValType)]:
            raise ToolError(f"it imports {odd[0]} of {name}, which there is no rule for", reason="denied")
        functions = {each: kind for each, kind in exports.items() if isinstance(kind, FuncType)}
        own = []
        for each, kind in exports.items():
            if isinstance(kind, ResourceType) and kind not in met:
                own.append(each)
                met.append(kind)
        yield Import(name, interface, RULES[interface], functions, tuple(own))


def _interface(name: str) -> str:
    """The name of an import without its version; empty if it is of another version than there are rules for."""
    matched = _NAME.fullmatch(name)
    if matched is None or _MINOR.get(name.partition(":")[0]) != matched["minor"]:
        return ""
    return matched["interface"]
