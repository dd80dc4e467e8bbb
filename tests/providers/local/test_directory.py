"""The directory of the embedded server's socket."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentctl.providers.local.directory import SocketDirectory

ROOT = Path(__file__).parents[3]
# Makes and removes directories beside others that do the same, each of which takes the abandoned ones away.
CROWD = """
import os, sys
from pathlib import Path
from agentctl.providers.local.directory import SocketDirectory
environ = {"XDG_RUNTIME_DIR": sys.argv[1]}
for number in range(60):
    (Path(sys.argv[1]) / f"agentctl-llama-{os.getpid()}-{number}").mkdir(mode=0o700)
    directory = SocketDirectory(environ)
    assert str(directory.path.parent) == sys.argv[1]
    directory.socket.touch(exist_ok=False)
    SocketDirectory(environ).remove()
    assert directory.socket.exists()
    directory.remove()
"""


def test_it_is_private_and_in_the_runtime_directory(runtime: Path) -> None:
    """Whatever the umask, nobody else may enter it; once removed it is gone, also with a socket in it."""
    old = os.umask(0)
    try:
        directory = SocketDirectory({"XDG_RUNTIME_DIR": str(runtime)})
    finally:
        os.umask(old)
    assert directory.path.parent == runtime
    assert stat.S_IMODE(directory.path.stat().st_mode) == 0o700
    directory.socket.touch()
    directory.remove()
    directory.remove()
    assert list(runtime.iterdir()) == []


@pytest.mark.parametrize("first", ["", "relative", "/nonexistent/runtime", "/dev/null", "/tmp/" + "long" * 20])
def test_an_unusable_runtime_directory_is_passed_over(runtime: Path, first: str) -> None:
    """Where there is no usable runtime directory, the socket goes where temporary files go."""
    directory = SocketDirectory({"XDG_RUNTIME_DIR": first, "TMPDIR": str(runtime)})
    directory.remove()
    assert directory.path.parent == runtime


@settings(max_examples=20)
@given(length=st.integers(1, 120))
def test_a_path_is_never_too_long_for_a_socket(tmp_path_factory: pytest.TempPathFactory, length: int) -> None:
    """However long the names of the directories are, the socket's path fits into the address of one."""
    base = tmp_path_factory.getbasetemp() / ("d" * length)
    base.mkdir(exist_ok=True)
    directory = SocketDirectory({"XDG_RUNTIME_DIR": str(base), "TMPDIR": str(base)})
    directory.remove()
    assert len(os.fsencode(directory.socket)) <= 103


def test_what_is_not_an_abandoned_directory_stays(runtime: Path) -> None:
    """Files, links, and directories of other names are not swept away."""
    (runtime / "agentctl-llama-file").touch()
    (runtime / "agentctl-llama-link").symlink_to(runtime / "other")
    (runtime / "other").mkdir()
    (runtime / "agentctl-llama-full").mkdir()
    (runtime / "agentctl-llama-full" / "mine").touch()
    SocketDirectory({"XDG_RUNTIME_DIR": str(runtime)}).remove()
    left = sorted(path.name for path in runtime.iterdir())
    assert left == ["agentctl-llama-file", "agentctl-llama-full", "agentctl-llama-link", "other"]


def test_a_crowd_keeps_out_of_each_others_way(runtime: Path) -> None:
    """Processes that make and sweep directories at once never lose the one they hold, and leave nothing."""
    command = [sys.executable, "-c", CROWD, str(runtime)]
    crowd = [subprocess.Popen(command, env={"PYTHONPATH": str(ROOT)}) for _ in range(4)]
    assert [process.wait(60) for process in crowd] == [0, 0, 0, 0]
    SocketDirectory({"XDG_RUNTIME_DIR": str(runtime)}).remove()
    assert list(runtime.iterdir()) == []
