"""Keys are planted in every place where a user may keep one; then every command is run, and nothing has them."""

from __future__ import annotations

import base64
import json
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import pytest
from support.program import PATIENCE, Outcome, Program
from support.secrets import Watch, leaks, leaky_files
from support.vendors.anthropic import Anthropic
from support.vendors.plan import Break, Plan, Refuse, Say, Think
from support.vendors.street import MODELS, configuration, open_street
from support.vendors.vendor import Vendor

# Shapes that redaction may know, and others that it can't: with characters that JSON, URLs or Python spell otherwise.
KEYS = {
    "openai": "sk-proj-PlantedOpenAi4f9a8b7c6d5e",
    "anthropic": 'pl"anted\\anthropic/+=%key&more',
    "google": "planted'google~key|with^odd`marks",
    "openrouter": "PlantedOpenrouterOfNoShape0123",
    "lab": "planted/lab+literal==key",
    "club": "sk-ant-oat01-PlantedOauthToken0123456789",
}
MODEL = {**MODELS, "club": "club/claude-sonnet-4-5"}
NAMES = tuple(KEYS)
OTHERS = {name: f"Refused{key[::-1]}Planted" for name, key in KEYS.items()}
Vendors = Mapping[str, Vendor]


@pytest.fixture
def vendors() -> Iterator[Vendors]:
    """All vendors, who echo each key that they are sent wherever they can, and one for OAuth tokens."""
    with open_street(echo=True) as running, Anthropic(echo=True) as club:
        made = {**running, "club": club}
        for name, vendor in made.items():
            vendor.key = KEYS[name]
        yield made


@pytest.fixture
def planted(program: Program, vendors: Vendors, tmp_path: Path) -> Program:
    """Agentctl with a key in each place: the environment, the file of keys, commands, variables, the configuration."""
    (tmp_path / "vault").write_text(KEYS["google"] + "\n")
    club = f'[servers.club]\nbase_url = "{vendors["club"].url}"\napi = "messages"\nkey = "$CLUB_TOKEN"\n'
    text = configuration({name: vendors[name] for name in MODELS}).replace('"$LAB_KEY"', json.dumps(KEYS["lab"]))
    text = text.replace("[servers.openrouter]", '[servers.openrouter]\nkey = "$PLANTED_OPENROUTER"')
    program.configure(f"{text}\n{club}")
    program.new = True  # for what is seen of a process from without
    program.environ |= {
        "OPENAI_API_KEY": KEYS["openai"],
        "PLANTED_OPENROUTER": KEYS["openrouter"],
        "CLUB_TOKEN": KEYS["club"],
        "AGENTCTL_LOG_LEVEL": "DEBUG",
    }
    for name, given in (("anthropic", KEYS["anthropic"]), ("google", f"!cat {tmp_path / 'vault'}")):
        _check(program.run("keys", "set", name, stdin=given))
    return program


def _check(done: Outcome, code: int | None = 0) -> Outcome:
    """Nothing printed has a key in it, and the code is right; None is any but that of a bug."""
    found = leaks((done.out + done.err).encode(), [*KEYS.values(), *OTHERS.values()])
    assert not found, (found, done.out, done.err)
    assert "Traceback" not in done.err or code is None
    assert code is None or done.code == code, done.err
    return done


def _check_files(program: Program) -> None:
    """The places where keys are kept have them, and no other file in the home does."""
    home = program.home
    stores = [home / ".config/agentctl/keys.json", home / ".config/agentctl/config.toml"]
    assert leaky_files(home, KEYS.values(), [])
    assert leaky_files(home, [*KEYS.values(), *OTHERS.values()], stores) == {}
    assert (home / ".local/share/agentctl/agentctl.db").exists()


@pytest.mark.parametrize("form", ["plain", "base 64", "URL", "JSON"])
def test_the_search_finds_a_key_that_is_there(tmp_path: Path, form: str) -> None:
    """What looks for leaks below is not blind."""
    key = KEYS["anthropic"]
    text = {
        "plain": f"… {key} …",
        "base 64": base64.b64encode(f"Bearer: {key} and more".encode()).decode(),
        "URL": f"https://example.com/?key={quote(key, safe='')}&x",
        "JSON": json.dumps({"error": f"bad key {key}"}),
    }[form]
    (tmp_path / "file").write_text(text)
    assert leaky_files(tmp_path, [key], []) == {str(tmp_path / "file"): {key}}
    assert not leaks(text.encode(), [KEYS["openai"]])


@pytest.mark.parametrize("name", NAMES)
def test_chats_that_go_well_and_badly_tell_no_key(planted: Program, vendors: Vendors, name: str) -> None:
    """Answers, errors before and amid them, in every form of output; the key itself did reach the server."""
    vendor, ask = vendors[name], ("chat", "-m", MODEL[name])
    vendor.will(Plan(Think("hm"), Say("Hello.")))
    watch = Watch([*KEYS.values(), *OTHERS.values()])
    with watch.watching():
        assert "Hello." in _check(planted.run(*ask, "-o", "stream-json", "hi")).out
    assert any(b"stream-json" in line for line in watch.seen)
    assert watch.leaks == set()
    assert (len(vendor.accepted), vendor.refused) == (1, [])
    vendor.will(Plan(fault=Refuse(400)), Plan(Say("Hello, hello."), fault=Break(1, "error")))
    assert "(key [redacted])" in _check(planted.run(*ask, "-c", "-o", "json", "hi"), 7).err
    _check(planted.run(*ask, "-c", "-o", "stream-json", "hi"), 7)
    _check(planted.run(*ask, "--dry-run", "hi"))
    vendor.key = "another"
    _check(planted.run("--debug", *ask, "-c", "hi"), None)
    _check(planted.run(*ask, "-c", "-o", "json", "hi"), 4)
    assert len(vendor.refused) == 2
    assert [*(planted.home / ".local/state").rglob("*.log")]
    _check_files(planted)


def test_a_key_that_is_set_on_the_command_line_is_nowhere(planted: Program, vendors: Vendors) -> None:
    """A new key for each provider, which is refused: by the environment, and by `keys set` over the old one."""
    variables = {"openai": "OPENAI_API_KEY", "openrouter": "PLANTED_OPENROUTER", "club": "CLUB_TOKEN"}
    for name, variable in variables.items():
        _check(planted.run("chat", "-m", MODEL[name], "hi", env={variable: OTHERS[name]}), 4)
    for name in ("anthropic", "google"):
        _check(planted.run("keys", "set", name, "--json", stdin=OTHERS[name]))
        _check(planted.run("chat", "-m", MODEL[name], "-o", "json", "hi"), 4)
        _check(planted.run("keys", "rm", name))
    assert all(len(vendors[name].refused) == 1 for name in (*variables, "anthropic", "google"))
    _check_files(planted)


def test_all_other_commands_tell_no_key(planted: Program, vendors: Vendors) -> None:
    """What lists, examines, reconciles and exports, while servers echo keys in their headers and errors."""
    for name in NAMES:
        vendors[name].will(Plan(Say("Hello.")))
        _check(planted.run("chat", "-m", MODEL[name], "-q", "hi"))
    vendors["openrouter"].will(Plan(Say("Hello, hello, hello."), fault=Break(2)))
    session = _check(planted.run("chat", "-m", MODEL["openrouter"], "-o", "json", "hi"), None).json["session_id"]
    watch = Watch(KEYS.values())
    with watch.watching():
        for command in (
            ["keys", "list"],
            ["keys", "list", "--json"],
            ["config", "show"],
            ["config", "show", "--json"],
            ["config", "get", "servers.lab.key"],
            ["config", "get", "servers.openrouter.key"],
            ["config", "path", "--json"],
            ["doctor"],
            ["doctor", "--online"],
            ["doctor", "--online", "--json"],
            ["models", "list", "--json"],
            ["models", "refresh"],
            ["models", "refresh", "--json"],
            ["cost", "--json"],
            ["cost", "reconcile", "--json"],
            ["cost", "remote", "--json"],
            ["sessions", "list", "--json"],
            ["sessions", "show", session, "--json"],
            ["--debug", "chat", "-m", "nobody/m", "hi"],
        ):
            done = _check(planted.run(*command), None)
            assert done.code != 1 or command[0] == "doctor", (command, done.err)
    assert watch.leaks == set()
    for vendor in vendors.values():
        vendor.key = "another"
    for command in (["doctor", "--online", "--json"], ["models", "refresh"], ["cost", "remote"]):
        _check(planted.run(*command), None)
    assert all(vendor.refused for vendor in vendors.values())
    _check_files(planted)


@pytest.mark.parametrize("name", ["anthropic", "google", "openrouter"])
def test_a_killed_process_leaves_no_key_behind(planted: Program, vendors: Vendors, name: str) -> None:
    """Neither in the database and what it has not merged yet, nor in logs, nor in files that were to be temporary."""
    vendors[name].will(Plan(Say("Hello, hello, hello."), fault=Break(3, "stall")))
    process = planted.start("chat", "-m", MODEL[name], "hi")
    assert process.stdout
    assert process.stdout.read(4)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    assert (planted.home / ".local/share/agentctl/agentctl.db-wal").stat().st_size
    _check_files(planted)
