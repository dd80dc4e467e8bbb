"""Whatever version of WASI 0.2 a component imports, what is not granted is virtual or refused."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
from support.wasi_guest import guest
from support.wasm import compiled, decoded, engine, run
from support.wat import Host, component
from wasmtime import Store, WasiConfig, WasmtimeError
from wasmtime.component import Linker

from agentctl.errors import ToolError
from agentctl.tools.wasm.engine import make_engine

START_OF_2000 = 946_684_800
DENIED = bytes([1, 0, 0, 0, 1])  # an error, and of wasi:sockets/network the code `access-denied`

FULL = [f"0.2.{patch}" for patch in range(100)]
SOME = [f"0.2.{patch}" for patch in (*range(14), 20, 99)]
TRIED = FULL if os.environ.get("AGENTCTL_TEST_FULL") else SOME


def _links(version: str) -> bool:
    """Whether wasmtime's own definitions, without any of ours, satisfy a component that imports this version."""
    linker = Linker(engine())
    linker.add_wasip2()
    linker.add_wasi_http()
    component = compiled(_WITHOUT_HTTP.replace("VERSION", version))
    with Store(engine()) as store:
        store.set_fuel(1_000_000)
        store.set_epoch_deadline(1)
        store.set_wasi(WasiConfig())
        try:
            linker.instantiate(store, component)
        except WasmtimeError:
            return False
    return True


_WITHOUT_HTTP = """(component
  (import "wasi:random/random@VERSION" (instance (export "get-random-u64" (func (result u64)))))
  (import "wasi:clocks/monotonic-clock@VERSION" (instance (export "now" (func (result u64))))))"""


def _accepted() -> Iterator[str]:
    yield from (version for version in TRIED if _links(version))


ACCEPTED = list(_accepted())


def test_wasmtime_accepts_every_version_tried() -> None:
    """The matrix is not empty because a probe broke: wasmtime takes any 0.2.x for its own 0.2."""
    assert ACCEPTED == TRIED


@pytest.mark.parametrize("version", ACCEPTED)
def test_nothing_real_is_found_ungranted(version: str) -> None:
    """Clocks stand still, random numbers repeat, there are no files, and sockets and HTTP are refused."""
    text = guest(version)
    assert run(text, "wall") == START_OF_2000
    assert [run(text, "mono") for _ in range(2)] == [0, 0]
    assert run(text, "sleep", nanoseconds=3_600_000_000_000) == 3_600_000_000_000
    assert run(text, "wake", nanoseconds=5_000_000_000) == START_OF_2000 + 5
    drawn = {name: [run(text, name) for _ in range(2)] for name in ("random-word", "insecure-word", "insecure-seed")}
    drawn |= {name: [run(text, name, length=16) for _ in range(2)] for name in ("random", "insecure")}
    assert all(first == second for first, second in drawn.values())
    assert len({str(first) for first, _ in drawn.values()}) == len(drawn)
    assert run(text, "count-directories") == 0
    assert decoded(run(text, "tcp", family=0))[:5] == DENIED
    assert decoded(run(text, "udp", family=1))[:5] == DENIED
    assert decoded(run(text, "resolve", name="localhost"))[:5] == DENIED
    for function in ("http-fields", "http-options", "http-request"):
        with pytest.raises(ToolError) as caught:
            run(text, function)
        assert caught.value.reason == "denied"


@pytest.mark.parametrize("version", ["0.2.0", "0.2.9"])
def test_what_is_granted_is_real(version: str) -> None:
    """The same guest sees the real time and real random numbers once they are granted."""
    text = guest(version)
    assert abs(run(text, "wall", ["clock"]) - time.time()) < 5
    assert run(text, "mono", ["clock"]) != run(text, "mono", ["clock"])
    assert 1_000_000 <= run(text, "sleep", ["clock"], nanoseconds=1_000_000) < 10_000_000_000
    for function in ("random-word", "insecure-word", "insecure-seed"):
        assert run(text, function, ["random"]) != run(text, function, ["random"])


@pytest.mark.parametrize("clock", ["0.2.1 0.2.7", "0.2.7 0.2.1"])
def test_two_versions_in_one_component_are_both_frozen(clock: str) -> None:
    """A component that imports an interface twice finds the same frozen time in both."""
    first, second = clock.split()
    text = _TWO_CLOCKS.replace("FIRST", first).replace("SECOND", second)
    assert [run(text, "first"), run(text, "second")] == [0, 0]
    assert run(text, "first", ["clock"]) > 0


_TWO_CLOCKS = """(component
  (import "wasi:clocks/monotonic-clock@FIRST" (instance $one (export "now" (func (result u64)))))
  (import "wasi:clocks/monotonic-clock@SECOND" (instance $two (export "now" (func (result u64)))))
  (core func $one (canon lower (func $one "now")))
  (core func $two (canon lower (func $two "now")))
  (core module $m (import "h" "one" (func $one (result i64))) (import "h" "two" (func $two (result i64)))
    (func (export "one") (result i64) (call $one)) (func (export "two") (result i64) (call $two)))
  (core instance $m (instantiate $m (with "h" (instance (export "one" (func $one)) (export "two" (func $two))))))
  (func (export "first") (result u64) (canon lift (core func $m "one")))
  (func (export "second") (result u64) (canon lift (core func $m "two"))))"""

_FOREIGN = [
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/monotonic-clock@0.1.0",
    "wasi:clocks/monotonic-clock@0.3.0",
    "wasi:clocks/monotonic-clock@0.2.0-rc-2023-12-05",
    "wasi:clocks/monotonic-clock@0.2.1+build",
    "wasi:clocks/timezone@0.2.0",
    "wasi:clocks/elsewhere@0.2.0",
    "wasi:config/store@0.2.0",
    "evil:clocks/monotonic-clock@0.2.0",
    "clock",
]


@pytest.mark.parametrize("name", _FOREIGN)
def test_an_import_without_a_rule_is_refused(name: str) -> None:
    """Another version than 0.2, another interface or another package does not run, and the message names it."""
    text = f"""(component (import "{name}" (instance $i (export "now" (func (result u64)))))
      (core func $now (canon lower (func $i "now")))
      (core module $m (import "h" "f" (func $f (result i64))) (func (export "f") (result i64) (call $f)))
      (core instance $m (instantiate $m (with "h" (instance (export "f" (func $now))))))
      (func (export "f") (result u64) (canon lift (core func $m "f"))))"""
    with pytest.raises(ToolError, match="no rule") as caught:
        run(text, "f", ["clock"])
    assert caught.value.reason == "denied"
    assert name in caught.value.message


@pytest.mark.parametrize("interface", ["clocks/wall-clock", "clocks/monotonic-clock", "random/random"])
def test_a_function_that_a_known_interface_lacks_is_refused(interface: str) -> None:
    """An interface is replaced as a whole, or the component does not run."""
    text = f"""(component (import "wasi:{interface}@0.2.0" (instance $i (export "more" (func (result u64)))))
      (core module $m (func (export "f"))) (core instance $m (instantiate $m))
      (func (export "f") (canon lift (core func $m "f"))))"""
    with pytest.raises(ToolError, match="more"):
        run(text, "f")


_MISFITS = [
    ("clocks/monotonic-clock", "now", "(result string)", "(param i32)"),
    ("clocks/monotonic-clock", "now", "(result (list u8))", "(param i32)"),
    ("clocks/monotonic-clock", "now", '(param "a" u32)', "(param i32)"),
    ("clocks/monotonic-clock", "subscribe-duration", '(param "a" s64) (result u32)', "(param i64) (result i32)"),
    ("clocks/wall-clock", "now", "(result u64)", "(result i64)"),
    ("random/random", "get-random-bytes", '(param "a" s64) (result (list u8))', "(param i64 i32)"),
    ("random/random", "get-random-bytes", '(param "a" f64) (result (list u8))', "(param f64 i32)"),
    ("random/random", "get-random-bytes", '(param "a" u64) (result (list u16))', "(param i64 i32)"),
    ("random/random", "get-random-u64", "(result u8)", "(result i32)"),
    ("random/insecure-seed", "insecure-seed", "(result (tuple u64 u64 u64))", "(param i32)"),
    ("sockets/tcp-create-socket", "create-tcp-socket", "(result (result (error string)))", "(param i32)"),
    ("sockets/instance-network", "instance-network", "(result u32)", "(result i32)"),
]


@pytest.mark.parametrize(("interface", "name", "kind", "core"), _MISFITS)
def test_a_function_of_another_type_than_wasi_gives_ends_in_a_trap(
    interface: str, name: str, kind: str, core: str
) -> None:
    """The types of imports are the component's to say, and the host survives whatever it says."""
    imports = f'(import "wasi:{interface}@0.2.0" (instance $i (export "{name}" (func {kind}))))'
    zeros = {"i32": "(i32.const 4096)", "i64": "(i64.const -9)", "f64": "(f64.const 3)"}
    passed = " ".join(zeros[each] for each in core.partition("(result")[0].strip("() ").split()[1:])
    drop = "drop" if "(result" in core else ""
    body = f'(func (export "f") (call $host {passed}) {drop})'
    text = component(imports, [Host("host", "$i", name, core)], body, [("f", "")])
    try:
        run(text, "f")
    except ToolError as error:
        refused: str = error.reason
    else:
        refused = "nothing"
    assert refused in {"trap", "denied"} or (name, refused) == ("get-random-u64", "nothing")


@pytest.mark.parametrize("kind", ["func (result u64)", "core module", "type (sub resource)"])
def test_an_import_that_is_no_interface_is_refused(kind: str) -> None:
    """Bare functions, modules and resources are nothing that a host has to give."""
    text = f"""(component (import "thing" ({kind}))
      (core module $m (func (export "f"))) (core instance $m (instantiate $m))
      (func (export "f") (canon lift (core func $m "f"))))"""
    with pytest.raises(ToolError, match="thing"):
        run(text, "f")


def test_an_engine_is_made_the_same_way_twice() -> None:
    """What one engine compiled, another loads."""
    serialized = compiled(guest()).serialize()
    assert type(compiled(guest())).deserialize(make_engine(), serialized)
