"""What commands print of a policy that was learnt from sessions, held against its schemas."""

from __future__ import annotations

from contextlib import closing

from support.decided import answer, begin, decide, outcome
from support.program import Program
from support.schemas import validate
from support.talks import database_of

from agentctl.store import outcomes, sessions
from agentctl.store.base import Transaction
from agentctl.training.features import DEFAULT, encode
from agentctl.usage import Usage

CONFIG = """
[servers.p]
base_url = "http://127.0.0.1:9"
[models."p/cheap"]
input = "0.1"
output = "0.4"
[models."p/strong"]
input = "1"
output = "4"
"""


def _fill(tx: Transaction, count: int) -> None:
    """Store sessions whose model was drawn, and whose answer is good if the strong one gave it."""
    for number in range(count):
        _rated(tx, number)


def _rated(tx: Transaction, number: int) -> None:
    session = sessions.create(tx)
    strong = number % 2
    features = encode(DEFAULT.of(f"question {number}"))
    made = decide(tx, session.id, spec=DEFAULT.sha, features=features, action=strong, propensity=0.5)
    call = begin(tx, made, "strong" if strong else "cheap")
    session, message_id = answer(tx, session, call, Usage(uncached_input=10, output=20))
    outcomes.add(tx, outcome(session.id, message_id, value=float(strong)))


def _use(program: Program, count: int) -> None:
    """Leave so many rated sessions in the program's database."""
    program.configure(CONFIG)
    with closing(database_of(program)) as database:
        database.write(lambda tx: _fill(tx, count))


def test_what_sessions_show_is_learnt_and_judged(program: Program) -> None:
    """The strong model alone succeeds: the policy is kept with the gate's report, which no more than equals it."""
    _use(program, 60)
    done = program.run("train", "run", "--from-sessions", "--cost-weight", "1", "--steps", "4096", "--json")
    assert done.code == 0, done.err
    result = done.json
    validate("train-run", result)
    assert (result["decisions"], result["actions"], result["left_out"]) == (60, ["p/cheap", "p/strong"], {})
    assert (result["gate"]["method"], result["gate"]["promotes"]) == ("dr", False)
    assert result["estimates"]["dr"]["value"] == result["gate"]["value"]
    assert all(one["low"] <= one["value"] <= one["high"] for one in result["estimates"].values())
    shown = program.run("train", "show", result["policy"][:8], "--json").json
    validate("train-show", shown)
    assert shown["manifest"]["gate"] == result["gate"]
    assert shown["manifest"]["metrics"]["estimates"] == result["estimates"]
    validate("train-list", program.run("train", "list", "--json").json)
    refused = program.run("train", "promote", result["policy"], "--json")
    validate("train-promote", refused.json)
    assert (refused.code, refused.json["gate"]) == (1, result["gate"])
