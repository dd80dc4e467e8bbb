"""Inspecting in a process of its own, with an end: a file can make what looks at it take hours, and all memory.

    stdin     the bytes of the file
    stdout    the inspection as JSON

The process ends with the one that waits for it, and by itself when its time is up.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import agentctl
from agentctl.errors import ToolError
from agentctl.tools.wasm.inspection.found import Inspection
from agentctl.tools.wasm.inspection.preamble import layer_of

SECONDS = 30.0
MEMORY = 2 << 30  # bytes of address space

_GRACE = 5.0  # seconds by which the process that waits is the more patient one
_LONGEST = 32 << 20  # bytes of an inspection
_ROOT = Path(agentctl.__file__).parent.parent
# Isolated from the directory and the environment that it is started in; it finds this very package all the same.
_MAIN = "import sys; sys.path.append(sys.argv[1]); from agentctl.tools.wasm.inspection.apart import main; main()"


def inspect_apart(data: bytes, *, seconds: float = SECONDS, memory: int = MEMORY) -> Inspection:
    """Tell what the bytes of a file are; what can't be told within these limits is refused, with the reason.

    An interrupt ends it at once.

    Raises:
        ToolError: there can't be another process.
    """
    command = [sys.executable, "-I", "-c", _MAIN, *map(str, (_ROOT, os.getpid(), seconds, memory))]
    try:
        code, told = _told(command, data, seconds + _GRACE)
    except subprocess.TimeoutExpired:
        return _refused(data, _slow(seconds))
    except OSError as error:
        raise ToolError(f"can't start a process to look at components: {error.strerror}") from error
    if code == 0:
        return Inspection.from_json(json.loads(told))
    if code in {-signal.SIGALRM, -signal.SIGXCPU}:
        return _refused(data, _slow(seconds))
    return _refused(data, f"to look at it takes more than {memory >> 20} MB of memory, or breaks what looks at it")


def _told(command: Sequence[str], data: bytes, patience: float) -> tuple[int, bytes]:
    """How the process ended, and what it wrote; whatever happens meanwhile, it is gone then."""
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
        cwd="/",
        start_new_session=True,  # a Ctrl-C in the terminal is for whoever called, and kills
    ) as process:
        try:
            told, _ = process.communicate(data, timeout=patience)
        finally:
            process.kill()
            process.wait()
    return process.returncode, told


def main() -> None:
    """Do it in the process that was started for it."""
    from agentctl.tools.wasm.host.confine import die_with  # noqa: PLC0415 - whoever waits needs none of it

    parent, seconds, memory = int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    die_with(parent)
    signal.setitimer(signal.ITIMER_REAL, seconds)  # nobody handles the alarm, so it kills
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    from agentctl.tools.wasm.inspection.inspector import inspect  # noqa: PLC0415 - it needs wasmtime

    data = sys.stdin.buffer.read()
    text = json.dumps(inspect(data).as_json()).encode()
    if len(text) > _LONGEST:
        text = json.dumps(_refused(data, "what it offers takes too long to tell").as_json()).encode()
    sys.stdout.buffer.write(text)


def _slow(seconds: float) -> str:
    return f"to look at it takes more than {seconds:g} s"


def _refused(data: bytes, reason: str) -> Inspection:
    return Inspection(layer_of(data), reason=reason)
