"""One call of one function of a component, in this process; who calls bounds the time, by an epoch or a kill.

Every call has a world of its own: a new store, a new instance, and nothing of an earlier call in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import wasmtime
from wasmtime.component import Component, Func, FuncType, Instance, ResultType

from agentctl.errors import ToolError
from agentctl.tools.wasm import command
from agentctl.tools.wasm.failures import CallError, explained, usage
from agentctl.tools.wasm.grants import Grants, Limits
from agentctl.tools.wasm.inspection import exports
from agentctl.tools.wasm.linking import World, link
from agentctl.tools.wasm.shadows.refusing import Refusals
from agentctl.tools.wasm.values import abi
from agentctl.tools.wasm.values.accepting import accept_arguments
from agentctl.tools.wasm.values.presenting import present

if TYPE_CHECKING:
    from agentctl.tools.wasm.network import Network

# A component is made of some modules with an instance each, which share one memory as a rule.
_INSTANCES, MEMORIES, _TABLES, _ELEMENTS = 200, 8, 100, 1_000_000
_DESCRIPTORS = "/proc/self/fd" if Path("/proc/self/fd").is_dir() else "/dev/fd"


@dataclass(frozen=True, slots=True)
class Returned:
    """What a call returned, in JSON values, and the fuel that it used."""

    value: Any
    fuel: int


def call(  # noqa: PLR0917 - what is called, with what, and under which terms
    component: Component,
    engine: wasmtime.Engine,
    function: str,
    arguments: Mapping[str, Any],
    grants: Grants,
    limits: Limits,
    *,
    stdout_fd: int,
    stderr_fd: int,
    network: Network | None,
    seed: int,
) -> Returned:
    """Call the function with the arguments; `Limits.timeout` is up to the caller, whose next epoch ends the call.

    So is keeping a component that may write files from making links that lead out of them: `confine.lock` does.
    A `result` that is an error is returned like any value: `{"err": …}`.

    Raises:
        CallError: the arguments are not the function's, an import is denied, or the call did not end well.
    """
    kind = _type(component, engine, function)
    argv = command.argv(arguments) if command.is_command(function) else []
    lowered = [] if argv else accept_arguments(kind.params, arguments)
    _unmoved(grants)
    refusals = Refusals()
    world = World(grants, network, seed, refusals, stdout_fd, stderr_fd)
    with closing(wasmtime.Store(engine)) as store, usage(store, limits) as used, explained(refusals, used):
        _bound(store, limits)
        store.set_wasi(_outside(grants, argv, stdout_fd, stderr_fd))
        instance = link(component, engine, world).instantiate(store, component)
        plain = _invoke(_function(instance, store, function), store, kind, lowered, may_leave=bool(argv))
        return Returned(_presented(kind, plain, limits), used.fuel())


def _type(component: Component, engine: wasmtime.Engine, function: str) -> FuncType:
    """The function's type, if there is such a function and it can be called."""
    kinds = dict(exports.types(component, engine))
    if function not in kinds:
        known = ", ".join(kinds) or "no function at all"
        raise CallError(f"there is no function {function!r}", hint=f"it exports {known}", reason="invalid")
    if abi.is_async(kinds[function]):
        raise CallError(f"{function} is asynchronous, and can't be called", reason="denied")
    return kinds[function]


def _unmoved(grants: Grants) -> None:
    """What was granted must still be there, and not be a link that leads elsewhere by now."""
    for each in grants.files:
        if not each.host.is_dir() or each.host.resolve() != each.host:
            raise CallError(f"{each.host} is not the directory any more that was granted", reason="denied")


def _bound(store: wasmtime.Store, limits: Limits) -> None:
    store.set_fuel(limits.fuel)
    store.set_epoch_deadline(1)
    store.set_limits(limits.memory, _ELEMENTS, _INSTANCES, _TABLES, MEMORIES)


def _outside(grants: Grants, argv: list[str], stdout_fd: int, stderr_fd: int) -> wasmtime.WasiConfig:
    """The world as far as wasmtime's own functions show it; standard input is empty."""
    config = wasmtime.WasiConfig()
    config.argv = argv
    config.env = list(grants.env.items())
    config.stdout_file = f"{_DESCRIPTORS}/{stdout_fd}"
    config.stderr_file = f"{_DESCRIPTORS}/{stderr_fd}"
    for each in grants.files:
        config.preopen_dir(str(each.host), each.guest, each.writable)
    return config


def _invoke(func: Func, store: wasmtime.Store, kind: FuncType, lowered: list[Any], *, may_leave: bool) -> Any:
    try:
        return abi.invoke(func, store, kind, lowered)
    except wasmtime.ExitTrap as left:
        result = kind.result
        if may_leave and left.code == 0 and isinstance(result, ResultType) and result.ok is None:
            return "ok", None  # a command may end so, where another returns
        raise


def _function(instance: Instance, store: wasmtime.Store, function: str) -> Func:
    interface, _, name = function.rpartition("#")
    outer = instance.get_export_index(store, interface) if interface else None
    index = instance.get_export_index(store, name, outer)
    found = None if index is None else instance.get_func(store, index)
    if found is None:
        raise CallError(f"there is no function {function!r}", reason="invalid")
    return found


def _presented(kind: FuncType, plain: Any, limits: Limits) -> Any:
    result_kind = kind.result
    result = None if result_kind is None else present(result_kind, plain)
    size = len(json.dumps(result))
    if size > limits.output:
        what = f"its result has {size} bytes, and may have {limits.output}"
        raise ToolError(what, hint="allow more with --output-limit", reason="output")
    return result
