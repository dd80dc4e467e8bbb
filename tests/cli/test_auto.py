"""`agentctl chat -m auto`: two models on loopback, and whatever chooses between them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pexpect
import pytest
from support.completions import completion
from support.graded import decide_all
from support.program import AGENTCTL, PATIENCE, Outcome, Program
from support.routing_policies import artifact, policy, promote
from support.schemas import validate
from support.server import Server
from support.talks import database_of

from agentctl.learning.artifacts import Library, pack
from agentctl.store import decisions
from agentctl.store.decisions import Row

CHEAP, STRONG = "cheap/x", "strong/y"
POLICY = policy({CHEAP: 0.5, STRONG: 0.4}, good_at={STRONG: "theorem"})


@pytest.fixture
def cheap() -> Iterator[Server]:
    """A cheap model, which says so."""
    with Server(completion("cheap", model="x")) as running:
        yield running


@pytest.fixture
def strong() -> Iterator[Server]:
    """A strong one."""
    with Server(completion("strong", model="y")) as running:
        yield running


@pytest.fixture
def two(program: Program, cheap: Server, strong: Server) -> Program:
    """A home where one of the two is to be chosen."""
    return allow(program, cheap, strong)


def allow(program: Program, cheap: Server, strong: Server, more: str = "", *, head: str = "") -> Program:
    """Configure both; `more` is added to the section `routing`, `head` before all."""
    program.configure(
        f"""{head}
[servers.cheap]
base_url = "{cheap.url}/v1"
[servers.strong]
base_url = "{strong.url}/v1"
[models."cheap/x"]
input = "0.1"
output = "0.4"
[models."strong/y"]
input = "2"
output = "8"
[routing]
models = ["cheap/x", "strong/y"]
{more}
"""
    )
    return program


def ask(program: Program, text: str, *more: str) -> Outcome:
    """Ask whoever is chosen."""
    return program.run("chat", "-m", "auto", *more, text)


def decided(program: Program, text: str, *more: str) -> dict[str, Any]:
    """What was chosen, and why."""
    done = ask(program, text, "--explain", "-o", "json", *more)
    assert done.code == 0, done.err
    validate("chat-result", done.json)
    found: dict[str, Any] = done.json["decision"]
    return found


def rows(program: Program) -> list[Row]:
    """What was recorded."""
    with closing(database_of(program)) as database:
        return database.read(decisions.rows)


def test_without_a_policy_the_first_model_answers(two: Program) -> None:
    """The user is told that nothing is learnt, and the decision is recorded with what its call used."""
    done = ask(two, "hi")
    assert (done.code, done.out) == (0, "cheap\n")
    assert "nothing is learnt yet" in done.err
    assert "cheap/x · 9 in" in done.err
    (row,) = rows(two)
    assert (row.decision.candidates, row.decision.action, row.decision.propensity) == ((CHEAP, STRONG), 0, 1.0)
    assert (row.decision.policy, row.state) == (None, "completed")
    assert row.tokens[CHEAP].output == 3


def test_a_policy_chooses_by_the_prompt(two: Program) -> None:
    """The same policy sends each prompt where it expects most of it; `model = "auto"` needs no option."""
    sha = promote(two.home, artifact(POLICY))
    assert ask(two, "add two numbers").out == "cheap\n"
    assert two.run("chat", "prove a theorem", env={"AGENTCTL_MODEL": "auto"}).out == "strong\n"
    assert [(row.decision.policy, row.decision.action) for row in rows(two)] == [(sha, 0), (sha, 1)]


def test_a_cost_weight_moves_along_the_curve(two: Program) -> None:
    """The policy's own holds, then the configured one, then that of the command."""
    promote(two.home, artifact(POLICY))
    assert decided(two, "a theorem")["cost_weight"] == 0
    told = decided(two, "a theorem", "--cost-weight", "1000000")
    assert (told["action"], told["cost_weight"]) == (CHEAP, 1e6)
    two.environ["AGENTCTL_ROUTING_COST_WEIGHT"] = "1000000"
    assert decided(two, "a theorem")["action"] == CHEAP
    assert decided(two, "a theorem", "--cost-weight", "0")["action"] == STRONG


def test_why_is_told_as_text_and_as_events(two: Program) -> None:
    """On stderr before the answer, and as an event of the published shape before its text."""
    sha = promote(two.home, artifact(POLICY))
    told = ask(two, "a theorem", "--explain").err
    assert f"strong/y: the policy {sha[:12]} expects most of it" in told
    assert "cheap/x: probability 0.000, success 0.500, about $" in told
    events = ask(two, "a theorem", "--explain", "-o", "stream-json").lines
    for event in events:
        validate("chat-event", event)
    kinds = [event["type"] for event in events]
    assert kinds.index("decision") < kinds.index("text")
    assert events[-1]["decision"]["policy"] == sha


def test_nothing_is_recorded_where_the_user_chooses_or_keeps_nothing(two: Program) -> None:
    """Not for a named model, not with --no-save, not for a dry run."""
    assert two.run("chat", "-m", STRONG, "hi").code == 0
    assert ask(two, "hi", "--no-save").code == 0
    shown = ask(two, "hi", "--dry-run", "--explain")
    assert shown.json["model"] == CHEAP
    assert "cheap/x: it is the usual one" in shown.err
    assert rows(two) == []


def test_a_session_goes_on_with_another_model(two: Program, strong: Server) -> None:
    """What was said before is sent to whoever is chosen next."""
    promote(two.home, artifact(POLICY))
    assert ask(two, "add two numbers").out == "cheap\n"
    assert ask(two, "now a theorem", "-c").out == "strong\n"
    sent = strong.requests[0].json["messages"]
    assert [one["content"] for one in sent] == ["add two numbers", "cheap", "now a theorem"]


def test_a_conversation_chooses_line_by_line(two: Program) -> None:
    """In a terminal each line is decided for itself, and the summary names who answered."""
    promote(two.home, artifact(POLICY))
    child = pexpect.spawn(
        str(AGENTCTL),
        ["chat", "-m", "auto"],
        env={**two.environment, "TERM": "xterm"},
        cwd=str(two.home),
        encoding="utf-8",
        timeout=PATIENCE,
    )
    child.expect("auto · Ctrl-C")
    for line, answer in (("add", "cheap/x · 9 in"), ("a theorem", "strong/y · 9 in")):
        child.expect("> ")
        child.sendline(line)
        child.expect(answer)
    child.expect("> ")
    child.sendeof()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert [row.decision.action for row in rows(two)] == [0, 1]


def test_each_call_of_a_turn_belongs_to_its_decision(program: Program, cheap: Server) -> None:
    """A turn with a tool call is one decision with two calls."""
    script = [
        {"type": "tool_call", "id": "c1", "name": "shell", "arguments": {"command": "echo hi"}},
        {"type": "done", "stop_reason": "tool_use"},
        {"type": "text", "text": "done"},
        {"type": "done"},
    ]
    (program.home / "s.jsonl").write_text("\n".join(map(json.dumps, script)))
    program.configure('[routing]\nmodels = ["scripted/s.jsonl"]\n')
    done = ask(program, "go", "-t", "shell", "--approve", "auto", "-o", "json")
    assert done.json["turns"] == 2
    (row,) = rows(program)
    assert (row.state, row.tool_errors) == ("completed", 0)
    with closing(database_of(program)) as database:
        calls = database.read(lambda tx: tx.all("decisions.charges", first=row.decision.id, last=row.decision.id))
    assert len({one["call_id"] for one in calls}) == 2


def test_a_variant_is_a_system_prompt_and_an_effort_is_sent(program: Program, cheap: Server, strong: Server) -> None:
    """What an action says beside its model reaches the provider."""
    allow(program, cheap, strong, '[routing.variants]\nterse = "Be brief."')
    program.environ["AGENTCTL_ROUTING_MODELS"] = "cheap/x@high+terse"
    assert ask(program, "hi").out == "cheap\n"
    body = cheap.requests[0].json
    assert body["reasoning_effort"] == "high"
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert rows(program)[0].decision.candidates == ("cheap/x@high+terse",)


def test_a_budget_masks_what_it_would_refuse(two: Program) -> None:
    """The dear model is not chosen where it may cost more than is left, and that is told."""
    promote(two.home, artifact(POLICY))
    told = decided(two, "a theorem", "--max-cost", "0.0015")
    assert told["action"] == CHEAP
    assert told["candidates"][1]["masked"] == "it may cost more than the budget has left"
    assert rows(two)[0].decision.mask == (True, False)
    refused = ask(two, "a theorem", "--max-cost", "0.0000001")
    assert (refused.code, len(rows(two))) == (5, 1)
    assert "nothing can answer, so it is left to the usual model" in refused.err


def test_rollback_restores_the_former_choice(two: Program) -> None:
    """After a promotion and a rollback each prompt is decided as before, to the last digit."""
    prompts = ("add two numbers", "prove a theorem")
    first = artifact(POLICY)
    promote(two.home, first)
    before = [decided(two, prompt) for prompt in prompts]
    promote(two.home, artifact(policy({CHEAP: 0.1, STRONG: 0.9})))
    assert decided(two, prompts[0])["action"] == STRONG
    _library(two).channels.rollback("production")
    assert [decided(two, prompt) for prompt in prompts] == before


def _library(program: Program) -> Library:
    return Library(program.home / ".local/share/agentctl/policies")


def _damage(directory: Path) -> None:
    arrays = directory / "arrays.npz"
    arrays.write_bytes(arrays.read_bytes()[:-100])


def _flip(directory: Path) -> None:
    manifest = directory / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"selected": "ridge"', '"selected": "ppo"'))


def _empty(directory: Path) -> None:
    (directory / "manifest.json").unlink()


@pytest.mark.parametrize("harm", [_damage, _flip, _empty])
def test_a_damaged_policy_costs_no_turn(two: Program, harm: Any) -> None:
    """The usual model answers, and the note and the log say why."""
    sha = promote(two.home, artifact(POLICY))
    harm(two.home / ".local/share/agentctl/policies" / sha)
    done = ask(two, "prove a theorem")
    assert (done.code, done.out) == (0, "cheap\n")
    assert "the usual model answers" in done.err
    assert "hint:" in done.err
    assert "no policy chose" in (two.home / ".local/state/agentctl/agentctl.log").read_text()
    assert rows(two)[0].decision.policy is None


def test_a_channel_that_can_not_be_read_costs_no_turn(two: Program) -> None:
    """A pointer that makes no sense is told, and the usual model answers."""
    promote(two.home, artifact(POLICY))
    (two.home / ".local/share/agentctl/policies/channels/production.jsonl").write_text("{}\n")
    done = ask(two, "prove a theorem")
    assert (done.code, done.out) == (0, "cheap\n")
    assert "can't read the channel production" in done.err


def test_without_numpy_the_usual_model_answers(two: Program, tmp_path: Path) -> None:
    """It is told what to install, with a policy and without one; a named model needs none of it."""
    (tmp_path / "none").mkdir()
    (tmp_path / "none/numpy.py").write_text("raise ImportError('no numpy here')")
    two.environ["PYTHONPATH"] = str(tmp_path / "none")
    bare = ask(two, "hi")
    assert (bare.out, rows(two)) == ("cheap\n", [])
    assert "pip install 'agentctl[train]'" in bare.err
    promote(two.home, artifact(POLICY))
    done = ask(two, "prove a theorem")
    assert (done.code, done.out) == (0, "cheap\n")
    assert "policies need numpy: the usual model answers" in done.err


def test_a_canary_decides_for_its_sessions_alone(two: Program) -> None:
    """At 100 per cent it decides each, at 0 none; a session goes on with the policy that it began with."""
    promote(two.home, artifact(POLICY))
    canary = artifact(policy({CHEAP: 0.1, STRONG: 0.9}))
    promote(two.home, canary, "canary", 100)
    assert decided(two, "add two numbers")["policy"] == canary.sha
    promote(two.home, canary, "canary", 0)
    assert decided(two, "add two numbers")["action"] == CHEAP


def test_a_shadow_is_recorded(two: Program) -> None:
    """What the policy on trial would have chosen is in the row."""
    promote(two.home, artifact(POLICY))
    promote(two.home, artifact(policy({CHEAP: 0.1, STRONG: 0.9})), "shadow")
    assert ask(two, "add two numbers").out == "cheap\n"
    assert rows(two)[0].decision.shadow == 1


def test_a_policy_that_does_worse_is_rolled_back(two: Program) -> None:
    """After the fiftieth decision the former policy is back, and that is told; the turn itself is none the worse."""
    former, worse = artifact(POLICY), artifact(policy({CHEAP: 0.1, STRONG: 0.9}))
    promote(two.home, former)
    with closing(database_of(two)) as database:
        decide_all(database, former.sha, [True] * 60)
        promote(two.home, worse)
        decide_all(database, worse.sha, [False] * 60)
    count = two.home / ".local/state/agentctl/guard.json"
    count.parent.mkdir(parents=True, exist_ok=True)
    count.write_text(json.dumps({"policy": worse.sha, "since": 49, "looks": 0}))
    off = two.run("chat", "-m", "auto", "add two numbers", env={"AGENTCTL_ROUTING_GUARD": "false"})
    assert (off.out, "rolled back" in off.err) == ("strong\n", False)
    done = ask(two, "add two numbers")
    assert (done.code, done.out) == (0, "strong\n")
    assert f"the policy {worse.sha[:12]} was rolled back: its outcomes came to 0" in done.err
    assert "policy rolled back" in (two.home / ".local/state/agentctl/agentctl.log").read_text()
    assert ask(two, "add two numbers").out == "cheap\n"


def test_without_an_allow_list_the_policy_says_what_there_is(program: Program, cheap: Server, strong: Server) -> None:
    """What it was trained on is chosen among; without a policy there is nothing to choose among, and that is said."""
    allow(program, cheap, strong)
    path = program.home / ".config/agentctl/config.toml"
    path.write_text(path.read_text().replace('models = ["cheap/x", "strong/y"]', ""))
    none = ask(program, "hi")
    assert (none.code, "agentctl config set routing.models" in none.err) == (3, True)
    promote(program.home, artifact(POLICY))
    assert ask(program, "a theorem").out == "strong\n"


def test_a_model_that_is_named_twice_is_one_to_choose_from(two: Program) -> None:
    """By its name and by an alias: it is drawn as often as the row says."""
    two.environ |= {"AGENTCTL_ROUTING_MODELS": "fast,cheap/x,strong/y", "AGENTCTL_ROUTING_EXPLORE": "1"}
    path = two.home / ".config/agentctl/config.toml"
    path.write_text(path.read_text() + '[aliases]\nfast = "cheap/x"\n')
    assert [one["probability"] for one in decided(two, "hi")["candidates"]] == [0.5, 0.5]
    assert rows(two)[0].decision.candidates == (CHEAP, STRONG)


@pytest.mark.parametrize("actions", [5, None, {"a/b": 1}])
def test_a_policy_of_something_else_costs_no_turn(two: Program, actions: Any) -> None:
    """One in production that names no models is told, and the usual model answers, also without an allow-list."""
    promote(two.home, pack({"format": 1, "kind": "environment", "actions": actions}, {}))
    two.environ["AGENTCTL_MODEL"] = CHEAP
    path = two.home / ".config/agentctl/config.toml"
    path.write_text(path.read_text().replace('models = ["cheap/x", "strong/y"]', ""))
    done = ask(two, "hi")
    assert (done.code, done.out) == (0, "cheap\n")
    assert "was not trained to choose models: the usual model answers" in done.err


def test_a_model_without_weights_is_masked(two: Program) -> None:
    """One that a catalogue knows, and one that nobody does; neither is tried by chance."""
    two.environ |= {"AGENTCTL_ROUTING_MODELS": "cheap/x,local/smollm2,local/mine", "AGENTCTL_ROUTING_EXPLORE": "1"}
    told = decided(two, "hi")["candidates"]
    assert [one["masked"] for one in told] == [
        None,
        "it is not on this machine: agentctl models pull smollm2",
        "it is not on this machine: agentctl models pull",
    ]
    assert rows(two)[0].decision.propensity == 1


def test_the_configured_model_is_the_usual_one(program: Program, cheap: Server, strong: Server) -> None:
    """Where it is among those that may be chosen."""
    allow(program, cheap, strong, head='model = "strong/y"')
    assert ask(program, "hi").out == "strong\n"


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        (("chat", "-m", "cheap/x", "--cost-weight", "3", "hi"), "-m auto"),
        (("chat", "-m", "auto", "--cost-weight", "nan", "hi"), "success"),
        (("chat", "-m", "auto", "--route", "sort=price", "hi"), "-m PROVIDER/MODEL"),
        (("estimate", "-m", "auto", "hi"), "-m PROVIDER/MODEL"),
        (("cost", "price", "auto"), "-m PROVIDER/MODEL"),
    ],
)
def test_what_makes_no_sense_is_refused(two: Program, command: tuple[str, ...], hint: str) -> None:
    """With the code of a usage error, and a hint."""
    done = two.run(*command)
    assert done.code == 2
    assert hint in done.err


def test_a_named_model_loads_nothing_that_chooses(two: Program) -> None:
    """Neither numpy nor any of what learns."""
    code = "import sys; from agentctl.cli.main import run; run(['chat', '-m', 'cheap/x', 'hi']); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=two.environment, cwd=two.home, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert not {name for name in loaded if name.startswith(("numpy", "agentctl.learning", "agentctl.choosing"))}
