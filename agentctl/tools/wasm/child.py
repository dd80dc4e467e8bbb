"""What happens in a forked child: it gives up all it can, makes the one call or compiles, says how it went, and ends."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from agentctl.errors import ToolError
from agentctl.tools.wasm import confine
from agentctl.tools.wasm.cache import Cache
from agentctl.tools.wasm.engine import make_engine
from agentctl.tools.wasm.loaded import Loaded
from agentctl.tools.wasm.wire import Request

if TYPE_CHECKING:
    from wasmtime import Engine

OUT, ERR, RESULT, NETWORK = 1, 2, 3, 4  # the files of a child; 0 is empty
ENVELOPE = 1 << 16  # bytes that a result may have around it

_COMPILE_MEMORY = 4 << 30  # bytes; a component of 18 MB takes 0.6 GB on two processors


def reserve() -> None:
    """Occupy the files of a child in the host process, so that nothing which a child needs is ever among them."""
    for fd in (OUT, ERR, RESULT, NETWORK):
        os.dup2(0, fd, inheritable=False)


def run_call(
    loaded: Loaded, engine: Engine, request: Request, network: int | None, parent: int, writers: Sequence[int]
) -> NoReturn:
    """Make the call, and write its result as JSON to the last of `writers`: stdout, stderr, result.

    Args:
        network: the channel that requests go over, if a host is granted.
        parent: the process that is to end this one.
    """
    limits = request.limits
    started = time.monotonic()
    confine.keep_only([0, *writers, *([] if network is None else [network])], loaded.files)
    _detach(parent)
    writes = any(preopen.writable for preopen in request.grants.files)
    # A memory that grows is moved, and is there twice meanwhile.
    confine.limit(memory=2 * request.limits.memory, seconds=limits.timeout, writes=writes)
    confine.lock()
    _interrupt_at(started + limits.timeout, engine)
    _finish(lambda: _call(loaded.component, engine, request, has_network=network is not None))


def run_compile(
    wasm: bytes, digest: str, cache: Cache, seconds: float, parent: int, writers: Sequence[int]
) -> NoReturn:
    """Compile `wasm` and keep it in the cache; what went wrong is written as JSON."""
    confine.keep_only([0, 0, 0, *writers], ())
    _detach(parent)
    confine.limit(memory=_COMPILE_MEMORY, seconds=seconds * (os.cpu_count() or 1), writes=True)
    _finish(lambda: _compile(wasm, digest, cache))


def _detach(parent: int) -> None:
    confine.die_with_parent()
    if os.getppid() != parent:  # it died before that could be asked for
        os._exit(0)
    os.setsid()
    os.umask(0o077)
    os.chdir("/")


def _interrupt_at(deadline: float, engine: Engine) -> None:
    """Let WebAssembly trap at the deadline. What blocks outside of it is killed by the host process soon after."""

    def wait() -> None:
        time.sleep(max(0.0, deadline - time.monotonic()))
        engine.increment_epoch()

    threading.Thread(target=wait, daemon=True).start()


def _call(component: Component, engine: Engine, request: Request, *, has_network: bool) -> dict[str, Any]:
    from agentctl.tools.wasm import instance, network  # noqa: PLC0415 - imported by the host process before it forks

    channel = network.Channel(socket.socket(fileno=NETWORK)) if has_network else None
    returned = instance.call(
        component,
        engine,
        request.function,
        request.arguments,
        request.grants,
        request.limits,
        stdout_fd=OUT,
        stderr_fd=ERR,
        network=channel,
        seed=request.seed,
    )
    value = json.dumps(returned.value)
    if len(value) > request.limits.output:
        raise ToolError(
            f"the result has {len(value)} bytes, and {request.limits.output} are allowed",
            hint="ask for less, or allow more output",
            reason="output",
        )
    return {"value": returned.value, "fuel": returned.fuel}


def _compile(wasm: bytes, digest: str, cache: Cache) -> dict[str, Any]:
    from wasmtime import WasmtimeError  # noqa: PLC0415 - imported by the host process before it forks
    from wasmtime.component import Component  # noqa: PLC0415

    try:
        component = Component(make_engine(threads=True), wasm)
    except WasmtimeError as error:
        reason = str(error).strip()
        raise ToolError(f"it is no component that can be run: {reason}", reason="invalid") from error
    cache.store(digest, component.serialize())
    return {}


def _finish(work: Callable[[], dict[str, Any]]) -> NoReturn:
    try:
        message = work()
    except ToolError as error:
        fuel = getattr(error, "fuel", None)
        message = {"code": error.reason, "message": error.message, "hint": error.hint, "fuel": fuel}
    except MemoryError:
        message = {"code": "memory", "message": "there is no memory left within its limit"}
    except Exception as error:  # noqa: BLE001 - whatever it is, it ends with this process and is told
        message = {
            "code": "failed",
            "message": f"{type(error).__name__}: {error}",
            "hint": getattr(error, "hint", None),
        }
    data = json.dumps(message).encode()
    while data:
        data = data[os.write(RESULT, data) :]
    os._exit(0)
