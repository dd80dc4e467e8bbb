"""A real terminal to use agentctl in: tmux, typed at and looked at."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE = 60.0  # seconds that something may take to appear on a busy machine
_PAUSE = 0.02


class Terminal:
    """A terminal of 120 by 40 that runs a shell command in `cwd`, in a server of its own at `socket`."""

    def __init__(self, socket: Path, command: str, *, cwd: Path, environ: Mapping[str, str]) -> None:
        self._tmux = shutil.which("tmux") or "tmux"
        self._socket = socket
        self._environ = {**environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        self._run("-f", os.devnull, "new-session", "-d", "-x", "120", "-y", "40", "-c", str(cwd), command)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._run("kill-server", check=False)

    def type(self, text: str, *keys: str) -> None:
        """Type a text, and press keys such as `Enter` or `C-c`."""
        if text:
            self._run("send-keys", "-l", text)
        for key in keys:
            self._run("send-keys", key)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        self._run("resize-window", "-x", str(columns), "-y", str(rows))

    @property
    def screen(self) -> str:
        """All that is on it, and what went off its top."""
        return self._run("capture-pane", "-p", "-J", "-S", "-500", check=False)

    def wait(self, text: str, times: int = 1) -> str:
        """Wait until the text is on the screen so many times, and return the screen."""
        deadline = time.monotonic() + PATIENCE
        while (screen := self.screen).count(text) < times:
            assert time.monotonic() < deadline, f"{text!r} did not appear:\n{screen}"
            time.sleep(_PAUSE)
        return screen

    def wait_prompt(self) -> None:
        """Wait until a line is asked for: what is typed before that may be lost, as Ctrl-D is."""
        deadline = time.monotonic() + PATIENCE
        while not (screen := self.screen.rstrip()).endswith("\n>"):
            assert time.monotonic() < deadline, f"no line was asked for:\n{screen}"
            time.sleep(_PAUSE)

    def _run(self, *args: str, check: bool = True) -> str:
        line = [self._tmux, "-S", str(self._socket), *args]
        return subprocess.run(line, env=self._environ, check=check, capture_output=True, text=True).stdout
