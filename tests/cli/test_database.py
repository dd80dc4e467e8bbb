"""Commands on PostgreSQL: --db, the password from where it is kept, and what is said when there is no server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.backends import POSTGRES, Backends
from support.program import Program

from agentctl.errors import ExitCode

MODEL = "scripted/script.jsonl"
NOWHERE = "postgresql://bob:correct-horse@127.0.0.1:1/db"


@pytest.fixture
def url(backends: Backends, tmp_path: Path) -> Iterator[str]:
    """An empty database of a server."""
    with backends.url(POSTGRES[0], tmp_path) as place:
        yield place


def test_a_conversation_on_a_server(program: Program, url: str) -> None:
    """What is asked under --db is listed, shown, priced and checked there, wherever the flag is; no file is made."""
    _script(program)
    assert program.run("chat", "-m", MODEL, "hello", "--db", url).code == 0
    (listed,) = program.run("--db", url, "sessions", "list", "--json").json
    assert listed["messages"] == 2
    assert "hello" in program.run("sessions", f"--db={url}", "show", listed["id"]).out
    assert program.run("cost", "--json", env={"AGENTCTL_DATABASE_URL": url}).code == 0
    checks = {one["check"]: one for one in program.run("doctor", "--json", "--db", url).json}
    assert checks["database"]["status"] == "ok"
    assert url.partition("://")[2].rpartition("@")[0].partition(":")[2] not in str(checks)
    assert not (program.home / ".local/share/agentctl/agentctl.db").exists()


def test_the_password_is_kept_apart(program: Program, url: str) -> None:
    """`keys set database` keeps it, and a URL without one is enough then."""
    who, _, place = url.partition("://")[2].rpartition("@")
    name, _, password = who.partition(":")
    program.configure(f'database = "postgresql://{name}@{place}"')
    refused = program.run("sessions", "list")
    assert refused.code == ExitCode.storage
    assert "agentctl keys set database" in refused.err
    assert program.run("keys", "set", "database", stdin=password).code == 0
    assert program.run("sessions", "list").code == 0
    assert [one["name"] for one in program.run("keys", "list", "--json").json] == ["database"]


def _script(program: Program) -> None:
    (program.home / "script.jsonl").write_text('{"type": "text", "text": "Well."}')


@pytest.mark.parametrize("command", ["sessions list", "cost", "budget show", "tools log", f"chat -m {MODEL} hello"])
def test_no_server_is_an_error(program: Program, command: str) -> None:
    """It leaves with 9, says what is wrong and no password, and nothing is put into a file in its place."""
    _script(program)
    program.configure("budget.day = '1'")
    done = program.run(*command.split(), "--db", NOWHERE)
    assert done.code == ExitCode.storage
    assert "can't reach PostgreSQL at 127.0.0.1:1" in done.err
    assert "horse" not in done.err + done.out
    assert not (program.home / ".local/share/agentctl/agentctl.db").exists()


def test_the_configuration_shows_no_password(program: Program) -> None:
    """Neither `show`, `get` nor `set`."""
    done = [
        program.run("config", "set", "database", NOWHERE, "--json"),
        program.run("config", "show"),
        program.run("config", "get", "database"),
        program.run("config", "show", "--json"),
        program.run("doctor"),
    ]
    assert "127.0.0.1:1/db" in done[2].out
    assert "horse" not in "".join(one.out + one.err for one in done)


def test_a_flag_without_a_url(program: Program) -> None:
    """It is a mistake in usage."""
    for arguments in (["sessions", "list", "--db"], ["--db=", "sessions", "list"]):
        done = program.run(*arguments)
        assert (done.code, "--db needs" in done.err) == (ExitCode.usage, True)


def test_what_stands_after_the_end_of_options_is_no_flag(program: Program) -> None:
    """A question may be about --db."""
    _script(program)
    assert program.run("chat", "-m", MODEL, "--", "--db").code == 0
    (listed,) = program.run("sessions", "list", "--json").json
    assert "--db" in program.run("sessions", "show", listed["id"]).out


def test_without_the_driver() -> None:
    """The error says what to install."""
    script = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from agentctl.cli.main import run\n"
        f"sys.exit(run(['sessions', 'list', '--db', {NOWHERE!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.config
    assert "pip install 'agentctl[postgres]'" in done.stderr
    assert "horse" not in done.stderr


@pytest.mark.parametrize(
    "setting", ["host=h password=correct-horse", "postgresql:/u:correct-horse@h/d", "u:correct-horse@h"]
)
def test_a_setting_that_is_no_url_is_shown_nowhere(program: Program, setting: str) -> None:
    """It may hold a password, so no command shows it; those that need a database leave with 3 and say what it takes."""
    assert "correct-horse" not in str(program.run("config", "set", "database", setting, "--json"))
    for command in ("config show", "config get database", "config get database --json", "doctor", "doctor --json"):
        assert "correct-horse" not in str(program.run(*command.split()))
    refused = program.run("sessions", "list")
    assert refused.code == ExitCode.config
    assert "postgresql://…" in refused.err
    assert "correct-horse" not in refused.err
