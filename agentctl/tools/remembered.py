"""What a user allowed for good in a project: kept outside of it, where no tool can write."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from agentctl import atomic
from agentctl.errors import ConfigError, UsageError
from agentctl.locks import FileLock
from agentctl.tools.rules import Rule, parse


class Remembered:
    """The rules that a user allowed in the project at `project`, in the file `path`, which all projects share."""

    def __init__(self, path: Path, project: Path) -> None:
        self._path = path
        self._project = str(project.resolve())

    def rules(self) -> tuple[Rule, ...]:
        """The rules, oldest first; an unreadable file allows nothing."""
        return tuple(rule for text in self._read().get(self._project, ()) if (rule := _rule(text)))

    def add(self, rule: Rule) -> None:
        """Remember one more.

        Raises:
            ConfigError: the file can't be written.
        """
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(self._path.with_suffix(".lock")):
                known = self._read()
                mine = dict.fromkeys([*known.get(self._project, ()), str(rule)])
                content = json.dumps({**known, self._project: list(mine)}, indent=1)
                atomic.replace(self._path, content.encode() + b"\n")
        except OSError as error:
            raise ConfigError(f"can't write {self._path}: {error.strerror}", hint="check the directory") from error

    def _read(self) -> Mapping[str, list[str]]:
        try:
            known = json.loads(self._path.read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        return known if isinstance(known, dict) else {}


def _rule(text: object) -> Rule | None:
    try:
        return parse(text) if isinstance(text, str) else None
    except UsageError:
        return None
