"""Python classes and functions as what a component imports: objects go in and come out, and no handles are seen."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from typing import Any

from wasmtime import WasmtimeError
from wasmtime import _ffi as ffi
from wasmtime.component import LinkerInstance, ResourceType
from wasmtime.component import _types as types
from wasmtime.component._enter import catch_exceptions
from wasmtime.component._linker import FUNCTIONS, func_finalize

from agentctl.errors import ToolError
from agentctl.tools.wasm.http.handles import Handles
from agentctl.tools.wasm.http.lifting import Lifting
from agentctl.tools.wasm.http.lowering import Lowering
from agentctl.tools.wasm.http.native import check

Run = Callable[[Any, list[Any], Any], None]
"""A host function as C calls it: with the store, its arguments, and where its result goes."""


class Binding:
    """What is defined for one component.

    Args:
        kinds: the Python class of each resource, by its name.
        failed: told why a function ended the call; the trap itself carries no more than the message.
    """

    def __init__(self, kinds: Mapping[str, type], failed: Callable[[ToolError], None]) -> None:
        self._failed = failed
        self._handles = Handles()
        numbers = {kind: number for number, kind in enumerate(kinds.values(), 1)}
        self._numbers = {name: numbers[kind] for name, kind in kinds.items()}
        self._lowering = Lowering(self._handles, numbers)

    def add_resource(self, instance: LinkerInstance, name: str) -> None:
        """Define a resource; an object is told by its `dropped`, if it has that, when its handle is dropped."""
        instance.add_resource(name, ResourceType.host(self._numbers[name]), lambda _, number: self._drop(number))

    def add_function(
        self, instance: LinkerInstance, name: str, type_: types.FuncType, function: Callable[..., Any]
    ) -> None:
        """Define a function of that type. Whatever goes wrong in it ends the call.

        Raises:
            ToolError: it returns what none of our functions does.
        """
        result = type_.result
        try:
            write = None if result is None else self._lowering.writer(result)
        except TypeError as error:
            raise ToolError(f"{name} does not return what it is said to: {error}", reason="denied") from error

        def run(context: Any, arguments: list[Any], into: Any) -> None:
            lifting = Lifting(context, self._handles)
            returned = function(*(lifting.lift(argument) for argument in arguments))
            if write:
                write(context, returned, into)

        _add(instance, name, self._guarded(name, run))

    def add_refusal(self, instance: LinkerInstance, name: str, interface: str) -> None:
        """Define a function that is there and ends the call, as denied."""

        def refuse(*_: object) -> None:
            raise ToolError(
                f"{name} of {interface} is not granted to a component that is granted hosts", reason="denied"
            )

        _add(instance, name, self._guarded(name, refuse))

    def _guarded(self, name: str, run: Run) -> Run:
        """What lets nothing through C but wasmtime's own errors: others would be lost, or kept for a later call."""

        def guarded(context: Any, arguments: list[Any], into: Any) -> None:
            try:
                run(context, arguments, into)
            except WasmtimeError:
                raise
            except BaseException as error:  # noqa: BLE001 - whatever types the component says a function has
                failure = _told(name, error)
                self._failed(failure)
                raise WasmtimeError(failure.message) from None

        return guarded

    def _drop(self, number: int) -> None:
        if dropped := getattr(self._handles.pop(number), "dropped", None):
            dropped()


def _told(name: str, error: BaseException) -> ToolError:
    match error:
        case ToolError():
            return error
        case MemoryError():
            return ToolError(f"{name} takes more memory than there is", reason="memory")
        case Exception():
            return ToolError(f"{name} can't be called like that: {error!r}", reason="trap")
        case _:
            return ToolError(f"interrupted: {error!r}")


def _add(instance: LinkerInstance, name: str, run: Run) -> None:
    """`LinkerInstance.add_func`, but for what reads and writes the values."""
    given = name.encode()
    text, number = ctypes.create_string_buffer(given), FUNCTIONS.allocate(run)
    add = ffi.wasmtime_component_linker_instance_add_func
    check(add(instance.ptr(), text, len(given), _entry, number, func_finalize))


@ffi.wasmtime_component_func_callback_t  # type: ignore[untyped-decorator]
def _entry(number: int, context: Any, _type: Any, *rest: Any) -> Any:
    arguments, count, results, wanted = rest
    given = [arguments[index] for index in range(count)]
    into = results[0] if wanted else None
    return catch_exceptions(context, lambda _: FUNCTIONS.get(number)(context, given, into))
