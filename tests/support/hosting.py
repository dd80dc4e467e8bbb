"""A host process for tests: components from text, and the processes that belong to it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agentctl.tools.wasm.grants import Grants, Limits
from agentctl.tools.wasm.host.client import Host
from agentctl.tools.wasm.host.result import Result

LIMITS = Limits(fuel=1 << 60, timeout=20.0, memory=16 << 20, output=1 << 16)
NOTHING = Grants()
_OTHERS: set[int] = set()


def component(directory: Path, text: str, name: str = "component.wat") -> Path:
    """Write a component as text."""
    path = directory / name
    path.write_text(text)
    return path


async def call(host: Host, path: Path, function: str, arguments: Mapping[str, Any] | None = None) -> Result:
    """Call it with nothing granted and the usual limits."""
    return await host.call(path, function, arguments or {}, NOTHING, LIMITS)


def children(pid: int) -> list[int]:
    """The living children of a process, those left out that other tests keep for later."""
    kept = _OTHERS
    return [child for child, (parent, state) in _processes() if parent == pid and state != "Z" and child not in kept]


@contextmanager
def own_children() -> Iterator[None]:
    """Take the children that this process has by now for those of other tests."""
    _OTHERS.update(children(os.getpid()))
    yield
    _OTHERS.clear()


def descendants(pid: int) -> list[int]:
    """The living children of a process, and theirs."""
    return [each for child in children(pid) for each in (child, *descendants(child))]


async def eventually(met: Callable[[], Any], seconds: float = 20.0) -> Any:
    """What `met` returns, once it is something."""
    deadline = time.monotonic() + seconds
    while not (found := met()):
        assert time.monotonic() < deadline, "it never came to be"
        await asyncio.sleep(0.005)
    return found


def open_files(pid: int) -> dict[int, str]:
    """What a process has open, by number."""
    return {int(path.name): str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()}


def alive(pid: int) -> bool:
    """Whether a process runs."""
    return any(found == pid and state != "Z" for found, (_, state) in _processes())


def _processes() -> Iterator[tuple[int, tuple[int, str]]]:
    """All processes but the servers of databases, which are children of whoever runs the tests, too."""
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                head, _, rest = (path / "stat").read_text().rpartition(")")
            except OSError:
                continue
            if head.endswith(("(postgres", "(pgbouncer")):
                continue
            fields = rest.split()
            yield int(path.name), (int(fields[1]), fields[0])
