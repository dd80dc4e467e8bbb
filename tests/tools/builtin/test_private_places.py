"""Files that no file tool touches, though they are in the workspace."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.tooling import call, failure

from agentctl.tools.base import Tool
from agentctl.tools.builtin import NAMES, builtin_tools
from agentctl.tools.builtin.private import private_places
from agentctl.tools.builtin.workspace import Workspace

SECRET = "geheim-4711"
PLACES = (".config/agentctl/keys.json", ".local/state/agentctl/log", ".ssh/id_ed25519", ".docker/config.json", ".netrc")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home directory with secrets, and with what is none."""
    for name in (*PLACES, ".config/other/a.txt", ".docker/other.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{SECRET if name in PLACES else 'plain'}\n")
    (tmp_path / "link").symlink_to(".ssh")
    (tmp_path / "dotfiles").mkdir()
    (tmp_path / "dotfiles" / "hosts").write_text(f"{SECRET}\n")
    (tmp_path / ".ssh" / "config").symlink_to("../dotfiles/hosts")
    (tmp_path / "two").symlink_to(".ssh/config")
    return tmp_path


def tools(home: Path, root: Path | None = None) -> Mapping[str, Tool]:
    """The tools of who works in his home directory, or elsewhere."""
    places = private_places({"HOME": str(home)}, root or home)
    return dict(zip(NAMES, builtin_tools(Workspace(root or home, places)), strict=True))


NAMED = (
    *PLACES, ".ssh", "./.config/../.ssh/id_ed25519", ".SSH/id_ed25519", ".s\u200csh/id_ed25519", "link/id_ed25519",
    "{home}/.netrc", ".local/state/agentctl/allowed.json", ".cache/agentctl/new", ".aws/credentials", ".netrc/x",
    ".ssh/config", "dotfiles/hosts", "two", ".ssh/../.bashrc",
)  # fmt: skip


@pytest.mark.parametrize("named", NAMED)
@pytest.mark.parametrize("tool", ["read", "write", "edit", "list", "glob", "grep"])
def test_a_private_place_is_denied(home: Path, tool: str, named: str) -> None:
    """By no name and by no link a tool gets there, also where nothing is yet."""
    pieces: Mapping[str, Mapping[str, Any]] = {
        "write": {"content": "pwned"},
        "edit": {"old_string": SECRET, "new_string": "pwned"},
        "glob": {"pattern": "*"},
        "grep": {"pattern": "."},
    }
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    error = failure(tools(home)[tool], "denied", path=named.format(home=home), **pieces.get(tool, {}))
    assert "is private" in error.message
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before


def test_private_places_are_left_out(home: Path) -> None:
    """Who lists, finds or searches a directory above does not see them; the neighbours are there."""
    found = tools(home)
    assert call(found["grep"], pattern=f"plain|{SECRET}").content.splitlines() == [
        ".config/other/a.txt:1: plain",
        ".docker/other.txt:1: plain",
    ]
    assert set(call(found["glob"], pattern="**").content.splitlines()) == {".config/other/a.txt", ".docker/other.txt"}
    assert call(found["list"], path=".config").content == "other/"
    assert call(found["list"], path=".docker").content == "other.txt (6 bytes)"
    assert ".ssh/" not in call(found["list"]).content.splitlines()


def test_links_of_the_home_directory_lead_there(home: Path) -> None:
    """Where the directory of settings is a link, both its name and what it names are private."""
    (home / ".config").rename(home / "settings")
    (home / ".config").symlink_to("settings")
    for named in (".config/agentctl/keys.json", "settings/agentctl/keys.json"):
        assert "is private" in failure(tools(home)["read"], "denied", path=named).message
    assert "plain" in call(tools(home)["read"], path="settings/other/a.txt").content


def test_who_works_in_a_place_of_secrets_has_named_it(home: Path) -> None:
    """A workspace in such a place is like any other; agentctl's own directories never are."""
    assert SECRET in call(tools(home, home / ".ssh")["read"], path="id_ed25519").content
    own = tools(home, home / ".config" / "agentctl")
    assert "is private" in failure(own["read"], "denied", path="keys.json").message
    assert "is private" in failure(own["list"], "denied").message


def test_directories_that_were_moved_are_private(tmp_path: Path) -> None:
    """The directories of agentctl are found by the variables that name them."""
    environ = {"HOME": "/nowhere", "AGENTCTL_CONFIG_DIR": str(tmp_path / "a"), "XDG_STATE_HOME": str(tmp_path / "b")}
    workspace = Workspace(tmp_path, private_places(environ, tmp_path))
    write = dict(zip(NAMES, builtin_tools(workspace), strict=True))["write"]
    for named in ("a/keys.json", "b/agentctl/allowed.json"):
        assert "is private" in failure(write, "denied", path=named, content="").message
    call(write, path="b/other", content="")
