"""What a forked child does: it gives up all it can, does the one thing it is for, says how it went, and ends."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from agentctl.errors import AgentctlError, ToolError
from agentctl.tools.wasm.compiled.cache import Cache
from agentctl.tools.wasm.host import confine
from agentctl.tools.wasm.host.loaded import Loaded
from agentctl.tools.wasm.host.wire import Request

if TYPE_CHECKING:
    from wasmtime import Engine

    from agentctl.tools.wasm.network.channel import Channel

Message: TypeAlias = dict[str, Any]

OUT, ERR, RESULT, NETWORK = 1, 2, 3, 4  # the files of a child; 0 is empty
ENVELOPE = 1 << 16  # bytes that a result may have around it

_READ_ONLY = "grant directories with fs:ro, or run it on Linux with seccomp, on x86-64 or ARM64"
_COMPILE_MEMORY = 4 << 30  # bytes; a component of 18 MB takes 0.6 GB on two processors


def prepare() -> None:
    """Make a process ready to fork children: import what they need, and occupy the numbers that their files get."""
    from agentctl.tools.wasm import instance  # noqa: F401, PLC0415 - none of it before the process is set up

    for fd in (OUT, ERR, RESULT, NETWORK):
        os.dup2(0, fd, inheritable=False)


def prepare_network() -> None:
    """Import what children with a network need."""
    from agentctl.tools.wasm import http  # noqa: F401, PLC0415 - few components are granted a host
    from agentctl.tools.wasm.network import channel  # noqa: F401, PLC0415


def run_call(loaded: Loaded, engine: Engine, request: Request, network: int | None, writers: Sequence[int]) -> NoReturn:
    """Make a call, and write its result to the last of `writers`: stdout, stderr, result.

    `network` is the channel that its requests go over.
    """
    deadline = time.monotonic() + request.limits.timeout
    confine.keep_only([0, *writers, *([] if network is None else [network])], loaded.files)
    _finish(lambda: _call(loaded, engine, request, deadline, has_network=network is not None))


def run_compile(wasm: bytes, digest: str, cache: Cache, seconds: float, writers: Sequence[int]) -> NoReturn:
    """Compile `wasm` and keep it in the cache."""
    confine.keep_only([0, 0, 0, *writers], ())
    _finish(partial(_compile, wasm, digest, cache, seconds))


def _call(loaded: Loaded, engine: Engine, request: Request, deadline: float, *, has_network: bool) -> Message:
    from agentctl.tools.wasm import instance  # noqa: PLC0415 - see `prepare`
    from agentctl.tools.wasm.engine import MEMORY_GROWTH  # noqa: PLC0415

    # A memory that grows is moved, and is there twice meanwhile.
    memory, seconds = 2 * request.limits.memory, request.limits.timeout
    reserved = (instance.MEMORIES + 1) * MEMORY_GROWTH
    confine.limit(memory=memory, seconds=seconds, writes=request.writes, reserved=reserved)
    if not confine.lock() and request.writes:
        raise ToolError("this system can't keep it from making links that lead out", hint=_READ_ONLY, reason="denied")
    _interrupt_at(deadline, engine)
    returned = instance.call(
        loaded.component,
        engine,
        request.function,
        request.arguments,
        request.grants,
        request.limits,
        stdout_fd=OUT,
        stderr_fd=ERR,
        network=_channel() if has_network else None,
        seed=request.seed,
    )
    return {"value": returned.value, "fuel": returned.fuel}


def _channel() -> Channel:
    from agentctl.tools.wasm.network.channel import Channel  # noqa: PLC0415 - see `prepare_network`

    return Channel(socket.socket(fileno=NETWORK))


def _interrupt_at(deadline: float, engine: Engine) -> None:
    """Let WebAssembly trap at the deadline. What blocks outside of it is killed by the host process soon after."""

    def wait() -> None:
        time.sleep(max(0.0, deadline - time.monotonic()))
        engine.increment_epoch()

    threading.Thread(target=wait, daemon=True).start()


def _compile(wasm: bytes, digest: str, cache: Cache, seconds: float) -> Message:
    from wasmtime import WasmtimeError  # noqa: PLC0415 - see `prepare`
    from wasmtime.component import Component  # noqa: PLC0415

    from agentctl.tools.wasm.engine import make_engine  # noqa: PLC0415

    confine.limit(memory=_COMPILE_MEMORY, seconds=seconds * (os.cpu_count() or 1), writes=True)
    confine.lock()
    try:
        component = Component(make_engine(threads=True), wasm)
    except WasmtimeError as error:
        reason = str(error).strip()
        raise ToolError(f"it is no component that can be run: {reason}", reason="invalid") from error
    cache.store(digest, component.serialize())
    return {}


def _finish(work: Callable[[], Message]) -> NoReturn:
    """Do the work in a session of its own, write what came of it, and end."""
    try:
        os.setsid()
        os.umask(0o077)
        os.chdir("/")
        message = work()
    except ToolError as error:
        fuel = getattr(error, "fuel", None)
        message = {"code": error.reason, "message": error.message, "hint": error.hint, "fuel": fuel}
    except MemoryError:
        message = {"code": "memory", "message": "there is no memory left within its limit"}
    except AgentctlError as error:
        message = {"code": "failed", "message": error.message, "hint": error.hint}
    except Exception as error:  # noqa: BLE001 - whatever it is, it ends with this process and is told
        message = {"code": "failed", "message": f"{type(error).__name__}: {error}"}
    _write(json.dumps(message).encode())
    os._exit(0)


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(RESULT, data) :]
