"""Components without their code: the same to look at, whatever is in them."""

from __future__ import annotations

import contextlib

import pytest
import wasmtime
from hypothesis import given, settings
from hypothesis import strategies as st
from support.components import ARITHMETIC, built
from wasmtime.component import Component

from agentctl.tools.wasm.engine import make_engine
from agentctl.tools.wasm.inspection.hollow import hollow, modules
from agentctl.tools.wasm.inspection.inspector import inspect, inspect_component

PLAIN = bytes(wasmtime.wat2wasm(ARITHMETIC))
NESTED = bytes(
    wasmtime.wat2wasm("""
    (component
      (component $inner
        (core module $m (func (export "f") (result i32) (i32.const 7)))
        (core instance $i (instantiate $m))
        (func (export "seven") (result u32) (canon lift (core func $i "f"))))
      (instance $i (instantiate $inner))
      (export "seven" (func $i "seven")))
    """)
)


@pytest.mark.parametrize("data", [PLAIN, NESTED], ids=["plain", "nested"])
def test_what_is_seen_is_what_is_there(data: bytes) -> None:
    """A component without its code has the same functions and imports as when it is compiled whole."""
    engine = make_engine()
    assert inspect(data) == inspect_component(Component(engine, data), engine)
    assert inspect(data).exports
    assert len(hollow(data)) < len(data)


def test_a_real_component_loses_its_code_and_nothing_else() -> None:
    """Most of QuickJS is code; what is left of it is as valid, and its modules are found in it."""
    data = built("units").read_bytes()
    light = hollow(data)
    assert len(light) < len(data) / 2
    assert len([*modules(memoryview(data))]) == len([*modules(memoryview(light))])
    assert [one.name for one in inspect(light).exports] == [one.name for one in inspect(data).exports]


def test_code_that_is_not_valid_is_refused() -> None:
    """That the code is not compiled does not mean that anything passes for code."""
    broken = PLAIN.replace(b"\x20\x00\x20\x01\x6a\x0b", b"\x20\x00\x20\x01\x6a\x6a")  # adds what is not there, no end
    assert broken != PLAIN
    found = inspect(broken)
    assert (found.kind, found.verdict) == ("component", "refused")
    assert "does not compile" in (found.reason or "")


@settings(max_examples=300)
@given(st.data())
def test_damaged_bytes_raise_nothing_but_a_value_error(data: st.DataObject) -> None:
    """Whatever bytes are changed or missing, and wherever."""
    bytes_ = bytearray(data.draw(st.sampled_from([PLAIN, NESTED])))
    for _ in range(data.draw(st.integers(1, 4))):
        bytes_[data.draw(st.integers(0, len(bytes_) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(bytes_[: data.draw(st.integers(0, len(bytes_)))])
    with contextlib.suppress(ValueError):
        hollow(cut)
    with contextlib.suppress(ValueError):
        assert all(len(module) <= len(cut) for module in modules(memoryview(cut)))
    assert inspect(cut).kind in {"component", "core-preview1", "core", "not-wasm"}
