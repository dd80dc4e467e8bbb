"""`agentctl train run` and `train eval` on environments."""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
from pathlib import Path
from typing import Any

import pytest
from support.program import PATIENCE, Program
from support.schemas import validate

from agentctl.cli.train.curve import curve

WALK = ("--env", "support.environs:Walk-v0", "--envs", "4", "--set", "horizon=8,minibatch=16,epochs=1,hidden=8")
LONG = (*WALK, "--steps", "3200")  # its metrics are more than the pipe below holds


@pytest.fixture
def trainer(program: Program) -> Program:
    """Agentctl where the tests' environments can be imported."""
    program.environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    return program


def _result(program: Program, *args: str | Path) -> dict[str, Any]:
    done = program.run("train", "run", *args, "--json")
    assert done.code == 0, done.err
    result: dict[str, Any] = json.loads(done.out.splitlines()[-1])
    return result


def test_a_run_and_its_measure(trainer: Program) -> None:
    """A run ends with one JSON document, the policy it names is measured, and its metrics and curve are written."""
    metrics, plot = trainer.home / "m.jsonl", trainer.home / "curve.png"
    result = _result(trainer, *WALK, "--steps", "200", "--seed", "3", "--metrics", metrics, "--plot", plot)
    validate("train-run", result)
    assert (result["steps"], result["seed"], result["env"]) == (200, 3, "support.environs:Walk-v0")
    assert {"policy", "mean_return_100", "episodes", "wall_s", "param_sha256", "run"} <= result.keys()
    lines = [json.loads(line) for line in metrics.read_text().splitlines()]
    assert [one["steps"] for one in lines] == [32, 64, 96, 128, 160, 192, 200]
    assert {"mean_return", "kl", "entropy", "gradient_norm"} <= lines[0].keys()
    assert plot.read_bytes().startswith(b"\x89PNG")

    validate("train-show", trainer.run("train", "show", result["policy"][:8], "--json").json)
    done = trainer.run("train", "eval", result["policy"][:8], "--episodes", "5", "--seed", "1", "--json")
    assert done.code == 0, done.err
    found = done.json
    validate("train-eval", found)
    assert (found["policy"], found["episodes"], found["seed"]) == (result["policy"], 5, 1)
    assert {"mean_return", "std", "env"} <= found.keys()
    assert trainer.run("train", "eval", result["policy"][:8], "--env", "CartPole-v1").code == 2


def test_progress_is_told_unless_it_is_quiet(trainer: Program) -> None:
    """Off a terminal there is a line for each tenth on stderr, with return, KL, entropy and ETA; -q has none."""
    told = trainer.run("train", "run", *WALK, "--steps", "640")
    assert (told.code, len(told.out.splitlines())) == (0, 1)
    lines = [line for line in told.err.splitlines() if "left" in line]
    assert len(lines) == 10
    assert all(word in lines[-1] for word in ("return", "KL", "entropy", "100%"))
    quiet = trainer.run("train", "run", *WALK, "--steps", "64", "-q")
    assert "left" not in quiet.err


def _begin(trainer: Program, *args: str, **options: Any) -> tuple[Any, Any]:
    """Start a long run, and return it and its metrics once the first are there."""
    pipe = trainer.home / "metrics"
    os.mkfifo(pipe)
    held = os.open(pipe, os.O_RDWR)
    fcntl.fcntl(held, fcntl.F_SETPIPE_SZ, 4096)
    metrics = pipe.open()
    process = trainer.start("train", "run", *LONG, "--metrics", str(pipe), *args, **options)
    assert json.loads(metrics.readline())["iteration"] == 1
    os.close(held)
    return process, metrics


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_a_run_where_it_can_go_on(trainer: Program, number: signal.Signals, code: int) -> None:
    """Told to end, with its workers, it says how to go on; what goes on leaves the policy of a run in one piece."""
    process, metrics = _begin(trainer, "--workers", "2", start_new_session=True)
    os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
    with metrics:
        metrics.read()
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == code, told
    assert b"Traceback" not in told
    assert b"--resume" in told
    if number == signal.SIGINT:
        assert _result(trainer, "--resume", "latest")["param_sha256"] == _result(trainer, *LONG)["param_sha256"]


def _children(pid: int) -> list[int]:
    """The processes that a process started."""
    parents = {}
    for one in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = one.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(one.parent.name)] = int(fields[1])
    return [child for child, parent in parents.items() if parent == pid]


def test_no_worker_outlives_a_run(trainer: Program) -> None:
    """When the run is killed, its workers end too."""
    process, metrics = _begin(trainer, "--workers", "3")
    children = _children(process.pid)
    assert len(children) >= 3
    watched = [os.pidfd_open(child) for child in children]
    process.kill()
    process.communicate(timeout=PATIENCE)
    metrics.close()
    for one in watched:
        poll = select.poll()
        poll.register(one, select.POLLIN)
        assert poll.poll(PATIENCE * 1000)
        os.close(one)


def test_a_file_says_what_options_say(trainer: Program) -> None:
    """train.toml has the options by their names, options override it, and its paths are relative to it."""
    place = trainer.home / "place"
    place.mkdir()
    (place / "train.toml").write_text(
        'env = "support.environs:Walk-v0"\nsteps = 64\nseed = 5\nenvs = 4\nmetrics = "m.jsonl"\n'
        '[set]\nhorizon = 8\nminibatch = 16\nepochs = 1\nhidden = "8"\nanneal = true\n'
    )
    result = _result(trainer, place / "train.toml", "--steps", "32")
    assert (result["steps"], result["seed"]) == (32, 5)
    assert len((place / "m.jsonl").read_text().splitlines()) == 1
    assert _result(trainer, *WALK, "--steps", "32", "--seed", "5")["policy"] == result["policy"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stepz = 3", "did you mean steps?"),
        ("steps = '3'", "steps is a whole number"),
        ("steps = true", "steps is a whole number"),
        ("seed = ", "no TOML"),
        ("quiet = 1", "true or false"),
        ("[cost]\nx = 'dear'", "takes numbers"),
        ("cost = 'x'", "NAME=VALUE"),
        ("envs = 100000", "from 1 to 4096"),
        ("workers = 100000", "from 1 to 256"),
        pytest.param("steps = " + "9" * 5000, "no TOML", id="digits"),
        pytest.param("steps = " + "[" * 5000, "no TOML", id="brackets"),
    ],
)
def test_a_file_without_sense_is_refused(trainer: Program, text: str, message: str) -> None:
    """An unknown key is met with a near one, a value of the wrong kind with the right kind."""
    (trainer.home / "train.toml").write_text(text)
    done = trainer.run("train", "run", "train.toml")
    assert done.code == 3
    assert message in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "nothing to learn from"),
        (("nowhere.toml",), 2, "can't read"),
        (("--env", "CartPol-v1"), 2, "did you mean CartPole-v1"),
        (("--env", "CartPole-v1", "--tasks", "x"), 2, "one source"),
        (("--env", "CartPole-v1", "--cost", "x=1"), 2, "--cost is for --tasks"),
        (("--env", "CartPole-v1", "--set", "gama=1"), 2, "did you mean gamma?"),
        (("--env", "CartPole-v1", "--steps", "2"), 0, ""),
        (("--env", "CartPole-v1", "--steps", "2", "--envs", "4"), 2, "less than one"),
        (("--env", "CartPole-v1", "--plot", "curve.pdf"), 2, "PNG"),
        (("--env", "CartPole-v1", "--ray", "127.0.0.1:1"), 3, "no Ray cluster"),
        (("--env", "CartPole-v1", "--ray", "nonsense"), 2, "no address"),
        (("--resume", "latest"), 2, "no run"),
        (("--env", "CartPole-v1", "--set", "learning_rate=inf"), 2, "learning_rate has to be above 0 and finite"),
        (("--env", "CartPole-v1", "--set", "clip=1,gamma=-1"), 2, "--set gamma="),
        (("--env", "CartPole-v1", "--set", "hidden=1000000x1000000"), 1, "too little memory"),
        (("--env", "CartPole-v1", "--metrics", "/dev/full"), 9, "can't write metrics"),
        (("--env", "support.environs:Spaceless-v0"), 2, "no row of numbers"),
    ],
)
def test_what_makes_no_sense_is_refused(trainer: Program, arguments: tuple[str, ...], code: int, message: str) -> None:
    """Each leaves with its code, what is wrong, and no traceback."""
    done = trainer.run("train", "run", *arguments)
    assert done.code == code, done.err
    assert message in done.err
    assert "Traceback" not in done.err


def test_a_run_goes_on_as_it_began(trainer: Program) -> None:
    """With --resume neither the environment nor what the result depends on can be changed."""
    result = _result(trainer, *WALK, "--steps", "64")
    assert _result(trainer, "--resume", result["run"][:20])["policy"] == result["policy"]
    for changed in (("--steps", "100"), ("--env", "CartPole-v1"), ("--set", "gamma=0.5")):
        assert trainer.run("train", "run", "--resume", "latest", *changed).code == 2


def test_a_run_that_can_not_be_read_is_told_of(trainer: Program) -> None:
    """What the run is made of may be damaged; what it measured may be too, and is not needed."""
    run = _result(trainer, *WALK, "--steps", "64")["run"]
    (place,) = trainer.home.rglob(run)
    asked = json.loads((place / "run.json").read_text())
    (place / "metrics.jsonl").write_bytes(b"\xff\xfe\n")
    assert _result(trainer, "--resume", run)["steps"] == 64
    recipes: list[Any] = [{}, {"environment": 3}, []]
    for recipe in recipes:
        (place / "run.json").write_text(json.dumps({"kind": "environment", "recipe": recipe}))
        done = trainer.run("train", "run", "--resume", run)
        assert (done.code, "can't read what the run" in done.err) == (9, True), done.err
    (place / "lock").unlink()
    (place / "lock").mkdir()
    (place / "run.json").write_text(json.dumps({"kind": "environment", "recipe": asked["recipe"]}))
    assert trainer.run("train", "run", "--resume", run).code == 9


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_environment_that_talks_and_clings(trainer: Program, workers: str) -> None:
    """What an environment prints is not among the results, and that it can't be closed costs none of them."""
    arguments = ("--env", "support.environs:Clinging-v0", *WALK[2:], "--steps", "64", "--workers", workers, "--json")
    done = trainer.run("train", "run", *arguments)
    assert done.code == 0, done.err
    assert done.json["steps"] == 64
    done = trainer.run("train", "eval", done.json["policy"], "--episodes", "2", "--json")
    assert done.json["mean_length"] == 5


def test_a_missing_package_is_told_of(trainer: Program) -> None:
    """Where the extra is not installed the hint says how it is."""
    (trainer.home / "sitecustomize.py").write_text(
        "import sys, importlib.util as util\n"
        "found = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'gymnasium' else found(name, *rest)\n"
    )
    trainer.environ["PYTHONPATH"] = str(trainer.home)
    done = trainer.run("train", "run", "--env", "CartPole-v1")
    assert done.code == 3
    assert "agentctl[train]" in done.err


def test_a_curve_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """It rises where values do, says the least and the greatest, and does without braille where there is none."""
    monkeypatch.setenv("COLUMNS", "30")
    rows = curve([float(one) for one in range(100)]).splitlines()
    assert (rows[0].split()[0], rows[-1].split()[0]) == ("99", "0")
    assert rows[0].index(rows[0].split()[-1][-1]) > rows[-1].index(rows[-1].split()[-1][0])
    assert max(map(len, rows)) < 30
    assert curve([]) == "no episode ended"
    assert curve([3.0, 3.0])
