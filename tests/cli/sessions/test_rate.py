"""`agentctl sessions rate`: how good answers are, by whom, and where that is seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support.completions import completion
from support.conversations import document, opened, talk
from support.program import Program
from support.server import Recorded, Server, Step

from agentctl.cli.sessions import ratings
from agentctl.errors import UsageError
from agentctl.store import outcomes, sessions
from agentctl.store.outcomes import Outcome

CONFIG = """
base_url = "{url}/v1"
[models."compatible/judge"]
input = "1"
output = "10"
"""


def rated(program: Program, *args: str) -> dict[str, Any]:
    """The outcome that is recorded."""
    (found,) = document(program, "rate", *args)["outcomes"]
    return dict(found)


def kept(program: Program, session_id: str) -> list[Outcome]:
    """What counts of a session."""
    with opened(program) as database:
        return database.read(lambda tx: outcomes.latest(tx, session_id))


@pytest.mark.parametrize(("given", "value"), [("good", 1.0), ("bad", 0.0), ("0.25", 0.25)])
def test_a_user_rates_the_last_answer(program: Program, given: str, value: float) -> None:
    """In words or as a number, with a note; the answer is the last one on the branch, whatever follows it."""
    session = talk(program, "one", "first", "two", "second", "three", name="s")
    said = rated(program, session.id[:10], given, "--note", "it's fine")
    assert (said["value"], said["grader"], said["note"]) == (value, "user", "it's fine")
    shown = document(program, "show", "s")["messages"]
    assert shown[3]["id"] == said["message_id"]
    assert [one["value"] for one in shown[3]["ratings"]] == [value]
    assert [one["ratings"] for one in shown if one["id"] != said["message_id"]] == [[]] * 4


def test_what_is_said_later_counts(program: Program) -> None:
    """A second rating of an answer stands in place of the first; another answer has one of its own."""
    session = talk(program, "one", "first", "two", "second", name="s")
    first = document(program, "show", "s")["messages"][1]["id"]
    for given in ("bad", "good"):
        rated(program, "s", given)
    assert rated(program, "s", "0.5", "--message", first)["message_id"] == first
    assert {one.value for one in kept(program, session.id)} == {1.0, 0.5}
    assert document(program, "stats")["outcomes"] == 3
    done = program.run("sessions", "show", "s")
    assert done.out.count("[rated") == 2
    assert "[rated 0.5 by user]" in done.out
    assert program.run("sessions", "rate", "s", "good", "--note", "\x1b[31mred").err == (
        f"{session.id}: rated 1 by user: \\x1b[31mred\n"
    )


@pytest.mark.parametrize(
    ("args", "value"),
    [
        (("--exact", "18"), 1.0), (("--exact", "17"), 0.0), (("--regex", "^1[0-9]$"), 1.0), (("--regex", "x"), 0.0),
        (("--command", "grep -q '1'8"), 1.0), (("--command", "false"), 0.0),
    ],
)  # fmt: skip
def test_a_grader_rates(program: Program, args: tuple[str, ...], value: float) -> None:
    """The outcome is told to be the grader's, with its version, and why if it is not good."""
    talk(program, "9 + 9?", "18", name="s")
    said = rated(program, "s", *args)
    assert (said["value"], said["grader"]) == (value, args[0].removeprefix("--"))
    assert len(said["version"]) == 12
    assert (said["note"] is None) == (value == 1.0)


def test_a_schema_rates(program: Program, tmp_path: Path) -> None:
    """An answer is held to a schema in a file."""
    (tmp_path / "s.json").write_text('{"type": "object"}')
    talk(program, "?", "{}", name="s")
    assert rated(program, "s", "--schema", str(tmp_path / "s.json"))["value"] == 1.0


class Judge:
    """A model that judges, and what it was asked."""

    reply = '{"value": 0.75, "reason": "nearly"}'

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, request: Recorded) -> list[Step]:
        """Give a verdict."""
        self.asked.append(request.json["messages"][-1]["content"])
        return completion(self.reply, usage={"prompt_tokens": 1000, "completion_tokens": 100}, finish="stop")


@pytest.fixture
def judge(program: Program) -> Iterator[Judge]:
    """A judge that can be asked."""
    judge = Judge()
    with Server(judge) as server:
        program.configure(CONFIG.format(url=server.url))
        yield judge


def test_a_judge_rates_and_is_paid(program: Program, judge: Judge) -> None:
    """A model is asked about the question and the answer; what that costs is in the ledger, and not the session's."""
    talk(program, "9 + 9?", "18", name="s")
    said = rated(program, "s", "--judge", "compatible/judge", "--criterion", "be polite")
    assert (said["value"], said["grader"], said["note"]) == (0.75, "judge", "nearly")
    assert said["version"].endswith(":compatible/judge")
    assert all(part in judge.asked[0] for part in ("9 + 9?", "18", "be polite"))
    assert Decimal(program.run("cost", "--json").json["cost_usd"]) == Decimal("0.002")
    assert document(program, "show", "s")["cost_usd"] == "0"
    assert document(program, "stats")["sessions"] == 1


def test_a_judge_keeps_to_a_budget(program: Program, judge: Judge) -> None:
    """A judge that may not spend so much is not asked, and nothing is recorded."""
    session = talk(program, "9 + 9?", "18", name="s")
    done = program.run("sessions", "rate", "s", "--judge", "compatible/judge", "--max-cost", "0.000001")
    assert done.code == 5
    assert judge.asked == []
    assert kept(program, session.id) == []


def test_a_judge_that_says_something_else(program: Program, judge: Judge) -> None:
    """It is told that there is no verdict; what it cost is paid all the same."""
    judge.reply = "I like it"
    session = talk(program, "9 + 9?", "18", name="s")
    done = program.run("sessions", "rate", "s", "--judge", "compatible/judge")
    assert done.code == 1
    assert "the judge gave no verdict" in done.err
    assert kept(program, session.id) == []
    assert Decimal(program.run("cost", "--json").json["cost_usd"]) == Decimal("0.002")


@pytest.mark.parametrize(
    "args",
    [
        (), ("s",), ("s", "fine"), ("s", "1.1"), ("s", "nan"), ("nobody", "good"),
        ("s", "good", "--exact", "x"), ("s", "--exact", "x", "--regex", "x"), ("s", "--regex", "("),
        ("s", "--command", "'"), ("s", "--command", "/no/such/program"), ("s", "--schema", "/nowhere"),
        ("s", "--criterion", "x"), ("s", "good", "--message", "nothing"),
        ("s", "good", "--from", "x"), ("--from", "/nowhere"), ("--from", "/dev/zero"), ("empty", "good"),
        ("s", "good", "--max-cost", "much"), ("s", "--judge", "nonsense"),
    ],
)  # fmt: skip
def test_what_is_refused(program: Program, args: tuple[str, ...]) -> None:
    """It leaves with 2 and a hint, and nothing is recorded."""
    session = talk(program, "question", "answer", name="s")
    talk(program, "question", name="empty")
    done = program.run("sessions", "rate", *args)
    assert (done.code, done.out) == (2, "")
    assert "error:" in done.err
    assert "hint:" in done.err
    assert kept(program, session.id) == []


def test_a_question_is_not_rated(program: Program) -> None:
    """Only answers are."""
    talk(program, "question", "answer", "another", name="s")
    question = document(program, "show", "s")["messages"][2]["id"]
    done = program.run("sessions", "rate", "s", "good", "--message", question)
    assert done.code == 2
    assert "has no answer" in done.err


def lines(path: Path, *found: Any) -> str:
    """Write a file with a line for each."""
    path.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in found) + "\n")
    return str(path)


def test_many_are_rated_at_once(program: Program, tmp_path: Path) -> None:
    """A file rates answers of many sessions, by whom it says; numbers and words, and lines without anything."""
    one = talk(program, "question", "answer", name="one")
    two = talk(program, "question", "answer", "more", "last", name="two")
    first = document(program, "show", "two")["messages"][1]["id"]
    file = lines(
        tmp_path / "f.jsonl",
        {"session": one.id, "rating": "good"},
        "",
        {"session": "two", "value": 0.5, "grader": "tests", "version": "v2", "note": "half"},
        {"session": "two", "message": first, "rating": "0.25"},
    )
    found = document(program, "rate", "--from", file)["outcomes"]
    assert [(said["grader"], said["version"], said["value"], said["note"]) for said in found] == [
        ("user", "1", 1.0, None), ("tests", "v2", 0.5, "half"), ("user", "1", 0.25, None),
    ]  # fmt: skip
    assert [said["session_id"] for said in found] == [one.id, two.id, two.id]
    assert len(kept(program, two.id)) == 2
    assert program.run("sessions", "rate", "--from", file).err == "3 ratings stored\n"


NO_RATINGS: tuple[Any, ...] = (
    "x", "[]", "1", "{", {"rating": "good"}, {"session": "s"}, {"session": "s", "value": 2}, {"session": 1, "value": 1},
    {"session": "s", "value": True}, {"session": "s", "value": "1"}, {"session": "s", "rating": "fine"},
    {"session": "s", "value": 1, "rating": "good"}, {"session": "s", "value": 1, "more": 1},
    {"session": "s", "value": 1, "grader": "a\nb"}, {"session": "s", "value": 1, "grader": "x" * 101},
    {"session": "s", "value": 1, "note": 1}, '{"session": "s", "value": NaN}', "\x00" * (1 << 20) + "x",
)  # fmt: skip


@pytest.mark.parametrize("line", NO_RATINGS, ids=range(len(NO_RATINGS)))
def test_a_line_that_is_no_rating(tmp_path: Path, line: Any) -> None:
    """Its number is told, and what a line is like."""
    good = {"session": "s", "value": 1}
    with pytest.raises(UsageError, match=r"^line 2: ") as caught:
        ratings.read(Path(lines(tmp_path / "f.jsonl", good, line, good)))
    assert caught.value.hint


@pytest.mark.parametrize(
    "line", ["x", {"session": "nobody", "value": 1}, {"session": "s", "value": 1, "message": "nothing"}]
)
def test_a_line_that_is_wrong_stops_all(program: Program, tmp_path: Path, line: Any) -> None:
    """Its number is told, and none of the others counts."""
    session = talk(program, "question", "answer", name="s")
    good = {"session": "s", "value": 1}
    done = program.run("sessions", "rate", "--from", lines(tmp_path / "f.jsonl", good, line, good))
    assert done.code == 2
    assert "error: line 2: " in done.err
    assert "hint:" in done.err
    assert kept(program, session.id) == []


def test_an_answer_on_another_branch(program: Program) -> None:
    """It is rated by its id, and what is rated by default is on the active one."""
    session = talk(program, "question", "answer", name="s")
    with opened(program) as database:
        answers = database.read(lambda tx: sessions.rows(tx, session.id))
    program.run("sessions", "switch", "s", answers[0]["id"])
    done = program.run("sessions", "rate", "s", "good")
    assert done.code == 2
    assert "has no answer yet" in done.err
    assert rated(program, "s", "good", "--message", answers[1]["id"])["message_id"] == answers[1]["id"]
