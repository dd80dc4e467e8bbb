"""Components that are ready to run: kept in memory, else loaded from the cache, else compiled by a child and loaded."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from agentctl.errors import AgentctlError, ToolError
from agentctl.tools.wasm.compiled.cache import Cache, State
from agentctl.tools.wasm.host import child, confine
from agentctl.tools.wasm.host.ending import check
from agentctl.tools.wasm.host.loaded import Loaded, Origin
from agentctl.tools.wasm.host.process import Ended, Process
from agentctl.tools.wasm.host.reactor import Reactor

if TYPE_CHECKING:
    from wasmtime import Engine

Ready = Callable[[Loaded | ToolError], None]

_KEPT = 16
_LARGEST = 256 << 20  # bytes of a component


@dataclass(slots=True, eq=False)
class _Compiling:
    """A child that compiles, and who waits for it."""

    waiting: list[Ready]
    process: Process | None = None


class Loader:
    """Finds components by their path; a file that was changed is another one.

    Args:
        seconds: how long compiling one may take.
    """

    def __init__(self, reactor: Reactor, engine: Engine, cache: Cache, seconds: float) -> None:
        self._reactor = reactor
        self._engine = engine
        self._cache = cache
        self._seconds = seconds
        self._kept: OrderedDict[str, Loaded] = OrderedDict()
        self._digests: dict[tuple[str, int, int, int, int, int], str] = {}
        self._compiling: dict[str, _Compiling] = {}

    def load(self, path: str, ready: Ready) -> Callable[[], bool] | None:
        """Call `ready` with the component, at once or when it is compiled.

        Returns:
            None if it was called; else what to call if the component isn't wanted any more. That says whether `ready`
            is still called, as it is after what was started for this caller alone has been killed.

        Raises:
            ToolError: there is no such component.
            StorageError: the cache can't be used.
        """
        digest, wasm = self._identify(path)
        if digest in self._kept:
            self._kept.move_to_end(digest)
            ready(self._kept[digest].found("memory"))
        elif digest in self._compiling:
            return self._join(digest, ready)
        else:
            loaded, state = self._from_cache(digest)
            if loaded is None:
                content = wasm if wasm is not None else _read(path)
                self._compile(digest, content, "tampered" if state == "tampered" else "compiled")
                return self._join(digest, ready)
            ready(loaded)
        return None

    def _identify(self, path: str) -> tuple[str, bytes | None]:
        """The SHA-256 of the file, and its content if it had to be read for that."""
        try:
            found = Path(path).stat()
        except OSError as error:
            raise _unreadable(path, error) from error
        identity = (path, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        if identity in self._digests:
            return self._digests[identity], None
        wasm = _read(path)
        digest = hashlib.sha256(wasm).hexdigest()
        self._digests[identity] = digest
        return digest, wasm

    def _compile(self, digest: str, wasm: bytes, origin: Origin) -> None:
        compiling = self._compiling[digest] = _Compiling([])
        job = partial(child.run_compile, wasm, digest, self._cache, self._seconds)
        ended = partial(self._compiled, digest, compiling, origin)
        try:
            compiling.process = Process(
                self._reactor, caps=[child.ENVELOPE], seconds=self._seconds, job=job, ended=ended
            )
        except OSError:
            del self._compiling[digest]
            raise

    def _join(self, digest: str, ready: Ready) -> Callable[[], bool]:
        compiling = self._compiling[digest]
        compiling.waiting.append(ready)

        def leave() -> bool:
            if len(compiling.waiting) > 1:
                compiling.waiting.remove(ready)
                return False
            self._compiling.pop(digest, None)  # whoever comes now starts anew
            if compiling.process is not None:
                compiling.process.kill("cancelled")
            return True

        return leave

    def _compiled(self, digest: str, compiling: _Compiling, origin: Origin, ended: Ended) -> None:
        if self._compiling.get(digest) is compiling:
            del self._compiling[digest]
        outcome: Loaded | ToolError
        try:
            check(ended, ended.pipes[-1], doing="compiling it")
            loaded, _ = self._from_cache(digest)
            outcome = loaded.found(origin) if loaded else ToolError("what was compiled can't be loaded again")
        except AgentctlError as error:
            outcome = error if isinstance(error, ToolError) else ToolError(error.message, hint=error.hint)
        for ready in compiling.waiting:
            ready(outcome)

    def _from_cache(self, digest: str) -> tuple[Loaded | None, State]:
        before = confine.open_files()
        component, state = self._cache.load(digest, self._engine)
        if component is None:
            return None, state
        loaded = Loaded(component, frozenset(confine.open_files() - before), "cached")
        self._kept[digest] = loaded
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return loaded, state


def _read(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            wasm = file.read(_LARGEST + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    if len(wasm) > _LARGEST:
        raise ToolError(f"{path} is larger than {_LARGEST >> 20} MiB", reason="invalid")
    return wasm


def _unreadable(path: str, error: OSError) -> ToolError:
    return ToolError(f"can't read {path}: {error.strerror}", hint="was it removed?", reason="invalid")
