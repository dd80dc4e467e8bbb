"""Loads a model on trial, in a process that may die of it: some damaged files make llama.cpp abort.

`python -m agentctl.providers.local.trial FILE` is that process.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from agentctl.errors import AgentctlError

_CONTEXT = 512  # tokens


def survives(path: Path) -> bool:
    """Whether a process can try to load the file, with or without success, and live on."""
    command = [sys.executable, "-m", "agentctl.providers.local.trial", str(path)]
    quiet = subprocess.DEVNULL
    # Else an abort starts a debugger, where there is one, to print where it was.
    environ = {**os.environ, "GGML_NO_BACKTRACE": "1"}
    return subprocess.run(command, check=False, stdin=quiet, stdout=quiet, stderr=quiet, env=environ).returncode == 0


def _main(path: Path) -> None:
    from agentctl.providers.local.server import Model, Server, leave  # noqa: PLC0415 - the caller has no use for it

    try:
        Server(Model("trial", path, _CONTEXT))
    except AgentctlError:
        return  # it is told to the user when the caller meets it
    leave(0)


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
