"""Runs agentctl as its users do: as a process, in a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support import births

AGENTCTL = Path(sys.executable).with_name("agentctl")
PATIENCE = 60.0  # seconds a command may take on a busy machine


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """Standard output as a JSON document a line."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(slots=True)
class Program:
    """agentctl in the home `home`, without the caller's keys and settings; `environ` is added to its environment.

    A command may take `patience` seconds. With `new` each has a process of its own from the beginning, as users have
    it, which the system shows with its arguments; else see `support.births`.
    """

    home: Path
    environ: dict[str, str] = field(default_factory=dict)
    patience: float = PATIENCE
    new: bool = False

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of a command."""
        kept = {name: os.environ[name] for name in births.KEPT if name in os.environ}
        return {**kept, "HOME": str(self.home), "AGENTCTL_KEYRING": "off", **self.environ}

    def run(self, *args: str | Path, stdin: str | bytes | None = None, env: Mapping[str, str] | None = None) -> Outcome:
        """Run a command to its end; without `stdin` its standard input is empty."""
        data = stdin.encode() if isinstance(stdin, str) else stdin or b""
        environ = {**self.environment, **(env or {})}
        if not self.new and births.possible(environ):
            argv = [str(AGENTCTL), *map(str, args)]
            ended = births.run(argv, data, str(self.home), environ, self.patience)
            return Outcome(ended.code, ended.out.decode(errors="replace"), ended.err.decode(errors="replace"))
        done = subprocess.run(
            [AGENTCTL, *args],
            input=data,
            capture_output=True,
            cwd=self.home,
            env=environ,
            timeout=self.patience,
            check=False,
        )
        return Outcome(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def start(self, *args: str | Path, **options: Any) -> subprocess.Popen[bytes]:
        """Start a command and leave it running; `options` are those of `subprocess.Popen`."""
        given = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen([AGENTCTL, *args], cwd=self.home, env=self.environment, **given)

    def configure(self, text: str) -> None:
        """Write the user's configuration file."""
        path = self.home / ".config/agentctl/config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
