"""How a call ends: with a value and what it cost, or with the reason why not."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from support.wasi_guest import guest
from support.wasm import compiled, engine, returned
from support.wat import Host, component
from wasmtime import WasmtimeError
from wasmtime.component import Component

from agentctl.errors import ToolError
from agentctl.tools.wasm.failures import CallError
from agentctl.tools.wasm.grants import Grants, Limits, Preopen
from agentctl.tools.wasm.seeds import default_seed

FUEL = Limits(fuel=1_000_000, memory=4 << 20, output=1000)

_ENDINGS = component(
    "",
    (),
    """
    (func (export "loop") (loop $again (br $again)))
    (func $down (export "recurse") (call $down))
    (func (export "unreachable") (unreachable))
    (func (export "divide") (result i32) (i32.div_u (i32.const 1) (i32.const 0)))
    (func (export "outside") (result i32) (i32.load (i32.const 0x7fffffff)))
    (func (export "grow")
      (loop $again
        (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
      (unreachable))
    (func (export "long") (result i32)
      (drop (memory.grow (i32.const 1)))
      (memory.fill (i32.const 0) (i32.const 97) (i32.const 2000))
      (i32.store (i32.const 4096) (i32.const 0)) (i32.store (i32.const 4100) (i32.const 999))
      (i32.const 4096))
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
""",
    [
        *((name, "") for name in ("loop", "recurse", "unreachable", "grow")),
        *((name, "(result u32)") for name in ("divide", "outside")),
        ("long", "(result string)"),
        ("add", '(param "a" u32) (param "b" u32) (result u32)'),
    ],
)


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        ("loop", "fuel"),
        ("recurse", "trap"),
        ("unreachable", "trap"),
        ("divide", "trap"),
        ("outside", "trap"),
        ("grow", "memory"),
        ("long", "output"),
        ("nothing", "invalid"),
    ],
)
def test_each_failure_has_its_reason(function: str, reason: str) -> None:
    """A guest can use up what it has, break or say too much, and each is told apart."""
    with pytest.raises(ToolError) as caught:
        returned(_ENDINGS, function, limits=FUEL)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("function", "hint"), [("long", "allow more with --output-limit"), ("flood", None)], ids=["ours", "wasmtime's"]
)
def test_more_output_is_advised_only_where_it_helps(function: str, hint: str | None) -> None:
    """A result that no limit of ours would let through is too much output too, and not a lack of memory."""
    body = """
    (func (export "long") (result i32)
      (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 2000)) (i32.const 0))
    (func (export "flood") (result i32)
      (drop (memory.grow (i32.const 3000)))
      (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 190000000)) (i32.const 0))"""
    text = component("", (), body, [(name, "(result (list u8))") for name in ("long", "flood")])
    with pytest.raises(ToolError) as caught:
        returned(text, function, limits=Limits(memory=256 << 20, output=1000))
    assert (caught.value.reason, caught.value.hint) == ("output", hint)


def test_a_guest_does_not_choose_its_reason() -> None:
    """The names of functions in a trap's trace are the guest's, and count for nothing."""
    body = '(func $f (export "f") (call $liar)) (func $liar (@name "all fuel consumed") (unreachable))'
    with pytest.raises(ToolError) as caught:
        returned(component("", (), body, [("f", "")]), "f")
    assert caught.value.reason == "trap"


def test_a_call_costs_the_same_each_time() -> None:
    """Fuel is counted exactly, for a call that ends well and for one that traps."""
    costs = {returned(_ENDINGS, "add", {"a": 1, "b": 2}).fuel for _ in range(5)}
    assert len(costs) == 1
    assert costs.pop() > 0
    failed: set[int] = set()
    for _ in range(3):
        with pytest.raises(CallError) as caught:
            returned(_ENDINGS, "unreachable")
        failed.add(caught.value.fuel)
    assert len(failed) == 1


def test_who_runs_out_of_fuel_has_used_it_all() -> None:
    """The fuel of a call that ran out of it is all that it was given."""
    with pytest.raises(CallError) as caught:
        returned(_ENDINGS, "loop", limits=FUEL)
    assert caught.value.fuel == FUEL.fuel


def test_the_next_epoch_ends_a_call() -> None:
    """Whoever bounds the time increments the engine's epoch, once."""
    compiled(_ENDINGS)
    timer = threading.Timer(0.2, engine().increment_epoch)
    timer.start()
    with pytest.raises(CallError) as caught:
        returned(_ENDINGS, "loop", limits=Limits(fuel=5_000_000_000))  # some seconds, if it does not
    timer.join()
    assert caught.value.reason == "timeout"


def test_a_call_after_a_failure_is_as_if_there_had_been_none() -> None:
    """Each call has an instance of its own."""
    for function in ("recurse", "loop", "grow"):
        with pytest.raises(ToolError):
            returned(_ENDINGS, function, limits=FUEL)
        assert returned(_ENDINGS, "add", {"a": 1, "b": 2}).value == 3


def test_a_memory_that_grows_often_is_seldom_moved() -> None:
    """Growing to 192 MB by a megabyte at a time takes about as long as at once, and not a hundred times as long."""
    body = """
    (func (export "fill") (param $step i32)
      (local $at i32)
      (loop $again
        (if (i32.eq (memory.grow (local.get $step)) (i32.const -1)) (then (unreachable)))
        (memory.fill (local.get $at) (i32.const 1) (i32.shl (local.get $step) (i32.const 16)))
        (local.set $at (i32.add (local.get $at) (i32.shl (local.get $step) (i32.const 16))))
        (br_if $again (i32.lt_u (local.get $at) (i32.const 0xC000000)))))"""
    text = component("", (), body, [("fill", '(param "step" u32)')])
    seconds = {}
    for step in (3072, 16):
        started = time.monotonic()
        returned(text, "fill", {"step": step}, limits=Limits())
        seconds[step] = time.monotonic() - started
    assert seconds[16] < 15 * seconds[3072]


@pytest.mark.parametrize("count", [9, 100])
def test_many_memories_are_too_many(count: int) -> None:
    """The limit is of each memory, so their number is limited too."""
    modules = "(core module $m (memory 1))" + "(core instance (instantiate $m))" * count
    text = f"""(component {modules} (core module $n (func (export "f"))) (core instance $n (instantiate $n))
      (func (export "f") (canon lift (core func $n "f"))))"""
    with pytest.raises(ToolError) as caught:
        returned(text, "f")
    assert caught.value.reason == "memory"


def test_a_memory_that_begins_too_large_is_refused() -> None:
    """A component that declares more than it may have does not begin."""
    text = """(component (core module $m (memory 1000) (func (export "f"))) (core instance $m (instantiate $m))
      (func (export "f") (canon lift (core func $m "f"))))"""
    with pytest.raises(ToolError) as caught:
        returned(text, "f", limits=FUEL)
    assert caught.value.reason == "memory"


@pytest.mark.parametrize("kind", ["shared", "gc"])
def test_memory_that_no_limit_holds_for_does_not_compile(kind: str) -> None:
    """Shared memories and garbage collected objects are off."""
    module = {"shared": "(memory 1 2 shared)", "gc": "(type (struct (field i32)))"}[kind]
    with pytest.raises(WasmtimeError):
        Component(engine(), f"(component (core module {module}))")


@pytest.mark.parametrize("status", ["ok", "err"])
def test_leaving_is_no_return(status: str) -> None:
    """A function that exits in the middle returned nothing, whatever the status says."""
    with pytest.raises(ToolError, match=f"exit status {int(status == 'err')}") as caught:
        returned(guest(), "exit", {"status": {status: None}})
    assert caught.value.reason == "trap"


@pytest.mark.parametrize("kind", ["(result (result))", "(result (result (error u8)))"])
def test_only_a_command_returns_by_leaving(kind: str) -> None:
    """A function that could return a success without a value has not done so when it exits with 0."""
    imports = '(import "wasi:cli/exit@0.2.0" (instance $exit (export "exit" (func (param "status" (result))))))'
    body = '(func (export "leave") (result i32) (call $exit (i32.const 0)) (i32.const 0))'
    text = component(imports, (Host("exit", "$exit", "exit", "(param i32)"),), body, [("leave", kind)])
    with pytest.raises(ToolError, match="exit status 0") as caught:
        returned(text, "leave")
    assert caught.value.reason == "trap"


def test_denied_names_what_was_used_and_the_way_out() -> None:
    """Who uses HTTP without a grant is told which, and what to allow."""
    with pytest.raises(ToolError, match="wasi:http/types") as caught:
        returned(guest(), "http-request")
    assert caught.value.hint == "allow the host with --allow net:HOST"


def test_the_seed_decides_what_is_random() -> None:
    """The same seed draws the same numbers and uses the same fuel; another draws others."""
    first, again, other = (returned(guest(), "random", {"length": 32}, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.value != other.value


def test_drawing_again_draws_others() -> None:
    """The words of a pair, drawn one after the other, differ."""
    one, two = returned(guest(), "insecure-seed").value
    assert one != two


def test_drawing_too_much_at_once_is_refused() -> None:
    """Random bytes are made by the host, out of reach of the component's limits."""
    with pytest.raises(ToolError, match="random bytes") as caught:
        returned(guest(), "random", {"length": 1 << 40})
    assert caught.value.reason == "denied"


def test_the_default_seed_is_of_the_whole_call() -> None:
    """Component, function and arguments all count, the order of names does not."""
    seed = default_seed("d", "f", {"a": 1, "b": [2]})
    assert seed == default_seed("d", "f", {"b": [2], "a": 1})
    others = [("e", "f", {"a": 1, "b": [2]}), ("d", "g", {"a": 1, "b": [2]}), ("d", "f", {"a": 1, "b": [3]})]
    assert seed not in {default_seed(*other) for other in others}


_COMMAND = """(component
  (import "wasi:cli/environment@0.2.3" (instance $environment (export "get-arguments" (func (result (list string))))))
  (import "wasi:cli/exit@0.2.3" (instance $exit (export "exit" (func (param "status" (result))))))
  (core module $libc (memory (export "memory") 1) (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $next)
      (global.set $next (i32.add (global.get $next) (i32.and (i32.add (local.get 3) (i32.const 7)) (i32.const -8))))))
  (core instance $libc (instantiate $libc))
  (core func $arguments (canon lower (func $environment "get-arguments") (memory (core memory $libc "memory"))
    (realloc (core func $libc "realloc"))))
  (core func $exit (canon lower (func $exit "exit")))
  (core module $main (import "h" "arguments" (func $arguments (param i32))) (import "h" "exit" (func $exit (param i32)))
    (import "libc" "memory" (memory 1))
    (func (export "run") (result i32)
      (call $arguments (i32.const 0))
      (if (i32.eq (i32.load (i32.const 4)) (i32.const 2)) (then (call $exit (i32.const 0))))
      (i32.ne (i32.load (i32.const 4)) (i32.const 3))))
  (core instance $main (instantiate $main (with "libc" (instance $libc))
    (with "h" (instance (export "arguments" (func $arguments)) (export "exit" (func $exit))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $out (export "run" (func $run)))
  (export "wasi:cli/run@0.2.3" (instance $out)))"""


@pytest.mark.parametrize(
    ("arguments", "value"),
    [(["a", "b"], {"ok": None}), (["a"], {"ok": None}), ([], {"err": None})],
    ids=["returned", "exited with 0", "failed"],
)
def test_a_command_gets_its_arguments(arguments: list[str], value: object) -> None:
    """`wasi:cli/run` is called with arguments, and may end by returning or by exiting with 0."""
    assert returned(_COMMAND, "wasi:cli/run@0.2.3#run", {"arguments": arguments}).value == value


@pytest.mark.parametrize("wrong", [{"args": []}, {"arguments": "a b"}, {"arguments": [1]}, {"arguments": ["a\0b"]}])
def test_a_command_takes_only_an_array_of_strings(wrong: dict[str, object]) -> None:
    """Anything else is refused before it runs."""
    with pytest.raises(ToolError) as caught:
        returned(_COMMAND, "wasi:cli/run@0.2.3#run", wrong)
    assert caught.value.reason == "invalid"


def test_a_missing_directory_is_refused(tmp_path: Path) -> None:
    """A grant for what is not there any more is no reason to run without it."""
    grants = Grants(files=(Preopen(tmp_path / "gone", "/gone"),))
    with pytest.raises(ToolError, match="not the directory"):
        returned(guest(), "wall", grants=grants)
