"""A workspace beside what must not be reached from it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from agentctl.tools.base import Tool
from agentctl.tools.builtin import NAMES, builtin_tools
from agentctl.tools.builtin.workspace import Workspace

SECRET = "geheim-4711"


@dataclass(frozen=True, slots=True)
class Scene:
    """`root` is the workspace; `outside` is a directory beside it, with a file `secret.txt`."""

    root: Path
    outside: Path

    @property
    def secret(self) -> Path:
        """The file whose content must not get out, and must not change."""
        return self.outside / "secret.txt"

    def tool(self, name: str, root: Path | None = None) -> Tool:
        """A built-in tool of the workspace, or of another one."""
        return dict(zip(NAMES, builtin_tools(Workspace(root or self.root)), strict=True))[name]

    def untouched(self) -> bool:
        """Whether nothing outside has changed, nor what guards the workspace."""
        there = sorted(path.name for path in self.outside.rglob("*"))
        config = (self.root / ".git" / "config").read_text()
        return (there, self.secret.read_text(), config) == (["deep", "secret.txt"], f"{SECRET}\n", "[core]\n")


def make_scene(base: Path) -> Scene:
    """Make the directories and files in an empty place."""
    scene = Scene(base / "work", base / "outside")
    (scene.outside / "deep").mkdir(parents=True)
    scene.secret.write_text(f"{SECRET}\n")
    (scene.root / "src").mkdir(parents=True)
    (scene.root / ".git" / "hooks").mkdir(parents=True)
    (scene.root / ".git" / "config").write_text("[core]\n")
    (scene.root / "src" / "a.txt").write_text("inside\n")
    os.mkfifo(scene.root / "pipe")
    return scene
