"""A home of one's own: the configuration files of a machine, a user and a project, and how they are found."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from agentctl.settings import Settings, load


@dataclass
class Home:
    """A machine under `root`, with nothing configured."""

    root: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The user's home directory."""
        return self.root / "home"

    @property
    def project(self) -> Path:
        """A project's directory, in the home."""
        return self.path / "project"

    @property
    def environ(self) -> dict[str, str]:
        """The environment that leads here."""
        return {"HOME": str(self.path), "AGENTCTL_SYSTEM_CONFIG_DIR": str(self.root / "etc"), **self.variables}

    def file(self, origin: str) -> Path:
        """Where the configuration of the system, the user or the project is."""
        return {
            "system": self.root / "etc",
            "user": self.path / ".config" / "agentctl",
            "project": self.project / ".agentctl",
        }[origin] / "config.toml"

    def write(self, origin: str, text: str) -> Path:
        """Make the configuration of the system, the user or the project."""
        path = self.file(origin)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def load(self, **flags: object) -> Settings:
        """The settings that hold in the project's directory."""
        self.project.mkdir(parents=True, exist_ok=True)
        return load(environ=self.environ, cwd=self.project, flags=flags)
