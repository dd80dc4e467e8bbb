"""The table of exit codes."""

import re
from pathlib import Path

import agentctl.errors
from agentctl.errors import AgentctlError, AuthError, ExitCode, UsageError

TABLE = {
    "ok": 0,
    "failure": 1,
    "usage": 2,
    "config": 3,
    "auth": 4,
    "budget": 5,
    "context_overflow": 6,
    "provider": 7,
    "tool": 8,
    "storage": 9,
    "sigint": 130,
    "sigterm": 143,
}


def _classes() -> list[type[AgentctlError]]:
    found = [one for one in vars(agentctl.errors).values() if isinstance(one, type)]
    return [one for one in found if issubclass(one, AgentctlError)]


def test_exit_codes_are_the_published_ones() -> None:
    """Scripts rely on these numbers."""
    assert {code.name: code.value for code in ExitCode} == TABLE


def test_the_readme_documents_every_exit_code() -> None:
    """Each code a command can leave with stands in docs/exit-codes.md."""
    text = (Path(__file__).parent.parent / "docs/exit-codes.md").read_text()
    rows = {name: int(code) for code, name in re.findall(r"^\| (\d+) \| `(\w+)` \|", text, re.MULTILINE)}
    assert rows == TABLE


def test_every_error_has_a_code_and_a_default_message() -> None:
    """An error raised without a message still says something."""
    for error in _classes():
        assert error().code in ExitCode
        assert error().message == (error.__doc__ or "").strip()


def test_json_form_names_kind_message_and_hint() -> None:
    """The `error` object of JSON output has exactly these keys."""
    assert UsageError("no", hint="yes").as_json() == {"kind": "usage", "message": "no", "hint": "yes"}
    assert AuthError("no").as_json() == {"kind": "auth", "message": "no", "hint": None}


def test_the_tree_in_the_docstring_is_the_tree_in_code() -> None:
    """The drawing at the top of errors.py names every class with its code and kind."""
    drawn = re.findall(r"(\w+Error)\s+(\d+)\s+(\w+)", agentctl.errors.__doc__ or "")
    assert sorted(drawn) == sorted((one.__name__, str(int(one.code)), one.code.name) for one in _classes())
