"""`agentctl train run --tasks FILE --action NAME=MODEL`: models answer what has no outcome, on a real server."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from support.program import PATIENCE, Outcome, Program
from support.replay import replaying
from support.routed import Routed
from support.server import Recorded, Server, Step, answer
from support.tables import HARD, tasks, write

ACTIONS = ("--action", "weak=peer/weak", "--action", "strong=peer/strong")
FAST = ("--steps", "2048")
COUNT = 24


@dataclass
class Live:
    """Agentctl, two models on a server of which `weak` fails at hard tasks, and what they were asked."""

    program: Program
    routed: Routed
    asked: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    then: Callable[[int], None] | None = None
    finish: str = "stop"

    def respond(self, request: Recorded) -> list[Step]:
        """Answer as the model does, unless it refuses."""
        self.bodies.append(request.json)
        if request.json["model"] in self.refused:
            return answer(400, {"error": {"message": "not today"}})
        return list(replaying(self._answer, self.finish)(request))

    def _answer(self, model: str, prompt: str) -> str:
        self.asked.append((model, prompt))
        if self.then:
            self.then(len(self.asked))
        if "You judge an answer" in prompt:
            return json.dumps({"value": float(f"right: {_asked(prompt)}" in prompt), "reason": "so it is"})
        hard = any(word in prompt for word in HARD)
        return "no idea" if model == "weak" and hard else f"right: {prompt}"

    def run(self, path: Path, *options: str | Path, actions: tuple[str, ...] = ACTIONS) -> Outcome:
        """Train on the tasks."""
        return self.program.run("train", "run", "--tasks", path, *actions, *FAST, *options)

    def result(self, path: Path, *options: str | Path, actions: tuple[str, ...] = ACTIONS) -> dict[str, Any]:
        """The result of training on them."""
        done = self.run(path, *options, "--json", actions=actions)
        assert (done.code, done.err) == (0, "")
        return dict(done.json)

    def booked(self) -> Decimal:
        """Dollars in the ledger."""
        done = self.program.run("cost", "--json")
        return Decimal(done.json["cost_usd"])


def _asked(prompt: str) -> str:
    return prompt.partition("What was asked:\n")[2].partition("\n\n")[0]


@pytest.fixture
def live(program: Program) -> Iterator[Live]:
    """Two models that can be asked, and nothing answered yet."""
    made = Live(program, Routed(program, "", (1, 1), (10, 10)))
    with Server(made.respond) as server:
        made.routed = Routed(program, server.url, (1, 1), (10, 10))
        made.routed.configure(explore=0, cost_weight=1)
        yield made


def _questions(count: int = COUNT, **grader: Any) -> list[dict[str, Any]]:
    """Tasks without outcomes, which are graded by the text that is right if nothing else is given."""
    found = tasks(count)
    return [
        {
            "id": one["id"],
            "prompt": f"{one['prompt']} ({one['id']})",
            "grader": grader or {"exact": f"right: {one['prompt']} ({one['id']})"},
        }
        for one in found
    ]


def test_models_answer_once_and_are_learnt_from(live: Live, tmp_path: Path) -> None:
    """The first run asks each model each task, books it and learns; the second one asks nobody, and learns the same."""
    path = write(tmp_path / "tasks.jsonl", _questions())
    first = live.result(path)
    assert sorted(live.asked) == sorted((model, one["prompt"]) for one in _questions() for model in ("weak", "strong"))
    spent = Decimal(first["answers"].pop("spent_usd"))
    assert first["answers"] == {"asked": 2 * COUNT, "replayed": 0}
    assert spent == live.booked() > 0
    assert first["always"]["peer/strong"]["success"] == 1 > first["always"]["peer/weak"]["success"]
    assert sum(first["prices"].values()) * COUNT == pytest.approx(float(spent))
    second = live.result(path)
    assert len(live.asked) == 2 * COUNT
    assert second["answers"] == {"asked": 0, "replayed": 2 * COUNT, "spent_usd": "0"}
    assert (second["policy"], second["param_sha256"]) == (first["policy"], first["param_sha256"])
    assert (live.program.home / ".local/share/agentctl/answers.jsonl").stat().st_mode & 0o777 == 0o600


def test_costs_are_those_of_today(live: Live, tmp_path: Path) -> None:
    """Replayed answers cost what their tokens cost now, and not what they cost when they were asked for."""
    path = write(tmp_path / "tasks.jsonl", _questions())
    before = live.result(path)["prices"]
    Routed(live.program, live.routed.url, (3, 3), (10, 10)).configure(explore=0, cost_weight=1)
    after = live.result(path)["prices"]
    assert after == pytest.approx({"peer/weak": 3 * before["peer/weak"], "peer/strong": before["peer/strong"]})


def test_a_first_answer_can_be_looked_at(live: Live, tmp_path: Path) -> None:
    """The responses are there to be accepted or not, and people see who is best."""
    path = write(tmp_path / "tasks.jsonl", _questions())
    done = live.run(path, "--set", "mode=escalate", "--replay", tmp_path / "kept.jsonl")
    assert done.code == 0
    assert "always peer/strong" in done.out
    told = [line for line in done.err.splitlines() if f"of {2 * COUNT} answers" in line]
    assert len(told) == 10
    assert told[-1].startswith(f"100% · {2 * COUNT} of")
    again = live.result(path, "--set", "mode=escalate", "--replay", tmp_path / "kept.jsonl")
    assert (again["mode"], again["answers"]["asked"]) == ("escalate", 0)


def test_outcomes_that_are_there_stay(live: Live, tmp_path: Path) -> None:
    """Only what is missing is asked for, and a model whose outcomes are all there need not be named."""
    lines = _questions()
    for number, one in enumerate(lines):
        one["outcomes"] = {"weak": {"success": 0.5, "cost": 0.001}}
        if number % 3 == 0:
            one["outcomes"]["strong"] = {"success": 0}
            del one["grader"]
    found = live.result(write(tmp_path / "tasks.jsonl", lines), actions=ACTIONS[2:])
    assert [model for model, _ in live.asked] == ["strong"] * (COUNT - COUNT // 3)
    assert found["prices"]["weak"] == pytest.approx(0.001)
    assert (found["always"]["weak"]["success"], found["actions"]) == (0.5, ["weak", "peer/strong"])


@pytest.mark.parametrize(
    "grader",
    [
        {"number": 7},
        {"regex": "^right"},
        {"schema": {"type": "object"}},
        {"command": ["grep", "-q", "right"]},
        {"judge": {"model": "peer/strong"}},
    ],
    ids=lambda one: next(iter(one)),
)
def test_each_kind_of_grader(live: Live, tmp_path: Path, grader: dict[str, Any]) -> None:
    """Answers are graded by what the task names; what a judge costs is booked with the rest."""
    path = write(tmp_path / "tasks.jsonl", _questions(20, **grader))
    found = live.result(path)
    good = {"number": 0, "schema": 0}.get(next(iter(grader)), 1)
    assert found["always"]["peer/strong"]["success"] == good
    judged = 40 * ("judge" in grader)
    assert len(live.asked) == 40 + judged
    assert Decimal(found["answers"]["spent_usd"]) == live.booked()


def test_a_variant_is_asked_with_its_prompt_and_an_effort_is_passed_on(live: Live, tmp_path: Path) -> None:
    """The system prompt of a variant comes from the settings; it or an effort makes another question of a prompt."""
    live.program.run("config", "set", "routing.variants.terse", "Be terse.")
    path = write(tmp_path / "tasks.jsonl", _questions(20))
    names = ["peer/weak", "peer/weak+terse", "peer/weak@low"]
    found = live.result(path, actions=tuple(word for name in names for word in ("--action", name)))
    assert (found["actions"], len(live.asked)) == (names, 60)
    system = [[one["content"] for one in body["messages"] if one["role"] == "system"] for body in live.bodies]
    assert sorted(system) == [[]] * 40 + [["Be terse."]] * 20
    assert [body.get("reasoning_effort") for body in live.bodies].count("low") == 20


@pytest.mark.parametrize(("grader", "most"), [({}, "0.010"), ({"judge": {"model": "peer/weak"}}, "0.011")])
def test_a_budget_is_never_passed_and_the_next_run_goes_on(
    live: Live, tmp_path: Path, grader: dict[str, Any], most: str
) -> None:
    """The command stops before it spends more in all, says how far it came, learns nothing, and goes on later."""
    path = write(tmp_path / "tasks.jsonl", _questions(**grader))
    done = live.run(path, "--max-cost", most, "--json")
    assert done.code == 5
    assert "nothing is learnt from a part of them, and the same command goes on" in done.err
    assert f"of ${most} of --max-cost is left" in done.err
    error, told = done.json["error"], done.json["answers"]
    assert (error["kind"], done.json["policy"]) == ("budget", None)
    assert 4 < told["asked"] == 2 * COUNT - told["missing"] < 2 * COUNT
    assert told["asked"] <= len(_first(live)) <= told["asked"] + 1
    assert Decimal(0) < live.booked() == Decimal(told["spent_usd"]) <= Decimal(most)
    assert not (live.program.home / ".local/share/agentctl/policies").exists()
    again = live.result(path)
    assert again["answers"]["asked"] + again["answers"]["replayed"] == len(_first(live)) == 2 * COUNT


def _first(live: Live) -> list[tuple[str, str]]:
    """What was asked, but for judgements."""
    return [one for one in live.asked if "You judge an answer" not in one[1]]


def test_an_answer_that_the_budget_cut_off_is_no_outcome(live: Live, tmp_path: Path) -> None:
    """What a limit made shorter than the model would is not graded; what the model itself ends is an answer."""
    live.finish = "length"
    path = write(tmp_path / "tasks.jsonl", _questions(20))
    done = live.run(path, "--max-cost", "0.05")
    assert (done.code, len(live.asked)) == (5, 1)
    assert "the budget left room for" in done.err
    assert live.result(path)["answers"]["asked"] == 40


def test_a_provider_that_fails_ends_it(live: Live, tmp_path: Path) -> None:
    """Three failures of one model in a row end the command with the code of the failure, and what came is kept."""
    live.refused = {"weak"}
    path = write(tmp_path / "tasks.jsonl", _questions())
    done = live.run(path, "--parallel", "1")
    assert done.code == 7
    assert "not today" in done.err
    assert f"2 of {2 * COUNT} answers are there" in done.err
    assert len(live.asked) == 2
    live.refused = set()
    assert live.result(path)["answers"]["replayed"] == 2


def test_sigint_waits_for_what_is_under_way(live: Live, tmp_path: Path) -> None:
    """Ctrl-C lets the answers under way arrive, keeps them, says how to go on, and leaves with 130."""
    arrived, go = Event(), Event()

    def wait(count: int) -> None:
        if count == 4:
            arrived.set()
            assert go.wait(PATIENCE)

    live.then = wait
    path = write(tmp_path / "tasks.jsonl", _questions())
    running = live.program.start("train", "run", "--tasks", str(path), *ACTIONS, *FAST, "--parallel", "1", "--json")
    assert arrived.wait(PATIENCE)
    running.send_signal(signal.SIGINT)
    assert running.stderr
    told = running.stderr.readline()
    go.set()
    out, err = running.communicate(timeout=PATIENCE)
    assert (running.returncode, b"stopping after the answers under way" in told) == (130, True)
    assert f"4 of {2 * COUNT} answers are there and kept".encode() in err
    document = json.loads(out)
    assert (document["error"]["kind"], document["answers"]["missing"]) == ("sigint", 2 * COUNT - 4)
    again = live.result(path)
    assert (again["answers"]["replayed"], len(live.asked)) == (4, 2 * COUNT)


@pytest.mark.parametrize(
    ("options", "code", "why"),
    [
        (["--action", "weak=peer/weak"], 2, "nothing to choose"),
        (["--action", "weak="], 2, "--action takes NAME="),
        (["--action", "a=peer/weak", "--action", "a=peer/strong"], 2, "twice"),
        (["--action", "a=peer/weak", "--action", "b=peer/weak"], 2, "are both peer/weak"),
        (["--action", "a=peer/weak@huge", "--action", "b=peer/strong"], 3, "price of peer/weak@huge is unknown"),
        (["--action", "a=weak", "--action", "b=peer/strong"], 2, "neither provider/model nor an alias"),
        (["--action", "a=nobody/m", "--action", "b=peer/strong"], 3, "nobody"),
        (["--action", "a=peer/other", "--action", "b=peer/strong"], 3, "price of peer/other is unknown"),
        (["--action", "a=peer/weak+terse", "--action", "b=peer/strong"], 2, "no variant 'terse'"),
        ([*ACTIONS, "--max-cost", "much"], 2, "--max-cost is 'much'"),
        ([*ACTIONS, "--max-cost", "1", "--parallel", "2"], 2, "one after the other"),
        ([*ACTIONS, "--cost", "weak=1"], 2, "does not say what 'strong' costs"),
        ([*ACTIONS, "--from-sessions"], 2, "one source"),
        (["--parallel", "2"], 2, "--parallel is for --action"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anybody_is_asked(
    live: Live, tmp_path: Path, options: list[str], code: int, why: str
) -> None:
    """What is wrong is said, with what to do, and costs nothing."""
    done = live.run(write(tmp_path / "tasks.jsonl", _questions()), *options, actions=())
    assert (done.code, live.asked) == (code, [])
    assert why in done.err
    assert "hint: " in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"grader": {"exakt": "x"}}, "line 3: there is no grader 'exakt'"),
        ({"grader": {"judge": {"model": "nobody"}}}, "neither provider/model nor an alias"),
        ({"grader": {"command": ["no-such-program"]}}, "no program 'no-such-program'"),
        ({"grader": None}, "line 3: 'None' is no grader"),
        ({"outcomes": {"other": {"success": 1}}}, "no outcome of 'other'"),
        ({"outcomes": {"weak": {"success": 2}}}, "line 3: the success of 'weak' is 2"),
        ({"outcomes": []}, "line 3: its outcomes are no JSON object"),
        ({"id": "t0"}, "the id 't0' is that of line 1 too"),
    ],
)
def test_a_task_that_makes_no_sense_is_refused(live: Live, tmp_path: Path, change: dict[str, Any], why: str) -> None:
    """A line that can't be asked or graded is told of before anybody is asked."""
    lines = _questions()
    lines[2] |= change
    done = live.run(write(tmp_path / "tasks.jsonl", lines))
    assert (done.code, live.asked) == (2, [])
    assert why in done.err


def test_tasks_without_graders_or_too_few_are_refused(live: Live, tmp_path: Path) -> None:
    """A task needs a grader where an outcome is missing, and it takes as many tasks as without asking."""
    bare = [{name: one[name] for name in ("id", "prompt")} for one in _questions()]
    done = live.run(write(tmp_path / "bare.jsonl", bare))
    assert (done.code, "no outcome of 'weak', and no grader" in done.err) == (2, True)
    done = live.run(write(tmp_path / "few.jsonl", _questions(5)))
    assert (done.code, "has 5 tasks" in done.err, live.asked) == (2, True, [])


def test_a_file_says_what_the_options_say(live: Live, tmp_path: Path) -> None:
    """`[actions]`, budget and replay file stand in a train.toml; its paths are relative to it, and its keys strict."""
    project = tmp_path / "project"
    project.mkdir()
    write(project / "tasks.jsonl", _questions(20))
    text = 'tasks = "tasks.jsonl"\nreplay = "kept.jsonl"\nsteps = 2048\nmax-cost = 2.5\njson = true\n'
    (project / "train.toml").write_text(f'{text}[actions]\nweak = "peer/weak"\nstrong = "peer/strong"\n')
    done = live.program.run("train", "run", project / "train.toml")
    assert (done.code, done.json["actions"]) == (0, ["peer/weak", "peer/strong"])
    assert len((project / "kept.jsonl").read_text().splitlines()) == 80
    for wrong, why in (
        ("[actions]\nweak = 1\n", "actions is a table of PROVIDER/MODEL"),
        ("[action]\nweak = 'peer/weak'\n", "unknown key 'action'"),
        ("max-cost = true\n", "max-cost is dollars"),
        ("max-cost = 'much'\n", "max-cost is 'much'"),
        ("parallel = 0\n", "parallel is a whole number"),
    ):
        (project / "wrong.toml").write_text(wrong)
        done = live.program.run("train", "run", project / "wrong.toml")
        assert (done.code, why in done.err) == (3, True), done.err
