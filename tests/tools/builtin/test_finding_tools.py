"""Listing directories, finding files by name, and lines by what is in them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.tooling import call, failure, gone, planned, running

from agentctl.errors import ToolError
from agentctl.tools.builtin.globbing import Glob
from agentctl.tools.builtin.grepping import Grep
from agentctl.tools.builtin.ignored import parse
from agentctl.tools.builtin.listing import List
from agentctl.tools.builtin.pattern import Pattern
from agentctl.tools.builtin.workspace import Workspace

WORKER = "builtin.worker import main"
FILES = {
    "readme.md": "Hello World\n",
    "src/app.py": "import os\nprint('hello')\n",
    "src/deep/er/x.py": "x = 'hello'\n",
    "src/app.ts": "hello()\n",
    "build/out.py": "hello\n",
    "src/keep.log": "hello\n",
    "src/drop.log": "hello\n",
    ".git/config": "hello\n",
    ".hidden/h.py": "hello\n",
    ".gitignore": "# a comment\n/build/\n*.log\n",
    "src/.gitignore": "!keep.log\n",
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace with some files, of which git ignores some; later ones are newer."""
    for age, (path, text) in enumerate(FILES.items()):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
        os.utime(tmp_path / path, (age, age))
    (tmp_path / "src" / "link.py").symlink_to("app.py")
    (tmp_path / "src" / "raw.py").write_bytes(b"\x00hello")
    os.utime(tmp_path / "src" / "raw.py", (-1, -1))
    return Workspace(tmp_path)


def test_a_listing(workspace: Workspace) -> None:
    """Directories come first; files have sizes, links their targets; strange names do nothing to a terminal."""
    Path(workspace.root, "src", "a\x1b[31m\nb").touch()
    os.mkfifo(workspace.root / "src" / "pipe")
    lines = call(List(workspace), path="src").content.split("\n")
    assert lines[0] == "deep/"
    assert "app.py (25 bytes)" in lines
    assert "link.py -> 'app.py'" in lines
    assert "a\\x1b[31m\\nb (0 bytes)" in lines
    assert "pipe (no regular file)" in lines
    assert planned(List(workspace)).subject == "."
    assert "src/app.py is not a directory" in failure(List(workspace), "failed", path="src/app.py").message


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("**/*.py", [".hidden/h.py", "src/deep/er/x.py", "src/app.py", "src/raw.py"]),
        ("*.md", ["readme.md"]),
        ("src/*.{ts,py}", ["src/app.ts", "src/app.py", "src/raw.py"]),
        ("**/*.log", ["src/keep.log"]),
        ("src/**", ["src/.gitignore", "src/keep.log", "src/app.ts", "src/deep/er/x.py", "src/app.py", "src/raw.py"]),
        ("*.c", ["[no file matches]"]),
    ],
)
def test_a_glob(workspace: Workspace, pattern: str, found: list[str]) -> None:
    """Files match by their paths, the newest first; what git ignores is left out, and so are links."""
    assert call(Glob(workspace), pattern=pattern).content.split("\n") == found


def test_a_glob_below(workspace: Workspace) -> None:
    """A pattern is matched from the directory that is named on, and the rules above it still hold."""
    assert call(Glob(workspace), pattern="*.log", path="src").content == "src/keep.log"
    assert "nowhere does not exist" in failure(Glob(workspace), "failed", pattern="*", path="nowhere").message
    assert "alternatives" in failure(Glob(workspace), "invalid", pattern="{a,b}" * 10).message


PATTERNS = [
    ("*.py", "a.py", True), ("*.py", "d/a.py", False), ("**/a", "a", True), ("**/a", "x/y/a", True),
    ("a/**/b", "a/b", True), ("a/**/b", "a/x/y/b", True), ("a/**", "a", True), ("a/**", "b", False),
    ("[ab]?", "bc", True), ("[!ab]?", "bc", False), ("a**b", "axxb", True), ("{a,b}/{c,d}", "b/c", True),
    ("**/**/x/**/y", "1/2/x/3/y", True), ("*" * 60 + "b", "a" * 200, False),
    ("/".join(["**"] * 40) + "/b", "a/" * 40 + "a", False),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "path", "matches"), PATTERNS)
def test_a_pattern(pattern: str, path: str, *, matches: bool) -> None:
    """Patterns mean what they mean to a shell with globstar, and none takes long."""
    assert Pattern(pattern).matches(path.split("/")) is matches


RULES = [
    ("a", "x/a", False, True), ("/a", "x/a", False, False), ("a/", "a", False, False), ("a/", "a", True, True),
    ("x/a", "x/a", False, True), ("x/a", "y/x/a", False, False), ("**/x/a", "y/x/a", False, True),
    ("*.c\n!b.c", "b.c", False, False), ("\\#a", "#a", False, True), ("#a", "#a", False, False),
    ("a{1,2}", "a{1,2}", False, True), ("a  ", "a", False, True),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "path", "directory", "ignored"), RULES)
def test_a_gitignore(rules: str, path: str, *, directory: bool, ignored: bool) -> None:
    """Lines of a .gitignore mean what gitignore(5) says."""
    assert parse(rules, 0, None).ignores(path.split("/"), is_directory=directory) is ignored


def test_a_grep(workspace: Workspace) -> None:
    """Lines are found with their places, in files that git does not ignore and that are text."""
    found = call(Grep(workspace), pattern="hel+o").content.split("\n")
    assert sorted(found) == [
        ".hidden/h.py:1: hello",
        "src/app.py:2: print('hello')",
        "src/app.ts:1: hello()",
        "src/deep/er/x.py:1: x = 'hello'",
        "src/keep.log:1: hello",
    ]


def test_a_narrow_grep(workspace: Workspace) -> None:
    """A directory, a file, names and letter case narrow a search or widen it."""
    grep = Grep(workspace)
    assert call(grep, pattern="hello", glob="*.ts").content == "src/app.ts:1: hello()"
    assert call(grep, pattern="^x", path="src/deep", glob="er/*").content == "src/deep/er/x.py:1: x = 'hello'"
    assert call(grep, pattern="hello", path="readme.md").content == "[no line matches]"
    assert call(grep, pattern="hello", path="readme.md", ignore_case=True).content == "readme.md:1: Hello World"
    assert "nowhere does not exist" in failure(grep, "failed", pattern="x", path="nowhere").message
    assert "no regular expression" in failure(grep, "invalid", pattern="(").message


def test_a_pattern_that_never_ends(tmp_path: Path) -> None:
    """A search that would take for ever is ended, and leaves no process behind."""
    (tmp_path / "a").write_text("a" * 60 + "b")
    grep = Grep(Workspace(tmp_path), seconds=0.5)
    error = failure(grep, "timeout", pattern="(a+)+$")
    assert "the search was not done after 0.5 s" in error.message


def test_a_search_is_cancelled(tmp_path: Path) -> None:
    """Nobody waits for a search that was cancelled, and its process is ended."""
    (tmp_path / "a").write_text("a" * 60 + "b")

    async def main() -> None:
        plan = await Grep(Workspace(tmp_path)).plan({"pattern": "(a+)+$"})
        task = asyncio.ensure_future(plan.run())
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert not running(WORKER, os.getpid())


AGENT = """
import asyncio, sys
from pathlib import Path
from agentctl.tools.builtin.grepping import Grep
from agentctl.tools.builtin.workspace import Workspace

async def main():
    await (await Grep(Workspace(Path(sys.argv[1]))).plan({"pattern": "(a+)+$"})).run()

asyncio.run(main())
"""


def test_no_search_outlives_the_agent(tmp_path: Path) -> None:
    """When the agent itself is killed, its search ends with it."""
    (tmp_path / "a").write_text("a" * 60 + "b")
    with subprocess.Popen([sys.executable, "-c", AGENT, str(tmp_path)]) as agent:
        while not (workers := running(WORKER, agent.pid)):
            time.sleep(0.01)
        time.sleep(0.3)  # until it is well into the pattern; earlier, the end of its input ends it
        agent.kill()
    assert gone(WORKER, workers)


def test_a_glob_is_cancelled(workspace: Workspace) -> None:
    """A walk ends when it is told to."""

    async def main() -> None:
        plan = await Glob(workspace).plan({"pattern": "**"})
        task = asyncio.ensure_future(plan.run())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises((asyncio.CancelledError, ToolError)):
            await task

    asyncio.run(main())
