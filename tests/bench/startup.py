"""How much CPU time it takes to start: agentctl beside `python -c pass` and `llm`, interleaved in one run.

    python tests/bench/startup.py [ROUNDS]

Both tools are installed the normal way (no editable install) into an environment of their own below build/. CPU time
is user plus system time of the whole process as the kernel accounts it; for `chat` it is what the process had used
when the first token of the answer could be read from its standard output.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.completions import completion, opening  # noqa: E402
from support.server import Server, Stall  # noqa: E402

INSTALL = ROOT / "build" / "bench"
BIN = INSTALL / "bin"
ROUNDS = 15
BARS = {
    "agentctl --version": ("python -c pass", 2.5),
    "agentctl --help": ("python -c pass", 8.0),
    "agentctl sessions list": ("python -c pass", 12.0),
    "agentctl cost": ("python -c pass", 12.0),
    "agentctl models list": ("python -c pass", 12.0),
}
PEERS = {
    "agentctl --version": "llm --version",
    "agentctl --help": "llm --help",
    "agentctl sessions list": "llm logs list",
    "agentctl cost": "llm logs list",
    "agentctl models list": "llm models list",
    "agentctl chat, first token": "llm, first token",
}
PEER_BAR = 0.25
# A whole answer for each tool's log, then answers of which only the first token comes.
SCRIPTS = (completion("Hello"), completion("Hello"), opening("Hello", then=[Stall()]))


def install() -> None:
    """Install this checkout and llm, byte-compiled, as a user would."""
    if not (BIN / "llm").exists():
        subprocess.run([sys.executable, "-m", "venv", INSTALL], check=True)
        subprocess.run([BIN / "pip", "install", "-q", "--disable-pip-version-check", "llm"], check=True)
    pip = [str(BIN / "pip"), "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, str(ROOT)], check=True)
    subprocess.run([*pip, "--force-reinstall", "--no-deps", str(ROOT)], check=True)


def environment(home: Path) -> dict[str, str]:
    """A clean environment with an empty home."""
    (home / "llm").mkdir(parents=True, exist_ok=True)
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LLM_USER_PATH": str(home / "llm"), "OPENAI_API_KEY": "x"}


def whole(command: list[str], env: Mapping[str, str]) -> float:
    """CPU seconds of a command from start to end."""
    process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} left with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def first_token(command: list[str], env: Mapping[str, str]) -> float:
    """CPU seconds that a command had used when the first byte of its answer came; it is ended then."""
    process = subprocess.Popen(
        command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout
    try:
        if not process.stdout.read(1):
            raise SystemExit(f"{command} answered nothing")
        tasks = Path(f"/proc/{process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
    finally:
        process.terminate()  # so that agentctl settles the call, and leaves the next run nothing to put right
        process.communicate()


def measure(rounds: int, subjects: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Run all subjects in turn, `rounds` times after one warm-up, so that the machine's drift touches all alike."""
    times: dict[str, list[float]] = {name: [] for name in subjects}
    for number in range(rounds + 1):
        for name, run in subjects.items():
            used = run()
            if number:
                times[name].append(used)
    return times


def configure(home: Path, url: str) -> None:
    """Let llm know the local server."""
    (home / "llm" / "extra-openai-models.yaml").write_text(
        f"- model_id: fake\n  model_name: fake\n  api_base: {url}/v1\n"
    )


def main() -> None:
    """Measure, print the table, and leave with 1 if a bar is missed."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    install()
    with tempfile.TemporaryDirectory() as directory, Server(*SCRIPTS) as server:
        home = Path(directory)
        env = environment(home)
        configure(home, server.url)
        agentctl, llm = str(BIN / "agentctl"), str(BIN / "llm")
        ask = [agentctl, "chat", "-m", "compatible/fake", "--base-url", f"{server.url}/v1", "hi"]
        whole([llm, "-m", "fake", "hi"], env)
        whole(ask, env)
        commands = {
            "python -c pass": [str(BIN / "python"), "-c", "pass"],
            "agentctl --version": [agentctl, "--version"],
            "agentctl --help": [agentctl, "--help"],
            "agentctl sessions list": [agentctl, "sessions", "list"],
            "agentctl cost": [agentctl, "cost"],
            "agentctl models list": [agentctl, "models", "list"],
            "llm --version": [llm, "--version"],
            "llm --help": [llm, "--help"],
            "llm models list": [llm, "models", "list"],
            "llm logs list": [llm, "logs", "list"],
        }
        subjects = {name: partial(whole, command, env) for name, command in commands.items()}
        subjects["agentctl chat, first token"] = partial(first_token, ask, env)
        subjects["llm, first token"] = partial(first_token, [llm, "-m", "fake", "hi"], env)
        times = measure(rounds, subjects)
    sys.exit(report(times))


def report(times: Mapping[str, list[float]]) -> int:
    """Print each subject's CPU milliseconds and its ratios; return 1 if a bar is missed."""
    median = {name: statistics.median(values) for name, values in times.items()}
    missed = 0
    print(f"CPU time, median of {len(times['python -c pass'])} interleaved rounds")
    print(f"{'':28}{'ms':>8}{'min':>8}{'max':>8}")
    for name, values in times.items():
        print(f"{name:28}{median[name] * 1e3:8.1f}{min(values) * 1e3:8.1f}{max(values) * 1e3:8.1f}")
    print()
    pairs = [(name, *bar) for name, bar in BARS.items()] + [(name, peer, PEER_BAR) for name, peer in PEERS.items()]
    for name, other, bar in pairs:
        ratio = median[name] / median[other]
        missed += ratio > bar
        print(f"{name:28}/ {other:20}{ratio:7.3f}   bar {bar:g}   {'ok' if ratio <= bar else 'MISSED'}")
    print(json.dumps({name: round(value * 1e3, 2) for name, value in median.items()}))
    return int(missed > 0)


if __name__ == "__main__":
    main()
