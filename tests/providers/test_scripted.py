"""The scripted provider: what its document says, and what it refuses."""

from __future__ import annotations

import asyncio
import json
import os
import re
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.events import collect, failure

from agentctl.errors import AuthError, ContextOverflowError, ProviderError, UsageError
from agentctl.events import Done, Start, TextDelta, ThinkingDelta, ToolCallDelta
from agentctl.messages import Message, Text, Thinking, ToolCall, user
from agentctl.providers.base import Request, complete
from agentctl.providers.script import Ending, parse
from agentctl.providers.scripted import Scripted
from agentctl.usage import Usage

DOCUMENT = Path(__file__).parents[2] / "docs" / "scripted.md"


def write(path: Path, *lines: dict[str, Any] | str) -> str:
    """A script of these lines, and its name as a model."""
    path.write_text("".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines))
    return str(path)


def ask(model: str, turns: int = 0) -> Request:
    """A request with so many answers behind it."""
    return Request(model, (*[Message("assistant", (Text("before"),))] * turns, user("hi")))


def test_an_answer_of_every_kind_of_event(tmp_path: Path) -> None:
    """Each line becomes its event; the message at the end is made of all of them."""
    model = write(
        tmp_path / "s.jsonl",
        {"type": "thinking", "text": "hm", "signature": "sig"},
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b"},
        "\n",
        {"type": "tool_call", "name": "f", "arguments": {"x": 1}},
        {"type": "tool_call", "id": "own", "name": "g", "arguments": '{"y": '},
        {"type": "usage", "uncached_input": 1, "cache_read": 2, "cache_write_short": 3, "output": 4},
        {"type": "done", "stop_reason": "tool_use"},
    )
    events = collect(Scripted(), ask(model))
    calls = (ToolCall("call_0", "f", '{"x": 1}'), ToolCall("own", "g", '{"y": '))
    done = events[-1]
    assert isinstance(done, Done)
    assert events[:-1] == [
        Start(model),
        ThinkingDelta("hm", "sig"),
        TextDelta("a"),
        TextDelta("b"),
        ToolCallDelta(0, "call_0", "f", '{"x": 1}'),
        ToolCallDelta(1, "own", "g", '{"y": '),
        done.usage,
    ]
    parts = (Thinking("hm", "sig", "scripted"), Text("ab"), *calls)
    assert done.message == Message("assistant", parts, f"scripted/{model}", "tool_use")
    assert done.usage
    assert done.usage.buckets() == Usage(1, 2, 3, 0, 4).buckets()


def test_only_line_feeds_end_lines(tmp_path: Path) -> None:
    """Other separators of lines are text like any other."""
    model = write(tmp_path / "s.jsonl", '{"type": "text", "text": "a\u2028\u0085b"}\r\n')
    assert asyncio.run(complete(Scripted(), ask(model))).message.text == "a\u2028\u0085b"


def test_the_nth_turn_plays_the_nth_answer(tmp_path: Path) -> None:
    """A conversation goes through the answers in order, and past the last one fails with both numbers."""
    one, two = {"type": "text", "text": "one"}, {"type": "text", "text": "two"}
    model = write(tmp_path / "s.jsonl", one, {"type": "done"}, two)
    answers = [asyncio.run(complete(Scripted(), ask(model, turns))).message.text for turns in (0, 1)]
    assert answers == ["one", "two"]
    assert "has 2 answers, and this is turn 3" in failure(Scripted(), ask(model, turns=2), UsageError).message


def test_delays_are_real(tmp_path: Path) -> None:
    """A delay passes before its event, so that a user can interrupt it."""
    model = write(tmp_path / "s.jsonl", {"type": "text", "text": "late", "delay_ms": 150})
    start = monotonic()
    collect(Scripted(), ask(model))
    assert monotonic() - start >= 0.15


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"kind": "provider", "message": "boom"}, ProviderError),
        ({"message": "boom"}, ProviderError),
        ({"kind": "auth"}, AuthError),
        ({"kind": "context_overflow"}, ContextOverflowError),
        ({"status": 401, "message": "boom"}, AuthError),
        ({"status": 503, "message": "boom"}, ProviderError),
    ],
)
def test_errors(tmp_path: Path, error: dict[str, Any], kind: type[ProviderError]) -> None:
    """An error is of the class that its kind or status stands for, and tells its message."""
    model = write(tmp_path / "s.jsonl", {"type": "error", **error})
    raised = failure(Scripted(), ask(model), kind)
    assert error.get("message", "") in raised.message
    assert raised.transient == (error.get("status") == 503)
    assert (raised.partial, raised.usage, raised.billable) == (None, None, False)


def test_an_error_carries_what_came_before_it(tmp_path: Path) -> None:
    """A broken answer keeps its text and usage."""
    model = write(
        tmp_path / "s.jsonl",
        {"type": "text", "text": "half"},
        {"type": "usage", "output": 1},
        {"type": "error", "message": "boom"},
    )
    raised = failure(Scripted(), ask(model), ProviderError)
    assert raised.partial == Message("assistant", (Text("half"),), f"scripted/{model}", "error")
    assert raised.usage
    assert (raised.usage.output, raised.billable) == (1, True)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON: .* at column 2"),
        ("[1]", "not a JSON object"),
        ("{}", "type is missing"),
        ('{"type": "jump"}', "the type 'jump' is none of text, thinking, tool_call, usage, error, done"),
        ('{"type": "text"}', "text is missing"),
        ('{"type": "text", "text": 1}', "text can't be 1"),
        ('{"type": "text", "text": "x", "delay": 1}', "text has no field 'delay'"),
        ('{"type": "text", "text": "x", "delay_ms": -1}', "delay_ms is not from 0"),
        ('{"type": "text", "text": "x", "delay_ms": NaN}', "delay_ms is not from 0"),
        ('{"type": "text", "text": "x", "delay_ms": true}', "delay_ms can't be True"),
        ('{"type": "usage", "output": -1}', "tokens is negative"),
        ('{"type": "usage", "output": "1"}', "output can't be '1'"),
        ('{"type": "error", "kind": "odd"}', "kind is none of provider, auth, context_overflow"),
        ('{"type": "error", "status": 200}', "status 200 is no HTTP error"),
        ('{"type": "done", "stop_reason": "bored"}', "stop_reason is none of end_turn"),
        ("[" * 100_000, "recursion"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, reason: str) -> None:
    """What is no script is refused with the file, the line and the reason, before anything is played."""
    model = write(tmp_path / "s.jsonl", {"type": "text", "text": "x"}, "\n", line)
    raised = failure(Scripted(), ask(model), UsageError)
    assert re.match(re.escape(f"{model}, line 3: ") + f".*{reason}", raised.message)
    assert raised.hint == "docs/scripted.md shows scripts"


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_no_value_confuses_the_parser(value: object) -> None:
    """Any JSON in any field gives a script or a usage error, nothing else."""
    for kind in ("text", "thinking", "tool_call", "usage", "error", "done"):
        for name in ("text", "name", "arguments", "output", "status", "kind", "stop_reason", "delay_ms"):
            fields = {"type": kind, "text": "x", "name": "f", name: value}
            try:
                parse(json.dumps(fields), "script")
            except UsageError as error:
                assert error.message.startswith("script, line 1: ")  # noqa: PT017 - most scripts here are bad


def test_files_that_are_none(tmp_path: Path) -> None:
    """A missing file, a directory and bytes that are no text are told by name."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name, reason in {"missing": "No such file", "": "Is a directory", "binary": "not UTF-8"}.items():
        raised = failure(Scripted(), ask(str(tmp_path / name)), UsageError)
        assert reason in raised.message
        assert str(tmp_path) in raised.message


@pytest.mark.parametrize("name", ["fifo", "/dev/zero", "~nobody-has-this-name/x", "large", "a\0b"])
def test_what_is_no_file_of_reason_is_told_at_once(tmp_path: Path, name: str) -> None:
    """What would never end, or never begin, is refused and not waited for, as is a home directory of nobody."""
    os.mkfifo(tmp_path / "fifo")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(16 * 1024 * 1024 + 1)
    model = name if name[0] in "/~" else str(tmp_path / name)
    raised = failure(Scripted(), ask(model), UsageError)
    assert raised.message.startswith(f"can't read the script {model}: ")
    assert raised.hint


def test_the_preview_names_the_answer(tmp_path: Path) -> None:
    """A dry run says which answer of which file would be played."""
    preview = Scripted().preview(ask("s.jsonl", turns=1))
    assert (preview.url, preview.body) == ("s.jsonl", {"answer": 2})


def test_the_document_shows_scripts_that_work() -> None:
    """Every example of the document is a script, and together they show every type."""
    text = DOCUMENT.read_text()
    examples = re.findall(r"```jsonl\n(.*?)```", text, re.DOTALL)
    steps = [step for example in examples for answer in parse(example, "docs/scripted.md") for step in answer]
    kinds = {type(step.what) for step in steps}
    assert {TextDelta, ThinkingDelta, ToolCallDelta, Usage, Ending, ProviderError, AuthError} == kinds
    assert all(f"`{name}`" in text for name in Usage().buckets())
