"""Work on what others wrote that may take forever: done in a process that can be ended.

A regular expression may need a time exponential in the text, and Python's HTML parser one that grows with its square
(a minute for 50 KB of `<a `); neither lets go of the interpreter meanwhile. So both run in another one.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Mapping
from math import ceil
from pathlib import Path
from typing import Any, Literal

import agentctl
from agentctl.errors import ToolError
from agentctl.tools.builtin import environment
from agentctl.tools.builtin.stopping import Cancellation
from agentctl.uninterrupted import uninterrupted

Task = Literal["search", "readable"]

_START = "import sys; sys.path.insert(0, sys.argv[1]); from agentctl.tools.builtin.worker import main; main()"


async def call(task: Task, request: Mapping[str, Any], seconds: float) -> Any:
    """Have a task done, and return its answer; both are JSON. Cancelling it ends the process.

    Raises:
        ToolError: what the task raised, or `timeout`.
    """
    cancellation = Cancellation()
    process = await uninterrupted(_start(task, seconds))
    try:
        cancellation.check()
        async with asyncio.timeout(seconds):
            answer, _ = await process.communicate(json.dumps(request).encode())
    except TimeoutError:
        raise ToolError(f"not done after {seconds:g} s", reason="timeout") from None
    finally:
        if process.returncode is None:
            process.kill()
        await uninterrupted(process.wait())
        process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - no public way, and it warns
    cancellation.check()
    if process.returncode:
        raise ToolError(f"the process that worked on it ended with {process.returncode}")
    return _answer(json.loads(answer))


async def _start(task: Task, seconds: float) -> Process:
    command = (
        sys.executable,
        "-I",
        "-c",
        _START,
        str(Path(agentctl.__file__).parents[1]),
        task,
        str(ceil(seconds) + 1),
    )
    environ = environment.passed(os.environ)
    return await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=environ, start_new_session=True
    )


def _answer(told: Mapping[str, Any]) -> Any:
    if "error" in told:
        raise ToolError(told["error"], hint=told["hint"], reason=told["reason"])
    return told["answer"]


def main() -> None:
    """Do the task that the arguments name, for the request on standard input."""
    limit = int(sys.argv[3])  # seconds of the processor: also for when nobody is left to end this process
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    environment.end_with_parent()
    request = json.loads(sys.stdin.buffer.read())
    try:
        told = {"answer": _task(sys.argv[2])(request)}
    except ToolError as error:
        told = {"error": error.message, "hint": error.hint, "reason": error.reason}
    sys.stdout.write(json.dumps(told))


def _task(name: str) -> Callable[[Mapping[str, Any]], Any]:
    if name == "search":
        from agentctl.tools.builtin.search import search  # noqa: PLC0415 - each task has its own imports

        return search
    from agentctl.tools.builtin.readable import readable  # noqa: PLC0415

    return lambda request: readable(request["html"], request["base"])
