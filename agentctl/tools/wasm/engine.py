"""The one way that components are compiled and run: what was compiled under another configuration does not load."""

from __future__ import annotations

import wasmtime
from wasmtime import _ffi as ffi

MEMORY_GROWTH = 64 << 20  # bytes of address space kept free behind a memory, so that it seldom moves when it grows


def make_engine(*, threads: bool = False) -> wasmtime.Engine:
    """Return an engine that meters fuel, heeds epochs, and computes the same on every machine.

    Linear memories reserve little address space ahead, else a limit of the process's address space could not hold. What
    would get round a limit of memory, or make two runs differ, is off: threads, shared memories, garbage collection.

    Args:
        threads: whether compiling may use all processors; its threads do not live on in a fork.
    """
    config = wasmtime.Config()
    config.consume_fuel = True
    config.epoch_interruption = True
    config.memory_reservation = 0
    config.memory_guard_size = 0
    config.memory_reservation_for_growth = MEMORY_GROWTH
    config.cranelift_nan_canonicalization = True
    config.wasm_relaxed_simd_deterministic = True
    config.wasm_threads = False
    config.shared_memory = False
    config.wasm_gc = False
    config.wasm_stack_switching = False
    config.wasm_component_model_implements = False  # an import by a name of the component's own choice has no rule
    config.parallel_compilation = threads
    config.macos_use_mach_ports = False  # they do not live on in a fork, and every call is made in one
    # With it wasmtime 50.0.0 traps where a host function takes two borrowed handles, as wasi:io/poll does.
    ffi.wasmtime_config_wasm_component_model_async_set(config.ptr(), False)
    ffi.wasmtime_config_concurrency_support_set(config.ptr(), False)
    return wasmtime.Engine(config)
