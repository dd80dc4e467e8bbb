"""Joins a component's imports with what it is granted, and with shadows of what it isn't.

wasmtime's definitions of WASI always tell the real time, draw real random numbers and know sockets. A definition of
ours under the very name of an import goes before wasmtime's; under another version of it, it would be passed over
without a word. So the names are taken from the component itself, each interface is replaced as a whole, and a function
that has no replacement ends it all before anything runs.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import wasmtime
from wasmtime.component import Component, Linker, ResourceHost, ResourceType

from agentctl.errors import ToolError
from agentctl.tools.wasm.grants import Grants
from agentctl.tools.wasm.inspection.imports import Import, read
from agentctl.tools.wasm.shadows.clock import FrozenClock
from agentctl.tools.wasm.shadows.random import SeededRandom
from agentctl.tools.wasm.shadows.refusing import Host, Refusals, Storelike, denial

if TYPE_CHECKING:
    from agentctl.tools.wasm.network import Network

_SPLIT = "grant one of them, or call two components: one that fetches, and one that writes"
_FIRST_RESOURCE = 7_000  # numbers of the types of resources that stand for what nobody can have


@dataclass(frozen=True, slots=True)
class World:
    """What one call of a component finds outside of it."""

    grants: Grants
    network: Network | None
    seed: int
    refusals: Refusals
    stdout_fd: int
    stderr_fd: int


def link(component: Component, engine: wasmtime.Engine, world: World) -> Linker:
    """Return a linker in which every import is granted, virtual, empty or refused.

    Raises:
        ToolError: there is no rule for an import, or for a function of it.
    """
    imports = read(component, engine)
    linker = Linker(engine)
    if not imports:
        return linker
    linker.allow_shadowing = True
    linker.add_wasip2()
    clock = FrozenClock(engine)
    _shadow(linker, [each for each in imports if not _granted(each, world)], clock, world)
    if world.network is not None and any(each.capability == "http" and _granted(each, world) for each in imports):
        if world.grants.files and any(each.capability == "files" for each in imports):
            raise ToolError("a component can't have both files and hosts", hint=_SPLIT, reason="denied")
        _define_http(linker, component, engine, world.network, clock, world)
    return linker


def _define_http(  # noqa: PLR0917 - what it is defined in, for what, and from what
    linker: Linker, component: Component, engine: wasmtime.Engine, network: Network, clock: FrozenClock, world: World
) -> None:
    """Put our wasi:http before wasmtime's, with all interfaces that share resources with it."""
    from agentctl.tools.wasm.http import define  # noqa: PLC0415 - only what may use a network needs it

    now = time.monotonic_ns if world.grants.clock else lambda: clock.elapsed
    define(
        linker,
        component,
        engine,
        network,
        stdout_fd=world.stdout_fd,
        stderr_fd=world.stderr_fd,
        now=now,
        failed=world.refusals.note,
    )


def _granted(wanted: Import, world: World) -> bool:
    """Whether an interface is left to wasmtime, whose own is bounded by the grants, or to our wasi:http."""
    match wanted.capability:
        case "clock":
            return world.grants.clock
        case "random":
            return world.grants.random
        case "http":
            return bool(world.grants.hosts) and world.network is not None
        case "sockets":
            return False
        case _:  # files and variables are those granted; the standard streams are the caller's
            return True


def _shadow(linker: Linker, shadowed: Sequence[Import], clock: FrozenClock, world: World) -> None:
    numbers = itertools.count(_FIRST_RESOURCE)
    made: dict[tuple[str, str], int] = {}  # the numbers of types of resources, by version and name
    random = SeededRandom(world.seed, world.refusals)
    with linker.root() as root:
        for each in shadowed:
            made |= {(each.version, name): next(numbers) for name in each.resources}
            match each.capability:
                case "clock":
                    functions: Mapping[str, Host] = clock.functions(each.interface)
                case "random":
                    functions = random.functions(each.interface)
                case _:
                    functions = _refusing(each, made, world.refusals)
            _check(each, functions)
            with root.add_instance(each.name) as instance:
                for name in each.resources:
                    instance.add_resource(name, ResourceType.host(made[each.version, name]), _nothing)
                for name in each.functions:
                    instance.add_func(name, world.refusals.guarded(f"{each.interface}.{name}", functions[name]))


def _check(wanted: Import, functions: Mapping[str, Host]) -> None:
    """Fail closed: nothing of a shadowed interface may be left to whoever else defines it."""
    unknown = [name for name in wanted.functions if name not in functions]
    if wanted.capability in {"clock", "random"}:
        unknown += wanted.resources
    if unknown:
        raise ToolError(f"it imports {unknown[0]} of {wanted.name}, which there is no rule for", reason="denied")


def _refusing(wanted: Import, made: Mapping[tuple[str, str], int], refusals: Refusals) -> Mapping[str, Host]:
    functions: dict[str, Host] = {}
    network = made.get((wanted.version, "network"))
    for name, kind in wanted.functions.items():
        if name == "instance-network" and network is not None:
            functions[name] = partial(_hand_out, network)  # by itself it is of no use
        else:
            functions[name] = denial(wanted.interface, name, wanted.capability, kind, refusals)
    return functions


def _hand_out(number: int, _: Storelike) -> ResourceHost:
    return ResourceHost.own(0, number)


def _nothing(_: wasmtime.StoreContext, __: int) -> None:
    """There is nothing to release."""
