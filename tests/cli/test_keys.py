"""`agentctl keys`, run as a program."""

from __future__ import annotations

import json

import pexpect
from support.keyrings import use
from support.program import AGENTCTL, PATIENCE, Program
from support.schemas import validate

SECRET = "Zq9-very-secret-value"


def test_a_key_from_stdin_is_kept_and_never_shown(program: Program) -> None:
    """`keys set` reads a pipe; no output of any command has the key in it."""
    stored = program.run("keys", "set", "openai", stdin=f"{SECRET}\n")
    assert (stored.code, stored.out) == (0, "")
    assert "warning:" in stored.err
    listed = program.run("keys", "list")
    file = program.home / ".config/agentctl/keys.json"
    assert listed.out == f"name\twhere\nopenai\t{file}\n"
    removed = program.run("keys", "rm", "openai")
    assert removed.out == "removed openai\n"
    assert program.run("keys", "list", "--json").json == []
    assert SECRET not in "".join(done.out + done.err for done in (stored, listed, removed))


def test_every_command_has_its_published_json(program: Program) -> None:
    """--json prints one document of the shape in docs/schemas."""
    stored = program.run("keys", "set", "openai", "--json", stdin=SECRET).json
    validate("keys-set", stored)
    assert stored["name"] == "openai"
    program.environ["OPENAI_API_KEY"] = SECRET
    listed = program.run("keys", "list", "--json").json
    validate("keys-list", listed)
    assert listed == [{"name": "openai", "where": "OPENAI_API_KEY"}]
    removed = program.run("keys", "rm", "openai", "--json").json
    validate("keys-rm", removed)


def test_the_keyring_takes_it_where_there_is_one(program: Program) -> None:
    """With a keyring that works, the key is there and there is no warning."""
    program.environ |= use("Kept", program.home / "keyring.json") | {"AGENTCTL_KEYRING": ""}
    stored = program.run("keys", "set", "openai", stdin=SECRET)
    assert (stored.code, stored.err) == (0, "stored openai in keyring\n")
    assert json.loads((program.home / "keyring.json").read_text()) == {"agentctl/openai": SECRET}
    assert program.run("keys", "list", "--json").json == [{"name": "openai", "where": "keyring"}]


def test_on_a_terminal_the_key_is_asked_for_and_hidden(program: Program) -> None:
    """What is typed at the prompt does not appear on the screen."""
    child = pexpect.spawn(str(AGENTCTL), ["keys", "set", "openai"], env=program.environment, timeout=PATIENCE)
    child.expect("Key for openai: ")
    child.sendline(SECRET)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert SECRET not in str(child.before)
    assert program.run("keys", "list", "--json").json[0]["name"] == "openai"


def test_mistakes_leave_with_their_code(program: Program) -> None:
    """Nothing on stdin, a key that is none, a bad name, or a key that is not there: each says what to do."""
    for code, arguments, stdin in (
        (3, ["set", "openai"], ""),
        (3, ["set", "openai"], "two words"),
        (3, ["set", "openai"], b"\xff\xfe\xfd\xfc\xfb\xfa"),
        (2, ["set", "Open AI"], SECRET),
        (2, ["set", "openai", SECRET], ""),
        (2, ["rm", "openai"], ""),
    ):
        done = program.run("keys", *arguments, stdin=stdin)
        assert (done.code, done.out) == (code, ""), arguments
        assert "hint:" in done.err
