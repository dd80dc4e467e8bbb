"""The built-in tools together: what they are called, what models are told, and what they cost to have."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from agentctl.errors import ToolError
from agentctl.tools.base import Tool
from agentctl.tools.builtin import NAMES, builtin_tools
from agentctl.tools.builtin.workspace import Workspace


@pytest.fixture
def tools(tmp_path: Path) -> tuple[Tool, ...]:
    """All of them, in an empty workspace."""
    return builtin_tools(Workspace(tmp_path))


def test_their_names(tools: tuple[Tool, ...]) -> None:
    """There are eight, under the names that are documented."""
    assert tuple(tool.spec.name for tool in tools) == NAMES
    assert NAMES == ("read", "write", "edit", "list", "glob", "grep", "shell", "fetch")


def members(schema: Any) -> Iterator[Any]:
    """The schemas of all arguments."""
    yield from schema["properties"].values()


def test_their_schemas(tools: tuple[Tool, ...]) -> None:
    """Every schema is one, takes no other arguments than it names, and says what each is for."""
    for tool in tools:
        parameters = tool.spec.parameters
        jsonschema.Draft202012Validator.check_schema(parameters)
        assert parameters["additionalProperties"] is False
        assert set(parameters["required"]) <= set(parameters["properties"])
        assert all(member["description"] for member in members(parameters))
        assert 40 < len(tool.spec.description) < 500


def test_wrong_arguments_are_told(tools: tuple[Tool, ...]) -> None:
    """No tool takes an argument that it does not know, or a number for a text."""
    for tool in tools:
        for arguments in ({"nonsense": 1}, dict.fromkeys(tool.spec.parameters["properties"], 7)):
            with pytest.raises(ToolError, match="argument") as caught:
                tool.plan(arguments).send(None)
            assert caught.value.reason == "invalid"


def test_they_are_loaded_late(tmp_path: Path) -> None:
    """Importing the package loads none of the tools, and having them loads nothing that sends requests or compares."""
    code = """
import sys
import agentctl.tools.builtin as builtin
print(sorted(name for name in sys.modules if name.startswith("agentctl.tools.builtin.")))
from pathlib import Path
from agentctl.tools.builtin.workspace import Workspace
builtin.builtin_tools(Workspace(Path(sys.argv[1])))
print(sorted({"httpx", "difflib", "html.parser", "multiprocessing", "agentctl.transport"} & set(sys.modules)))
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n[]\n"
