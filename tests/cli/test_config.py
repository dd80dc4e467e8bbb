"""`agentctl config`, run as a program."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.privileges import run_unprivileged
from support.program import AGENTCTL, Outcome, Program
from support.schemas import validate

from agentctl.settings.table import KEYS, dotted

CONFIG = """model = "a/b"  # mine
[servers.groq]
base_url = "https://groq.example/v1"
key = "Zq9-literal-key"
[servers.other]
base_url = "https://other.example/v1"
key = "$OTHER"
[models."a/b"]
input = "0.10"
"""


def user_file(program: Program) -> Path:
    """Return where the user's configuration is."""
    return program.home / ".config/agentctl/config.toml"


def project_file(program: Program, text: str) -> Path:
    """Make the working directory a project with that configuration."""
    path = program.home / ".agentctl/config.toml"
    path.parent.mkdir()
    path.write_text(text)
    return path


def test_show_lists_every_key_with_its_origin(program: Program) -> None:
    """Simple keys are always there, named ones where they are set, and no key of a server is."""
    program.configure(CONFIG)
    done = program.run("config", "show", "--origin")
    assert (done.code, done.err) == (0, "")
    head, *rows = [line.split("\t") for line in done.out.splitlines()]
    assert head == ["key", "value", "origin"]
    shown = {name: (value, origin) for name, value, origin in rows}
    assert {dotted(key.path) for key in KEYS if not key.named} <= shown.keys()
    assert shown["model"] == ("a/b", "user")
    assert shown["timeout"] == ("300", "default")
    assert shown["servers.groq.key"] == ("[redacted]", "user")
    assert shown["servers.other.key"] == ("$OTHER", "user")
    assert shown['models."a/b".input'] == ("0.10", "user")
    assert "Zq9" not in done.out


def test_show_as_json_is_of_the_published_shape(program: Program) -> None:
    """--json has values of their own types, null where nothing is set."""
    program.configure(CONFIG)
    program.environ["AGENTCTL_TIMEOUT"] = "5"
    shown = program.run("config", "show", "--json").json
    validate("config-show", shown)
    assert shown["timeout"] == {"value": 5.0, "origin": "env"}
    assert shown["base_url"] == {"value": None, "origin": "default"}
    assert shown["servers.groq.key"]["value"] == "[redacted]"


def test_get_prints_a_value_alone(program: Program) -> None:
    """A script can use what `config get` prints; a key that is not set is a failure."""
    program.configure(CONFIG)
    assert program.run("config", "get", "models.a/b.input").out == "0.10\n"
    found = program.run("config", "get", "base_url", "--json").json
    validate("config-get", found)
    assert found == {"key": "base_url", "value": None, "origin": "default"}
    assert program.run("config", "get", "log.compression").out == "none\n"
    assert program.run("config", "get", "log.compression", env={"AGENTCTL_LOG_COMPRESSION": "gz"}).out == "gz\n"
    done = program.run("config", "get", "base_url")
    assert (done.code, done.out) == (1, "")
    assert "hint: agentctl config set base_url VALUE" in done.err


def test_set_writes_what_get_reads(program: Program) -> None:
    """A value set is there for every later command, in a private file, and comments stay."""
    program.configure(CONFIG)
    done = program.run("config", "set", "model", "openai/gpt-5", "--json")
    validate("config-set", done.json)
    assert done.json == {"key": "model", "value": "openai/gpt-5", "file": str(user_file(program))}
    assert program.run("config", "set", "models.a/b.output", "2.50").out == ""
    assert program.run("config", "get", "model").out == "openai/gpt-5\n"
    assert user_file(program).read_text() == CONFIG.replace('"a/b"  #', '"openai/gpt-5"  #') + 'output = "2.50"\n'


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["get", "nonsense"], 3, "unknown key nonsense"),
        (["set", "modle", "a/b"], 3, "did you mean model?"),
        (["set", "timeout", "soon"], 3, "timeout is 'soon'"),
        (["set", "log.rotation", "1 parsec"], 3, '"10 MB"'),
        (["set", "servers.local.base_url", "https://x"], 3, "no valid key"),
        (["set", "servers.openai.key", "$A"], 0, ""),
        (["set", "servers.x.key", "$A"], 0, ""),
        (["trust"], 3, "there is no"),
        (["set", "model"], 2, "Missing argument"),
    ],
)
def test_mistakes_leave_with_their_code_and_change_nothing(
    program: Program, arguments: list[str], code: int, message: str
) -> None:
    """What can't be set is refused with a hint, and the file stays as it was."""
    program.configure('[servers.x]\nbase_url = "https://x"\n')
    done = program.run("config", *arguments)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
    if code:
        assert user_file(program).read_text() == '[servers.x]\nbase_url = "https://x"\n'


def test_a_key_is_not_taken_from_the_command_line(program: Program) -> None:
    """Arguments are seen by others: a key is refused there, and not repeated."""
    done = program.run("config", "set", "servers.groq.key", "Zq9-secret-key")
    assert done.code == 2
    assert "agentctl keys set groq" in done.err
    assert "Zq9" not in done.err


def test_a_server_gets_its_address_first(program: Program) -> None:
    """A key alone would break every later command: it is refused with what to do, and taken after that."""
    done = program.run("config", "set", "servers.mine.key", "$GROQ")
    assert (done.code, user_file(program).exists()) == (3, False)
    assert "hint: agentctl config set servers.mine.base_url" in done.err
    for arguments in (["base_url", "https://mine.example/v1"], ["key", "$GROQ"]):
        assert program.run("config", "set", f"servers.mine.{arguments[0]}", arguments[1]).code == 0
    assert program.run("config", "get", "servers.mine.key").out == "$GROQ\n"


def test_a_deleted_working_directory_is_told(program: Program) -> None:
    """What needs the working directory says that it is gone; what does not works all the same."""
    gone = program.home / "gone"
    gone.mkdir()
    command = f'rmdir "{gone}"; exec "{AGENTCTL}" config "$@"'

    def run(*arguments: str) -> Outcome:
        gone.mkdir(exist_ok=True)
        done = subprocess.run(
            ["sh", "-c", command, "sh", *arguments],
            cwd=gone,
            env=program.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    for arguments in (["trust"], ["set", "--project", "timeout", "3"]):
        done = run(*arguments)
        assert (done.code, done.err.splitlines()[0]) == (3, "error: the working directory is gone")
        assert "hint:" in done.err
    assert run("set", "timeout", "3").code == 0
    assert run("get", "timeout").out == "3\n"


def test_path_is_the_file_to_edit(program: Program) -> None:
    """It prints one path; --json lists all files that count here."""
    assert program.run("config", "path").out == f"{user_file(program)}\n"
    project = project_file(program, "")
    listed = program.run("config", "path", "--json").json
    validate("config-path", listed)
    assert listed[1:] == [
        {"origin": "user", "path": str(user_file(program)), "exists": False},
        {"origin": "project", "path": str(project), "exists": True},
    ]


def test_the_path_of_what_can_not_be_seen(program: Program) -> None:
    """A file in a directory that nobody may enter is listed as one that is not there."""
    program.configure("")
    user_file(program).parent.chmod(0)
    done = run_unprivileged(program, "config", "path", "--json")
    user_file(program).parent.chmod(0o700)
    assert done.code == 0, done.err
    assert done.json[1] == {"origin": "user", "path": str(user_file(program)), "exists": False}


def test_a_project_counts_once_it_is_trusted(program: Program) -> None:
    """Before, its keys are ignored with a notice and the way out; after, they hold."""
    path = project_file(program, 'base_url = "https://project.example"\nmodel = "p/m"\n')
    done = program.run("config", "show")
    assert "ignored of the untrusted project" in done.err
    assert "hint: agentctl config trust" in done.err
    assert program.run("config", "get", "base_url").code == 1
    trusted = program.run("config", "trust", "--json").json
    validate("config-trust", trusted)
    assert trusted == {"file": str(path), "keys": ["base_url", "model"]}
    assert program.run("config", "get", "base_url").out == "https://project.example\n"
    path.write_text(path.read_text() + "# changed\n")
    assert program.run("config", "get", "base_url").code == 1
    assert program.run("config", "trust", program.home).out.startswith(f"trusted {path}: base_url")


def test_a_key_can_be_set_for_the_project(program: Program) -> None:
    """--project writes the project's file; what the user makes so is trusted, a stranger's file is not."""
    assert program.run("config", "set", "--project", "timeout", "7").err == ""
    assert program.run("config", "get", "timeout").out == "7\n"
    assert not user_file(program).exists()
    path = program.home / ".agentctl/config.toml"
    path.write_text("timeout = 8\n")
    assert "agentctl config trust" in program.run("config", "set", "--project", "timeout", "9").err
    assert program.run("config", "get", "timeout").out == "300\n"
