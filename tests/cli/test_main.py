"""The command line as a whole: help, failures, and what each command may import."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.program import Program
from typer._click.core import Context
from typer.core import TyperGroup

import agentctl
from agentctl.cli.group import COMMANDS, load
from agentctl.cli.main import run


def _leaves(name: str) -> list[tuple[str, ...]]:
    """The command `name` if it does something by itself, and those below it."""
    command = load(name)
    if not isinstance(command, TyperGroup):
        return [(name,)]
    below: list[tuple[str, ...]] = [(name, one) for one in command.list_commands(Context(command))]
    return [(name,), *below] if command.invoke_without_command else below


LEAVES = [leaf for name in COMMANDS for leaf in _leaves(name)]


def test_version_is_printed_wherever_it_is_asked_for(program: Program) -> None:
    """First, and after another option."""
    for arguments in (["--version"], ["--debug", "--version"]):
        done = program.run(*arguments)
        assert (done.code, done.out) == (0, f"agentctl {agentctl.__version__}\n")


@pytest.mark.parametrize("command", LEAVES, ids=" ".join)
def test_every_command_has_help(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """--help and -h print what the command does, on stdout, without an ANSI code, and leave with 0."""
    for flag in ("--help", "-h"):
        assert run([*command, flag]) == 0
    told = capsys.readouterr()
    assert told.out.startswith(f"Usage: agentctl {' '.join(command)}")
    assert "\x1b" not in told.out
    assert told.err == ""


@pytest.mark.parametrize("command", LEAVES, ids=" ".join)
def test_every_command_refuses_an_unknown_option(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Each leaves with 2 and a hint, and without a traceback."""
    assert run([*command, "--no-such-option"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "error: No such option" in told.err
    assert f"hint: agentctl {' '.join(command)} --help" in told.err


FAILURES: dict[tuple[str, ...], tuple[tuple[str, ...], int]] = {
    ("chat",): (("hi",), 3),
    ("estimate",): (("hi",), 3),
    ("sessions", "list"): ((), 3),
    ("sessions", "show"): (("x",), 3),
    ("sessions", "rename"): (("x", "y"), 3),
    ("sessions", "compact"): (("x",), 3),
    ("sessions", "tag"): (("x", "y"), 3),
    ("sessions", "rate"): (("x", "good"), 3),
    ("sessions", "fork"): (("x",), 3),
    ("sessions", "branches"): (("x",), 3),
    ("sessions", "switch"): (("x", "y"), 3),
    ("sessions", "delete"): (("x",), 3),
    ("sessions", "restore"): (("x",), 3),
    ("sessions", "purge"): (("x",), 3),
    ("sessions", "stats"): ((), 3),
    ("sessions", "verify"): ((), 3),
    ("sessions", "gc"): ((), 3),
    ("sessions", "search"): (("x",), 3),
    ("sessions", "tail"): ((), 3),
    ("sessions", "export"): (("x",), 3),
    ("sessions", "import"): (("x",), 3),
    ("sessions", "migrate"): (("x", "y"), 3),
    ("budget", "show"): ((), 3),
    ("budget", "set"): (("day", "1"), 3),
    ("budget", "clear"): ((), 3),
    ("cost",): ((), 3),
    ("cost", "cache"): ((), 3),
    ("cost", "price"): (("openai/gpt-5",), 3),
    ("cost", "reconcile"): ((), 3),
    ("cost", "remote"): ((), 3),
    ("train", "run"): (("--env", "CartPole-v1"), 3),
    ("train", "eval"): (("x",), 3),
    ("train", "list"): ((), 3),
    ("train", "show"): (("x",), 3),
    ("train", "diff"): (("x", "y"), 3),
    ("train", "promote"): (("x",), 3),
    ("train", "rollback"): ((), 3),
    ("tools", "list"): ((), 3),
    ("tools", "inspect"): (("x.wasm",), 3),
    ("tools", "run"): (("x.wasm", "f"), 3),
    ("tools", "add"): (("x.wasm",), 3),
    ("tools", "remove"): (("x",), 3),
    ("tools", "log"): ((), 3),
    ("tools", "migrate"): (("x.wasm", "y.wasm"), 3),
    ("models", "refresh"): ((), 3),
    ("models", "list"): ((), 3),
    ("models", "show"): (("openai/gpt-5",), 3),
    ("models", "pull"): (("smollm2",), 3),
    ("keys", "set"): (("openai",), 3),
    ("keys", "list"): ((), 3),
    ("keys", "rm"): (("openai",), 3),
    ("config", "show"): ((), 3),
    ("config", "get"): (("timeout",), 3),
    ("config", "set"): (("timeout", "3"), 3),
    ("config", "path"): (("x",), 2),
    ("config", "trust"): (("/nowhere",), 3),
    ("doctor",): ((), 1),
}


@pytest.mark.parametrize("command", LEAVES, ids=" ".join)
def test_every_command_leaves_with_the_code_of_its_failure(command: tuple[str, ...], program: Program) -> None:
    """With a broken configuration and a broken file of keys each fails with its code, a hint and no traceback."""
    program.configure("model = 3")
    (program.home / ".config/agentctl/keys.json").write_text("{")
    arguments, code = FAILURES[command]
    done = program.run(*command, *arguments, stdin="x")
    assert done.code == code, done.err
    assert "Traceback" not in done.err
    assert "hint:" in done.err + done.out


def test_a_typo_is_met_with_a_suggestion(program: Program) -> None:
    """The nearest command is named."""
    done = program.run("sesions")
    assert done.code == 2
    assert "Did you mean 'sessions'?" in done.err


def test_no_arguments_show_help(program: Program) -> None:
    """The list of commands, and the code of a usage error."""
    done = program.run()
    assert done.code == 2
    assert all(name in done.out + done.err for name in COMMANDS)


def test_debug_shows_the_traceback(program: Program) -> None:
    """A traceback with --debug, wherever it stands, and none without."""
    for arguments in (["--debug", "sessions", "show", "x"], ["sessions", "show", "x", "--debug"]):
        done = program.run(*arguments)
        assert "Traceback" in done.err
        assert done.code == 2
    assert "Traceback" not in program.run("sessions", "show", "x").err


BASE = {"annotated_doc", "shellingham", "typer", "typing_extensions"}
HTTP = {
    "anyio",
    "certifi",
    "h11",
    "httpcore",
    "httpx",
    "idna",
    "sniffio",
    "zstandard",
}  # httpx takes the last if it is there
MAY_IMPORT = {
    "--help": BASE,
    "estimate -m openai/gpt-5 hi": BASE | {"toktok"},
    "sessions list": BASE,
    "sessions list --name x --tag y": BASE,
    "sessions show --tree x": BASE,
    "sessions delete x": BASE,
    "sessions rate x good": BASE,
    "sessions stats": BASE,
    "sessions verify": BASE,
    "sessions gc --dry-run": BASE,
    "sessions search hi": BASE,
    "sessions export --all --format html": BASE,
    "sessions import /nowhere": BASE,
    "budget show": BASE,
    "cost": BASE,
    "cost cache": BASE,
    "cost price openai/gpt-5": BASE,
    "cost reconcile": BASE,
    "cost remote": BASE | HTTP,
    "train run": BASE,
    "train eval x": BASE,
    "train list": BASE,
    "train show x": BASE,
    "train promote x": BASE,
    "train rollback": BASE,
    "tools list": BASE,
    "tools remove x": BASE,
    "tools log": BASE,
    "models list": BASE,
    "models show openai/gpt-5": BASE,
    "models refresh openrouter": BASE | HTTP,
    "keys list": BASE,
    "doctor": BASE,
    "doctor --online": BASE | HTTP,
    "config show": BASE,
    "chat --dry-run -m compatible/m --base-url http://127.0.0.1:9/v1 hi": BASE,
}
HEAVY = {"asyncio", "ssl", "http", "email", "importlib.metadata", "importlib.resources", "unittest", "readline"}
DOES_WITHOUT = {
    "chat --dry-run -m compatible/m --base-url http://127.0.0.1:9/v1 hi": {"agentctl.choosing", "agentctl.learning"},
    "cost": {"agentctl.messages", "agentctl.providers", "agentctl.store.sessions"},
    "keys list": {"agentctl.messages", "agentctl.store"},
    "models list": {"agentctl.events", "agentctl.messages", "agentctl.store", "hashlib"},
    "sessions list": {"agentctl.events", "agentctl.providers"},
    "sessions rate x good": {"agentctl.events", "agentctl.providers", "agentctl.learning"},
    "sessions search hi": {"agentctl.events", "agentctl.providers"},
    "sessions export --all --format html": {"agentctl.events", "agentctl.providers"},
    "train run": {"agentctl.messages", "agentctl.store", "agentctl.providers"},
    "train list": {"agentctl.messages", "agentctl.store", "agentctl.providers", "agentctl.training"},
    "tools list": {"agentctl.messages", "agentctl.store", "agentctl.providers"},
}
STARTS_A_LOOP = ("chat", "cost remote", "models refresh", "doctor --online")
ROUTER = {"OPENROUTER_API_KEY": "sk-or-0123456789", "OPENROUTER_BASE_URL": "http://127.0.0.1:9/api/v1"}


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a database in it, as a question leaves it that nobody answers."""
    program = Program(tmp_path_factory.mktemp("used"))
    program.run("chat", "-m", "compatible/m", "--base-url", "http://127.0.0.1:9/v1", "hi")
    return program.home


@pytest.fixture(scope="module")
def before(used: Path) -> set[str]:
    """The modules that the interpreter itself was set up to load."""
    return _modules("pass", Program(used))


@pytest.mark.parametrize("command", MAY_IMPORT)
def test_a_command_imports_no_more_than_it_may(command: str, program: Program, used: Path, before: set[str]) -> None:
    """Start-up is a feature: which third-party packages are loaded is pinned, and heavy parts of the library too."""
    shutil.copytree(used, program.home, dirs_exist_ok=True)
    program.environ |= ROUTER  # nobody listens there
    loaded = _modules(f"from agentctl.cli.main import run; run({command.split()!r})", program) - before
    third_party = {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names - {"agentctl"}
    assert {name for name in third_party if not name.startswith("_")} <= MAY_IMPORT[command]
    assert not loaded & DOES_WITHOUT.get(command, set())
    if not command.startswith(STARTS_A_LOOP):
        assert not loaded & HEAVY


def _modules(code: str, program: Program) -> set[str]:
    """The modules that a fresh interpreter has loaded after `code`."""
    script = f"import sys; {code}; print('\\nloaded:', *sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        input='{"input_tokens": 1, "output_tokens": 1}',
        capture_output=True,
        text=True,
        env=program.environment,
        check=True,
    )
    return set(done.stderr.rpartition("loaded:")[2].split())
