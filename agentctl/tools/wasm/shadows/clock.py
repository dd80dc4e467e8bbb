"""A clock that stands still, and jumps when it is waited for: the same on every run, and never late.

It starts at the beginning of the year 2000. Waiting for a moment sets it to that moment and is over at once, so that a
component that sleeps goes on, and finds the time gone by that it slept.

Source: https://github.com/WebAssembly/wasi-clocks/tree/v0.2.0
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import wasmtime
from wasmtime.component import Component, Linker, Record, ResourceAny

from agentctl.tools.wasm.shadows.refusing import Host, Storelike

START = 946_684_800  # seconds: 2000-01-01T00:00:00Z
_SECOND = 1_000_000_000
_LATEST = (1 << 64) - 1

# A pollable belongs to wasmtime, so one that is ready is had from wasmtime: waiting 0 ns on its own clock.
_READY = """(component
  (import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type (sub resource)))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $outer)) (export "pollable" (type $inner (eq $outer)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $inner))))))
  (core func $subscribe (canon lower (func $clock "subscribe-duration")))
  (core module $zero
    (import "clock" "subscribe" (func $subscribe (param i64) (result i32)))
    (func (export "ready") (result i32) (call $subscribe (i64.const 0))))
  (core instance $made (instantiate $zero (with "clock" (instance (export "subscribe" (func $subscribe))))))
  (func (export "ready") (result (own $pollable)) (canon lift (core func $made "ready"))))"""
_COMPILED: WeakKeyDictionary[wasmtime.Engine, Component] = WeakKeyDictionary()


@dataclass(slots=True)
class FrozenClock:
    """The time of one call, in nanoseconds since it began."""

    engine: wasmtime.Engine
    elapsed: int = 0

    def functions(self, interface: str) -> Mapping[str, Host]:
        """The functions of an interface of wasi:clocks."""
        if interface == "wasi:clocks/wall-clock":
            return {"now": self.wall, "resolution": lambda _: _datetime(_SECOND)}
        return {
            "now": lambda _: self.elapsed,
            "resolution": lambda _: _SECOND,
            "subscribe-duration": lambda store, duration: self.wait(store, self.elapsed + duration),
            "subscribe-instant": self.wait,
        }

    def wall(self, _: Storelike) -> Record:
        """The date and time."""
        return _datetime(START * _SECOND + self.elapsed)

    def wait(self, store: Storelike, until: int) -> ResourceAny:
        """Let the time until then go by, and return a pollable that is ready."""
        self.elapsed = min(max(self.elapsed, until), _LATEST)
        return _ready(store, self.engine)


def prepare(engine: wasmtime.Engine) -> Component:
    """Compile what a wait needs, if it is not yet; done ahead, it costs no call 5 ms."""
    if engine not in _COMPILED:
        _COMPILED[engine] = Component(engine, _READY)
    return _COMPILED[engine]


def _ready(store: Storelike, engine: wasmtime.Engine) -> ResourceAny:
    linker = Linker(engine)
    linker.add_wasip2()
    instance = linker.instantiate(store, prepare(engine))
    function = instance.get_func(store, "ready")
    ready: Any = function(store) if function else None
    if not isinstance(ready, ResourceAny):
        raise TypeError(ready)
    return ready


def _datetime(nanoseconds: int) -> Record:
    made = Record()
    seconds, rest = divmod(nanoseconds, _SECOND)
    vars(made).update(seconds=seconds, nanoseconds=rest)
    return made
