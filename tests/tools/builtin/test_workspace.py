"""What is inside a workspace, and what is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.errors import ToolError
from agentctl.tools.builtin.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace with a file and a directory."""
    (tmp_path / "w" / "src").mkdir(parents=True)
    (tmp_path / "w" / "src" / "a.txt").write_text("hello")
    return Workspace(tmp_path / "w")


@pytest.mark.parametrize("named", ["src/a.txt", "./src//a.txt", "src/../src/a.txt", "src/./a.txt"])
def test_a_path_inside(workspace: Workspace, named: str) -> None:
    """However it is spelled, a file has one path."""
    assert workspace.resolve(named) == "src/a.txt"


def test_an_absolute_path_inside(workspace: Workspace) -> None:
    """An absolute path is as good as a relative one, also where the root was named by a link."""
    assert workspace.resolve(str(workspace.root / "src/a.txt")) == "src/a.txt"
    link = workspace.root.parent / "link"
    link.symlink_to(workspace.root)
    assert Workspace(link).resolve(str(link / "src/a.txt")) == "src/a.txt"


def test_a_link_inside(workspace: Workspace) -> None:
    """A link from inside to inside is followed when it is resolved."""
    (workspace.root / "l").symlink_to("src")
    assert workspace.resolve("l/a.txt") == "src/a.txt"
    with workspace.file("src/a.txt") as descriptor:
        assert os.read(descriptor, 9) == b"hello"
    with pytest.raises(ToolError), workspace.file("l/a.txt"):
        pass


def test_what_does_not_exist(workspace: Workspace) -> None:
    """A new file has a path, and can't be read."""
    assert workspace.resolve("new/b.txt") == "new/b.txt"
    with pytest.raises(ToolError, match="new does not exist"), workspace.file("new/b.txt"):
        pass


def test_the_root_is_a_directory(tmp_path: Path) -> None:
    """A workspace that is no directory is refused."""
    (tmp_path / "f").touch()
    for path in (tmp_path / "f", tmp_path / "nowhere"):
        with pytest.raises(ToolError, match="is not a directory"):
            Workspace(path)


@pytest.mark.parametrize("named", ["x" * 256, "/".join(["x" * 200] * 30)])
def test_a_path_that_is_too_long(workspace: Workspace, named: str) -> None:
    """A name that no file system takes is told as such."""
    with pytest.raises(ToolError, match="too long"):
        workspace.resolve(named)


PIECES = st.sampled_from(
    ["..", ".", "", "src", "a.txt", "out", "in", "loop", "secret", "~", "/", "proc", "self", "root"]
)


@given(st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=8).map("/".join)))
def test_nothing_outside_is_ever_opened(tmp_path_factory: pytest.TempPathFactory, named: str) -> None:
    """Whatever path is named: either it is refused, or what is opened is inside."""
    base = tmp_path_factory.getbasetemp() / "law"
    if not base.exists():
        (base / "w" / "src").mkdir(parents=True)
        (base / "w" / "src" / "a.txt").touch()
        (base / "secret").touch()
        for name, target in (("out", ".."), ("in", "src"), ("loop", "loop")):
            (base / "w" / name).symlink_to(target)
    workspace = Workspace(base / "w")
    try:
        relative = workspace.resolve(named)
        with workspace.file(relative) as descriptor:
            opened = Path(f"/proc/self/fd/{descriptor}").readlink()
    except ToolError:
        return
    assert opened.is_relative_to(workspace.root)
    assert relative == opened.relative_to(workspace.root).as_posix()
