"""Define in a linker what a component imports: exactly that, in exactly its version, or nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from wasmtime import Engine
from wasmtime.component import Component, Linker, LinkerInstance, ResourceType
from wasmtime.component import _types as types

from agentctl.errors import ToolError
from agentctl.tools.wasm.http.binding import Binding
from agentctl.tools.wasm.http.world import World
from agentctl.tools.wasm.network import Network

_IMPORT = re.compile(r"(?P<interface>[^@]+)(?:@(?P<version>.*))?")
_WASI = re.compile(r"0\.2\.(?:0|[1-9][0-9]*)")
_OURS = re.compile(r"0\.1\.(?:0|[1-9][0-9]*)")


def define(
    linker: Linker,
    component: Component,
    engine: Engine,
    network: Network,
    *,
    stdout_fd: int = 1,
    stderr_fd: int = 2,
    now: Callable[[], int] = lambda: 0,
    failed: Callable[[ToolError], None] = lambda _: None,
) -> frozenset[str]:
    """Define what of wasi:http and its company a component imports; return the names of these imports.

    What is defined already under such a name is shadowed as a whole, if the linker allows that. Imports that are not
    among the interfaces of `World` are left to somebody else.

    Args:
        linker: where it is defined.
        component: what it is defined for: its imports tell the versions and the functions.
        engine: the component's.
        network: where its requests go.
        stdout_fd: the descriptor of its standard output.
        stderr_fd: and of its standard error.
        now: what its monotonic clock shows, in ns; it stands still if nothing is said.
        failed: told why, before a function of these ends the call with a trap, which has only the message.

    Raises:
        ToolError: it imports a version, a resource or a function that is not known here.
    """
    world = World(network, stdout_fd, stderr_fd, now)
    binding = Binding(world.kinds, failed)
    defined = set()
    with linker.root() as root:
        for name, extern in component.type.imports(engine).items():
            interface = _interface(name)
            if interface in World.interfaces:
                exports = extern.ty
                if not isinstance(exports, types.ComponentInstanceType):
                    raise ToolError(f"the import {name} is no interface", reason="denied")
                with root.add_instance(name) as instance:
                    _fill(binding, world, instance, interface, {n: e.ty for n, e in exports.exports(engine).items()})
                defined.add(name)
    return frozenset(defined)


def _interface(name: str) -> str:
    """The name of an interface that we know, without its version; of any other it does not matter."""
    found = _IMPORT.fullmatch(name)
    interface, version = (found["interface"], found["version"] or "") if found else (name, "")
    if interface in World.interfaces and not (_OURS if interface.startswith("agentctl:") else _WASI).fullmatch(version):
        raise ToolError(f"the version of {name} is not known", reason="denied")
    return interface


def _fill(
    binding: Binding, world: World, instance: LinkerInstance, interface: str, items: Mapping[str, types.ComponentItem]
) -> None:
    for name, item in items.items():
        if isinstance(item, ResourceType):
            if name not in world.kinds:
                raise ToolError(f"the resource {name} of {interface} is not known", reason="denied")
            binding.add_resource(instance, name)
        elif isinstance(item, types.FuncType):
            function = world.function(interface, name)
            if function is None and world.refuses(interface, name):
                binding.add_refusal(instance, name, interface)
            elif function is None:
                raise ToolError(f"the function {name} of {interface} is not known", reason="denied")
            else:
                binding.add_function(instance, name, item, function)
        elif not isinstance(item, types.ValType):
            raise ToolError(f"{interface} has {name}, which is no function or type", reason="denied")
