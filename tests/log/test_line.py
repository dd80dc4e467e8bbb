"""A log record as a line."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.log.line import Record, render

VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals()
TEXT = st.text(st.characters())
EXTRA = st.dictionaries(st.from_regex(r"[a-z_]{1,9}", fullmatch=True), VALUES, max_size=4)


def record(message: str = "said", extra: dict[str, Any] | None = None, exception: str | None = None) -> Record:
    """Return a record of a fixed moment."""
    return Record(1_795_397_600.25, "INFO", "agentctl.chat", 42, message, extra or {}, exception)


def test_a_text_line_is_for_people() -> None:
    """Time, level, module, process, message and fields, in this order."""
    line = render(record("called", {"model": "a/b", "cost": Decimal("0.10"), "why": 'no "idea"'}), "text")
    assert line == (
        b'2026-11-23T01:33:20.250000Z INFO     agentctl.chat[42] called model=a/b cost=0.10 why="no \\"idea\\""\n'
    )


def test_a_json_line_is_for_programs() -> None:
    """One object with an RFC 3339 time in UTC; what JSON has no form for becomes a string."""
    line = render(record("called", {"n": 1, "cost": Decimal("0.10"), "ratio": float("nan")}, "Traceback\n  x"), "json")
    assert json.loads(line) == {
        "time": "2026-11-23T01:33:20.250000Z",
        "level": "INFO",
        "message": "called",
        "name": "agentctl.chat",
        "process": 42,
        "extra": {"n": 1, "cost": "0.10", "ratio": "nan"},
        "exception": "Traceback\n  x",
    }


@given(TEXT, EXTRA, st.none() | TEXT)
def test_no_record_forges_a_line(message: str, extra: dict[str, Any], exception: str | None) -> None:
    """Whatever a record says, it is one line of text without control characters."""
    line = render(record(message, extra, exception), "text").decode()
    assert line.endswith("\n")
    assert len(line.splitlines()) == 1
    assert line[:-1].isprintable() or not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in line[:-1])


@given(TEXT | st.sampled_from(['api_key="', "Authorization: Bearer ", "https://a\\"]).map(lambda text: text * 2), EXTRA)
def test_a_json_line_stays_json(message: str, extra: dict[str, Any]) -> None:
    """Redaction and odd characters never break the line's JSON."""
    line = render(record(message + " sk-" + "a1" * 20 + '"', extra), "json")
    assert line.count(b"\n") == 1
    document = json.loads(line)
    assert "a1" * 20 not in document["message"]
    assert document["extra"].keys() == extra.keys()


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("where", ["message", "extra", "exception"])
def test_no_part_of_a_record_lets_a_key_through(form: Any, where: str) -> None:
    """Message, fields and traceback are all redacted."""
    secret = "sk-ant-" + "Zq9" * 10
    parts: dict[str, Any] = {
        "extra": {"headers": f"x-api-key: {secret}"},
        "message": secret,
        "exception": f"E\n{secret}",
    }
    line = render(record(**{where: parts[where]}), form)
    assert b"Zq9" not in line
    assert b"[redacted]" in line


def test_a_lone_surrogate_is_written_as_its_escape() -> None:
    """Text that UTF-8 can't hold does not stop the log."""
    assert b"a\\udc80b" in render(record("a\udc80b"), "text")
    assert json.loads(render(record("a\udc80b"), "json"))["message"] == "a\udc80b"
