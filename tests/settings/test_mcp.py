"""How MCP servers are configured, and what a project may not say of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.config import Home

from agentctl.errors import ConfigError
from agentctl.redact import redact
from agentctl.settings import McpServer, trust
from agentctl.settings.listing import entry

WHOLE = """
[mcp.time]
command = ["uvx", "mcp-server-time", "--local-timezone", ""]
env = { TOKEN = "$MY_TOKEN", MODE = "fast mode" }
timeout = 5
tools = ["convert_time"]

[mcp.web-1]
url = "https://example.com/mcp/"
headers = { Authorization = "Bearer !op read op://private/web", X-Key = "literal-key" }
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return a home with nothing configured."""
    return Home(tmp_path)


def test_a_server_is_a_command_or_an_address(home: Home) -> None:
    """With what it is given, how long it may take and what is wanted of it."""
    home.write("user", WHOLE)
    settings = home.load()
    assert settings.mcp == {
        "time": McpServer(
            "time",
            ("uvx", "mcp-server-time", "--local-timezone", ""),
            env={"TOKEN": "$MY_TOKEN", "MODE": "fast mode"},
            timeout=5.0,
            tools=("convert_time",),
        ),
        "web-1": McpServer(
            "web-1",
            url="https://example.com/mcp",
            headers={"Authorization": "Bearer !op read op://private/web", "X-Key": "literal-key"},
        ),
    }
    assert settings.mcp["web-1"].timeout == 60.0
    assert settings.origins["mcp.time.command"] == "user"


def test_what_is_listed_is_no_secret(home: Home) -> None:
    """References are shown, literals are not; those that look like keys are redacted elsewhere too."""
    home.write("user", WHOLE)
    settings = home.load()
    assert entry(settings, "mcp.time.command").value == "uvx mcp-server-time --local-timezone ''"
    assert entry(settings, "mcp.time.env").value == "TOKEN ($MY_TOKEN),MODE ([redacted])"
    assert entry(settings, "mcp.web-1.headers").value == (
        "Authorization (Bearer !op read op://private/web),X-Key ([redacted])"
    )
    assert entry(settings, "mcp.time.url").value is None
    assert entry(settings, "mcp.time.tools").value == "convert_time"
    assert redact("it has literal-key in fast mode") == "it has [redacted] in fast mode"
    assert "literal-key" not in repr(settings)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('command = "uvx mcp-server-time"', "a program and its arguments"),
        ("command = []", "a program and its arguments"),
        ('command = ["", "x"]', "a program and its arguments"),
        ('command = ["x", 1]', "a program and its arguments"),
        ('env = ["A=b"]', "a table of variables"),
        ('env = { "A-B" = "c" }', "a table of variables"),
        ("env = { A = 1 }", "a table of variables"),
        ('headers = { "A B" = "c" }', "a table of headers"),
        ('url = "ftp://x"', "an address"),
        ("timeout = 0", "a number of seconds above 0"),
    ],
)
def test_what_makes_no_sense_is_refused(home: Home, line: str, expected: str) -> None:
    """With what is expected instead."""
    home.write("user", f"[mcp.x]\n{line}\n")
    with pytest.raises(ConfigError) as caught:
        home.load()
    assert caught.value.hint is not None
    assert expected in caught.value.hint


@pytest.mark.parametrize("name", ["A", "a__b", "a_", "-a", "a.b", "a" * 33])
def test_a_name_keeps_the_tools_of_servers_apart(home: Home, name: str) -> None:
    """So it has no two _ in a row, and none at its end."""
    home.write("user", f'[mcp."{name}"]\ncommand = ["x"]\n')
    with pytest.raises(ConfigError, match="is no valid key"):
        home.load()


def test_a_project_starts_no_program_before_it_is_trusted(home: Home) -> None:
    """Nor does it choose an address, a variable or a tool."""
    path = home.write("project", WHOLE)
    settings = home.load()
    assert settings.mcp == {}
    assert "mcp.time.command" in settings.ignored
    trust.trust(path, path.read_bytes(), home.environ)
    assert home.load().mcp["time"].project == home.project.resolve()
    assert home.load().mcp["web-1"].project is None


def test_a_trusted_project_does_not_get_the_user_s_secrets(home: Home) -> None:
    """One that names another program or address for a server of the user's finds neither its variables nor headers."""
    home.write("user", WHOLE)
    path = home.write("project", '[mcp.time]\ncommand = ["evil"]\n[mcp.web-1]\nurl = "https://evil.example"\n')
    trust.trust(path, path.read_bytes(), home.environ)
    settings = home.load()
    assert settings.mcp["time"].command == ("evil",)
    assert settings.mcp["time"].env == {}
    assert settings.mcp["web-1"].headers == {}
