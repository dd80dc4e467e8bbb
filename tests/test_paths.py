"""Where files are kept."""

from pathlib import Path

import pytest

from agentctl import paths

KINDS = [
    ("CONFIG", paths.config_dir, ".config"),
    ("DATA", paths.data_dir, ".local/share"),
    ("STATE", paths.state_dir, ".local/state"),
    ("CACHE", paths.cache_dir, ".cache"),
]


@pytest.mark.parametrize(("kind", "directory", "default"), KINDS)
def test_override_beats_xdg_beats_default(kind: str, directory: paths.Directory, default: str) -> None:
    """AGENTCTL_*_DIR names the directory itself, XDG_*_HOME its parent, else it is below HOME."""
    home = {"HOME": "/home/me"}
    xdg = {**home, f"XDG_{kind}_HOME": "/xdg"}
    assert directory(home) == Path("/home/me", default, "agentctl")
    assert directory(xdg) == Path("/xdg/agentctl")
    assert directory({**xdg, f"AGENTCTL_{kind}_DIR": "/mine"}) == Path("/mine")


@pytest.mark.parametrize(("kind", "directory", "default"), KINDS)
def test_relative_xdg_paths_are_ignored(kind: str, directory: paths.Directory, default: str) -> None:
    """The XDG specification demands absolute paths."""
    assert directory({"HOME": "/home/me", f"XDG_{kind}_HOME": "relative"}) == Path("/home/me", default, "agentctl")
