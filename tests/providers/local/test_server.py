"""The embedded server: that it opens no door, stays silent, refuses what it can't load, and ends when it should."""

import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.llama import NAME, models
from support.tenant import drain, model, run, send

from agentctl.errors import ConfigError, ExitCode
from agentctl.providers.local.server import Server

ROUNDS = int(os.environ.get("AGENTCTL_TEST_ENDINGS", "1"))  # runs of each ending; 50 take 10 minutes
PRELUDE = """
import os, signal, socket, subprocess, sys, time
from support.tenant import drain, model, run, send
from agentctl.providers.local.server import Server, leave
"""
LOADED = f"{PRELUDE}server = Server(model())\n"
LIVES = {
    "unused": "",
    "used": "drain(send(server, 'Hi', 4))",
    "refused": "drain(send(server, 'word ' * 9000, 4))",
    "cancelled": "c = send(server, 'Tell me a long story.', 1500); c.recv(65536); c.close()",
    "reading": "send(server, 'word ' * 1500, 4).close()",
}
ENDS = {"stopped": "assert server.stop()", "exiting": "", "leaving": "leave(7)"}
ENDINGS = [(life, end) for life in LIVES for end in ("stopped", "exiting")]
ENDINGS += [("cancelled", "leaving"), ("reading", "leaving")]


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(model())
    yield server
    assert server.stop()


@pytest.mark.parametrize(("life", "end"), ENDINGS)
def test_a_process_with_a_model_ends_in_silence(life: str, end: str, runtime: Path) -> None:
    """However the model was used and the process ends, it does not hang, prints nothing, and leaves nothing behind."""
    script = f"{LOADED}{LIVES[life]}\n{ENDS[end]}\nsys.exit(7)"
    for _ in range(ROUNDS):
        done = run(script, XDG_RUNTIME_DIR=str(runtime))
        assert (done.returncode, done.stdout, done.stderr) == (7, "", "")
        assert list(runtime.iterdir()) == []


def test_a_client_that_stays_does_not_keep_the_process(runtime: Path) -> None:
    """A process ends also while somebody reads an answer; `stop` refuses then, for it would wait for ever."""
    stay = "c = send(server, 'Tell me a long story.', 4000); c.recv(65536); assert not server.stop(wait=False)"
    done = run(f"{LOADED}{stay}\nsys.exit(7)", XDG_RUNTIME_DIR=str(runtime))
    assert (done.returncode, done.stdout, done.stderr) == (ExitCode.failure, "", "")
    assert list(runtime.iterdir()) == []


def test_nothing_listens_but_a_private_socket(server: Server) -> None:
    """The process has no TCP port open, and the socket lies in a directory that only its owner may enter."""
    assert listening_ports() == set()
    directory = Path(server.socket).parent
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert directory.stat().st_uid == os.getuid()
    assert b"[DONE]" in drain(send(server, "Hi", 2))


def test_stopping_twice_is_fine() -> None:
    """A second stop does nothing, and the socket's directory is gone after the first."""
    server = Server(model())
    assert server.stop()
    assert server.stop()
    assert not Path(server.socket).parent.exists()


def test_signals_stay_ours() -> None:
    """Loading a model leaves the handlers of SIGINT and SIGTERM as they were."""
    script = f"""{PRELUDE}
caught = []
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, frame: caught.append(number))
server = Server(model())
for number in (signal.SIGINT, signal.SIGTERM):
    signal.raise_signal(number)
drain(send(server, "Hi", 2))
print(caught == [signal.SIGINT, signal.SIGTERM])
"""
    assert run(script).stdout == "True\n"


def test_children_are_not_held_up(runtime: Path) -> None:
    """A process that holds a model can start programs and fork workers, and goes on answering."""
    script = f"""{LOADED}
import multiprocessing
assert subprocess.run([sys.executable, "-c", ""]).returncode == 0
worker = multiprocessing.get_context("fork").Process(target=server.stop)
worker.start(); worker.join(60)
assert worker.exitcode == 0, worker.exitcode
assert b"[DONE]" in drain(send(server, "Hi", 2))
"""
    done = run(script, XDG_RUNTIME_DIR=str(runtime))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_killed_process_is_swept_up_after(runtime: Path) -> None:
    """The directory of a process that was killed is removed by the next one, that of a living one is not."""
    kill = "os.kill(os.getpid(), signal.SIGKILL)"
    environ = {"XDG_RUNTIME_DIR": str(runtime)}
    assert run(f"{LOADED}{kill}", **environ).returncode == -signal.SIGKILL
    (dead,) = runtime.iterdir()
    done = run(f"{LOADED}run(os.environ['INNER']); print(os.path.exists(server.socket))", INNER=LOADED, **environ)
    assert done.stdout == "True\n"
    assert not dead.exists()
    assert list(runtime.iterdir()) == []


def test_a_missing_model_says_how_to_get_it(tmp_path: Path) -> None:
    """A file that is not there is an error of the configuration, with the command that fetches it."""
    with pytest.raises(ConfigError, match="local/smollm2 is not on this machine") as caught:
        Server(model(tmp_path / "smollm2.gguf"))
    assert caught.value.hint == "agentctl models pull smollm2"


def test_a_damaged_model_is_refused(tmp_path: Path, runtime: Path) -> None:
    """Whatever is wrong with a file, loading it fails with an error, in silence, and a sound one loads after it."""
    script = f"""{PRELUDE}
from pathlib import Path
from agentctl.errors import ConfigError
for path in sorted(Path(os.environ["DAMAGED"]).iterdir()):
    try:
        Server(model(path))
    except ConfigError as error:
        assert path.name in error.message and error.hint == "agentctl models pull smollm2", error
    else:
        sys.exit(f"{{path}} was loaded")
server = Server(model())
drain(send(server, "Hi", 2))
"""
    whole = (models() / f"{NAME}.gguf").read_bytes()
    for name, data in damage(whole):
        (tmp_path / name).write_bytes(data)
    done = run(script, DAMAGED=str(tmp_path), XDG_RUNTIME_DIR=str(runtime))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(runtime.iterdir()) == []


def test_without_the_extra_it_says_what_to_install(bare_python: str) -> None:
    """Where xllamacpp is not installed, the error names the extra that brings it."""
    script = """
from pathlib import Path
import sys
from agentctl.errors import ConfigError
from agentctl.providers.local.server import Model, Server
try:
    Server(Model("m", Path(sys.argv[1]), 512))
except ConfigError as error:
    print(error.hint, int(error.code))
"""
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [bare_python, "-c", script, models() / f"{NAME}.gguf"],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(root)},
    )
    assert done.stdout == "pip install 'agentctl[local]' 3\n", done.stderr


def test_one_core_gets_one_thread() -> None:
    """A process that may use one core computes with one thread, whatever the machine has."""
    script = f"""
import os
os.sched_setaffinity(0, {{min(os.sched_getaffinity(0))}})
{LOADED}
before = len(os.listdir("/proc/self/task"))
drain(send(server, "Hi", 4))
print(len(os.listdir("/proc/self/task")) - before)
"""
    assert run(script).stdout == "0\n"


def damage(whole: bytes) -> Iterator[tuple[str, bytes]]:
    """Files that are no sound model, by name."""
    yield "empty.gguf", b""
    yield "text.gguf", b"this is no model"
    yield "magic.gguf", b"GGUF"
    yield "version.gguf", whole[:4] + b"\xff" * 4 + whole[8:4096]
    yield "counts.gguf", whole[:8] + b"\xff" * 16 + whole[24:4096]
    for size in (5, 24, 4096, 1_000_000, len(whole) // 2, len(whole) - 1):
        yield f"cut-{size}.gguf", whole[:size]
    yield (
        "architecture.gguf",
        whole.replace(b"\x05\x00\x00\x00\x00\x00\x00\x00llama", b"\x05" + b"\0" * 7 + b"lalma", 1),
    )


def listening_ports() -> set[str]:
    """The TCP sockets that this process listens on, as the kernel has them."""
    inodes = {os.fstat(fd).st_ino for fd in range(1024) if is_socket(fd)}
    rows = [line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/net/{table}").read_text().splitlines()]
    return {row[1] for row in rows if row[3] == "0A" and int(row[9]) in inodes}


def is_socket(fd: int) -> bool:
    """Whether this descriptor is open, and a socket."""
    try:
        return stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError:
        return False
