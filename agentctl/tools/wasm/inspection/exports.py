"""The functions of a component that can be called: those at its root, and those of the interfaces it exports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import wasmtime
from wasmtime.component import Component, ComponentInstanceType, FuncType

from agentctl.tools.wasm import command
from agentctl.tools.wasm.inspection.found import Function
from agentctl.tools.wasm.values.abi import is_async
from agentctl.tools.wasm.values.schema import UnsupportedTypeError, parameters, schema


@dataclass(frozen=True, slots=True)
class Uncallable:
    """A function that can't be called from here, and why."""

    name: str
    reason: str


def types(component: Component, engine: wasmtime.Engine) -> Iterator[tuple[str, FuncType]]:
    """Each exported function's name and type.

    Raises:
        TypeError: wasmtime's package does not know one of the types.
    """
    for name, extern in component.type.exports(engine).items():
        item = extern.ty
        if isinstance(item, FuncType):
            yield name, item
        elif isinstance(item, ComponentInstanceType):
            for inner, nested in item.exports(engine).items():
                kind = nested.ty
                if isinstance(kind, FuncType):
                    yield f"{name}#{inner}", kind


def read(component: Component, engine: wasmtime.Engine) -> Iterator[Function | Uncallable]:
    """Each exported function, or why it can't be called."""
    for name, kind in types(component, engine):
        if is_async(kind):
            yield Uncallable(name, "it is asynchronous")
            continue
        try:
            params, result = kind.params, kind.result
            described = f"{name}({', '.join(each for each, _ in params)})"
            takes = command.PARAMETERS if command.is_command(name) else parameters(params)
            yield Function(name, described, takes, None if result is None else schema(result))
        except UnsupportedTypeError as error:
            yield Uncallable(name, error.message)
        except TypeError as error:
            yield Uncallable(name, str(error))
