"""From chats to a policy that decides, on recorded answers: `replayed.py TASKS.jsonl.gz`.

Two models on a loopback server answer as two real ones did, at published prices. Half of the prompts are asked with
exploration on and rated; a policy is trained from these sessions, and has to pass the gate; it decides over the other
half, where what it earns is compared with the best single model. At the end it is taken back.

The tasks are those of `agentctl train run --tasks`, with a `response` in each outcome.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from support.replay import tokens
from support.routed import Price, Routed, Said, routed

WEAK: Price = (0.24, 0.24)  # dollars a million tokens: Mixtral-8x7B-Instruct-v0.1
STRONG: Price = (10.0, 30.0)  # gpt-4-1106-preview
MODELS = ("weak", "strong")


@dataclass(frozen=True, slots=True)
class Task:
    """A prompt, and of each model whether its answer was right, and the answer."""

    prompt: str
    success: Mapping[str, float]
    responses: Mapping[str, str]

    def reward(self, model: str, weight: float) -> float:
        """Success less what it cost, as the server counts tokens."""
        prices = {"weak": WEAK, "strong": STRONG}[model]
        used = (tokens(self.prompt), tokens(self.responses[model]))
        return self.success[model] - weight * sum(map(lambda n, p: n * p / 1e6, used, prices))


def read(path: Path) -> list[Task]:
    """The tasks of a file; of two with the same prompt the first."""
    found: dict[str, Task] = {}
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        for line in lines:
            one = json.loads(line)
            outcomes = one["outcomes"]
            success = {name: float(outcomes[name]["success"]) for name in MODELS}
            responses = {name: str(outcomes[name]["response"]) for name in MODELS}
            found.setdefault(one["prompt"].strip(), Task(one["prompt"].strip(), success, responses))
    return list(found.values())


def interval(differences: Sequence[float], seed: int = 0) -> tuple[float, float, float]:
    """The mean and its 95 % bootstrap interval."""
    values = np.array(differences)
    rng = np.random.default_rng(seed)
    means = values[rng.integers(0, len(values), (4000, len(values)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(values.mean()), float(low), float(high)


def asked(scene: Routed, tasks: Sequence[Task]) -> list[tuple[Task, Said]]:
    """Ask each prompt in a session of its own."""
    return [*zip(tasks, scene.talk([task.prompt for task in tasks]), strict=True)]


def chosen(said: Said) -> str:
    """The server's name of the model that answered."""
    return said.model.partition("/")[2]


def report(fresh: Sequence[tuple[Task, Said]], best: str, weight: float) -> None:
    """Print what choosing earned over the fresh half, beside each model alone."""
    mine = [task.reward(chosen(said), weight) for task, said in fresh]
    for model in MODELS:
        theirs = [task.reward(model, weight) for task, _ in fresh]
        gain, low, high = interval([one - other for one, other in zip(mine, theirs, strict=True)])
        mark = " (best single in the learning half)" if model == best else ""
        print(f"fresh half: auto - {model}: {gain:+.4f} [{low:+.4f}, {high:+.4f}]{mark}")
    success = float(np.mean([task.success[chosen(said)] for task, said in fresh]))
    share = float(np.mean([chosen(said) == "strong" for _, said in fresh]))
    print(
        f"fresh half: {len(fresh)} prompts, success {success:.3f}, strong asked {share:.1%}, reward {np.mean(mine):.4f}"
    )


def main() -> int:
    """Run it all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("tasks", type=Path)
    parser.add_argument("--cost-weight", type=float, default=40.0, help="the success that a dollar is worth")
    parser.add_argument("--limit", type=int)
    given = parser.parse_args()
    tasks = read(given.tasks)[: given.limit]
    order = np.random.default_rng(0).permutation(len(tasks))
    learning, fresh = ([tasks[n] for n in part] for part in np.array_split(order, 2))
    answers = {(model, task.prompt): task.responses[model] for task in tasks for model in MODELS}
    weight = given.cost_weight
    with (
        tempfile.TemporaryDirectory() as home,
        routed(Path(home), lambda model, prompt: answers[model, prompt], weak=WEAK, strong=STRONG) as scene,
    ):
        scene.configure(explore=1.0, cost_weight=weight)
        lessons = asked(scene, learning)
        scene.rate([(said, task.success[chosen(said)]) for task, said in lessons])
        best = max(MODELS, key=lambda model: float(np.mean([task.reward(model, weight) for task in learning])))
        print(f"learning half: {len(lessons)} rated sessions; best single: {best}")
        run = scene.document("train", "run", "--from-sessions", "--seed", "0", "--json")
        print("run:", json.dumps(run))
        promoted = scene.program.run("train", "promote", run["policy"], "--json")
        print("promote:", promoted.code, promoted.out.strip(), promoted.err.strip())
        scene.configure(explore=0.0, cost_weight=weight)
        if promoted.code == 0:
            report(asked(scene, fresh), best, weight)
            print("rollback:", scene.program.run("train", "rollback", "--json").out.strip())
    return 0


if __name__ == "__main__":
    sys.exit(main())
