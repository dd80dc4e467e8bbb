"""Graders: what they call good, and what they refuse to be."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.server import Server, stream

from agentctl.errors import AgentctlError, ConfigError, UsageError
from agentctl.learning.graders import Grade, parse

PERSON = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}


def grade(spec: Any, answer: str) -> float:
    """What the grader of a spec says of an answer."""
    return parse(spec).grade("question", answer).value


@pytest.mark.parametrize(
    ("spec", "good", "bad"),
    [
        ({"exact": "18"}, ["18", " 18\n"], ["18.", "018", "", "is 18"]),
        ({"number": "18"}, ["18", "… is $18.", "3 and 4, so 18.00", "#### 18", "5-18"], ["", "81", "18 and 4", "-18"]),
        ({"number": "-1234.5"}, ["-1,234.50", "= \u22121234.5"], ["1234.5", "-1234"]),
        ({"number": 7}, ["7"], ["7.1"]),
        ({"regex": r"^\s*yes\b"}, ["yes", "  yes, it is"], ["no, yes", "yesterday", ""]),
        ({"regex": "[[a]"}, ["a"], ["b"]),
        ({"schema": PERSON}, ['{"age": 3}', ' {"age": 3, "x": 1}'], ['{"age": "3"}', "{}", "age", "[NaN]", "[" * 999]),
        ({"command": ["grep", "-q", "18"]}, ["it is 18"], ["it is 17", ""]),
    ],
)  # fmt: skip
def test_what_is_good(spec: Any, good: list[str], bad: list[str]) -> None:
    """Each kind calls good what it looks for, and nothing else; what is bad has a reason."""
    grader = parse(spec)
    assert grader.name in spec
    for answer in good:
        assert grader.grade("", answer) == Grade(1.0), answer
    for answer in bad:
        said = grader.grade("", answer)
        assert said.value == 0.0, answer
        assert said.note


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3), st.text("ab ,.$\n"))
def test_any_number_is_found_at_the_end(number: Any, before: str) -> None:
    """A number that stands alone at the end is read as it is, whatever text without digits stands before it."""
    assert grade({"number": str(number)}, f"{before} {number:,}") == 1.0


@pytest.mark.parametrize(
    "spec",
    [
        None, [], {}, "exact", {"exact": "1", "regex": "1"}, {"magic": "1"}, {"exact": 1}, {"exact": None},
        {"number": "eighteen"}, {"number": "nan"}, {"number": "inf"}, {"number": True}, {"number": None},
        {"regex": "("}, {"regex": "a" * 10_001}, {"regex": 1}, {"schema": []}, {"schema": {"type": "banana"}},
        {"command": "true"}, {"command": []}, {"command": [1]}, {"command": ["/no/such/program"]},
        {"command": ["true", "a\0b"]}, {"judge": {"model": "p/m"}}, {"judge": "p/m"},
    ],
)  # fmt: skip
def test_what_is_no_grader(spec: Any) -> None:
    """What names no grader, or one that could not grade, is refused with how one is named."""
    with pytest.raises(UsageError) as caught:
        parse(spec)
    assert caught.value.hint


def test_versions_tell_graders_apart() -> None:
    """Graders that look for the same have the same version, others another one."""
    specs = [{"exact": "1"}, {"exact": "2"}, {"command": ["true"]}, {"command": ["true", ""]}, {"schema": PERSON}]
    versions = [parse(spec).version for spec in specs]
    assert len(set(versions)) == len(specs)
    assert [parse(spec).version for spec in specs] == versions
    assert parse({"number": "18"}).version == parse({"number": "18.0"}).version


def test_a_pattern_that_takes_forever_is_given_up() -> None:
    """A pattern that needs more time than there is does not find anything, and holds nobody up."""
    begun = time.monotonic()
    said = parse({"regex": r"(a+)+$"}).grade("", "a" * 60 + "b")
    assert said.value == 0.0
    assert "2 s" in (said.note or "")
    assert time.monotonic() - begun < 15


def test_a_schema_fetches_nothing() -> None:
    """What a schema refers to elsewhere is not fetched; that such a schema can't grade is told."""
    with Server(stream(b"{}")) as server:
        spec = {"schema": {"$ref": f"{server.url}/schema.json"}}
        with pytest.raises(AgentctlError, match="not in it"):
            grade(spec, "{}")
        assert server.requests == []


def test_a_schema_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package that reads schemas is missing, it is told how to get it."""
    monkeypatch.setitem(sys.modules, "jsonschema.exceptions", None)
    with pytest.raises(ConfigError, match="jsonschema") as caught:
        parse({"schema": PERSON})
    assert caught.value.hint == "pip install 'agentctl[train]'"


def test_a_command_says_why(tmp_path: Path) -> None:
    """The last line of what a command says, and how it ended, is the reason."""
    said = parse({"command": ["sh", "-c", "cat; echo; echo 'two \033[31mtests failed'; exit 3"]}).grade("", "answer")
    assert (said.value, said.note) == (0.0, "exit code 3: two  [31mtests failed")


def test_a_command_gets_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command sees the answer, and no variable that may hold a secret."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    assert grade({"command": ["sh", "-c", "env | grep -c KEY"]}, "x") == 0.0
    assert grade({"command": ["sh", "-c", "env | grep -q PATH="]}, "x") == 1.0
    same = [sys.executable, "-c", "import sys; sys.exit(sys.stdin.read() != sys.argv[1])", "it's $(x)\n"]
    assert grade({"command": same}, "it's $(x)\n") == 1.0


def test_nothing_of_a_command_is_left(tmp_path: Path) -> None:
    """What a command started in the background ends with it."""
    pid = tmp_path / "pid"
    assert grade({"command": ["sh", "-c", f"sleep 300 & echo $! >{shlex.quote(str(pid))}"]}, "") == 1.0
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def judged(reply: str) -> tuple[Grade, str]:
    """What a judge makes of a model's reply, and what it asked."""
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return reply

    said = parse({"judge": {"model": "p/m", "criterion": "is polite"}}, lambda _: ask).grade("PROMPT", "ANSWER")
    return said, asked[0]


def test_a_judge_says_how_good_it_is() -> None:
    """A judge is asked with the criterion, the prompt and the answer, and its verdict is taken as it is."""
    said, asked = judged('{"value": 0.25, "reason": "it\\u001bs rude"}')
    assert said == Grade(0.25, "it s rude")
    assert all(one in asked for one in ("is polite", "PROMPT", "ANSWER"))


@pytest.mark.parametrize(
    "reply",
    [
        "", "1", "good", '{"value": 1}', '{"value": true, "reason": ""}', '{"value": 1.1, "reason": ""}',
        '{"value": "1", "reason": ""}', '{"value": NaN, "reason": ""}', '```json\n{"value": 1, "reason": ""}\n```',
        '{"value": 1, "reason": 1}', '{"value": 1, "reason": "", "more": 1}', "[" * 100_000,
    ],
)  # fmt: skip
def test_a_judge_that_does_not_keep_to_the_form(reply: str) -> None:
    """What is not exactly a verdict is refused, not guessed at."""
    with pytest.raises(AgentctlError, match="no verdict"):
        judged(reply)


def test_an_answer_can_not_end_itself() -> None:
    """The mark around an answer is one that the answer can't know, so that it can't pretend to have ended."""
    _, asked = judged('{"value": 1, "reason": ""}')
    mark = asked.partition("] What was asked")[0].rpartition("[")[2]
    assert asked.count(f"[{mark}]") == 3
    _, other = judged('{"value": 1, "reason": ""}')
    assert other == asked


def test_the_version_of_a_judge() -> None:
    """It tells the model, and changes with the criterion."""

    def make(**fields: str) -> str:
        return parse({"judge": fields}, lambda _: lambda _: "").version

    assert make(model="p/m").endswith(":p/m")
    assert len({make(model="p/m"), make(model="p/m", criterion="x"), make(model="p/n")}) == 3
    assert len(make(model="p/" + "m" * 200)) == 100


def test_graders_load_what_they_need() -> None:
    """Comparing texts needs no schemas, and no events."""
    import subprocess  # noqa: PLC0415

    script = (
        "import sys, json; from agentctl.learning.graders import parse; parse({'exact': '1'}).grade('', '1');"
        "print(json.dumps([n for n in ('jsonschema', 'asyncio', 'numpy', 'agentctl.events') if n in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert json.loads(done.stdout) == []
