"""Where keys are found and kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.config import Home
from support.keyrings import use

from agentctl import keys
from agentctl.errors import ConfigError, UsageError
from agentctl.redact import redact

SECRET = "Zq9-very-secret-value"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return a home that leaves the keyring alone."""
    return Home(tmp_path, {"AGENTCTL_KEYRING": "off"})


def with_keyring(home: Home, name: str) -> dict[str, str]:
    """Return the home's environment with the keyring of that name."""
    return home.environ | {"AGENTCTL_KEYRING": ""} | use(name, home.root / "keyring.json")


def key_file(home: Home) -> Path:
    """Return where the file with keys is."""
    return home.path / ".config/agentctl/keys.json"


def test_the_environment_comes_first_then_the_keyring_then_the_file(home: Home) -> None:
    """Each place is asked only when the ones before it have nothing."""
    environ = with_keyring(home, "Kept")
    assert keys.find("openai", ("OPENAI_API_KEY",), environ) is None
    keys.save("other", "in-the-file-1", home.environ)
    keys.save("openai", SECRET, environ)
    assert keys.find("other", (), environ) == keys.Key("in-the-file-1", str(key_file(home)))
    assert keys.find("openai", ("OPENAI_API_KEY",), environ) == keys.Key(SECRET, "keyring")
    environ |= {"SECOND": "from-second", "OPENAI_API_KEY": ""}
    assert keys.find("openai", ("OPENAI_API_KEY", "SECOND"), environ) == keys.Key("from-second", "SECOND")


def test_a_key_in_the_keyring_is_nowhere_else(home: Home) -> None:
    """The file knows the names of such keys and no values."""
    environ = with_keyring(home, "Kept")
    assert keys.save("openai", SECRET, environ) == keys.Saved("keyring")
    assert json.loads(key_file(home).read_text()) == {"keyring": ["openai"], "file": {}}
    assert json.loads((home.root / "keyring.json").read_text()) == {"agentctl/openai": SECRET}
    assert keys.names(environ) == {"openai": "keyring"}
    assert keys.remove("openai", environ)
    assert json.loads((home.root / "keyring.json").read_text()) == {}
    assert keys.names(environ) == {}
    assert not keys.remove("openai", environ)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Forgetful", "did not keep"),
        ("Broken", "can't keep [redacted]"),
        ("Missing", "Missing"),
        ("Hanging", "within 5 s"),
    ],
)
def test_a_keyring_that_fails_leaves_the_file(home: Home, name: str, reason: str) -> None:
    """A keyring that is broken, locked or absent costs seconds at most; the key goes to the file, with a warning."""
    began = time.monotonic()
    saved = keys.save("openai", SECRET, with_keyring(home, name))
    assert time.monotonic() - began < 15
    assert saved.where == str(key_file(home))
    assert reason in (saved.warning or "")
    assert SECRET not in (saved.warning or "")
    assert key_file(home).stat().st_mode & 0o777 == 0o600
    assert keys.find("openai", (), home.environ) == keys.Key(SECRET, str(key_file(home)))


def test_a_keyring_that_stops_answering_is_an_error_with_a_way_out(home: Home) -> None:
    """A key that is known to be in the keyring and can't be had is not passed over in silence."""
    keys.save("openai", SECRET, with_keyring(home, "Kept"))
    with pytest.raises(ConfigError, match="out of order") as caught:
        keys.find("openai", (), with_keyring(home, "Broken"))
    assert "AGENTCTL_KEYRING=off" in (caught.value.hint or "")


def test_keyring_off_means_the_file(home: Home) -> None:
    """With AGENTCTL_KEYRING=off no keyring is asked, written or needed."""
    assert keys.save("openai", SECRET, home.environ).where == str(key_file(home))
    keys.save("groq", SECRET, with_keyring(home, "Kept"))
    assert keys.find("groq", (), home.environ) is None
    with pytest.raises(ConfigError, match="AGENTCTL_KEYRING is off"):
        keys.remove("groq", home.environ)


def test_a_file_that_others_can_read_is_refused(home: Home) -> None:
    """A key that others may have seen is not used until its owner has closed the file."""
    keys.save("openai", SECRET, home.environ)
    key_file(home).chmod(0o640)
    with pytest.raises(ConfigError) as caught:
        keys.find("openai", (), home.environ)
    assert caught.value.hint == f"chmod 600 {key_file(home)}"


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", "{}", '{"keyring": 5, "file": {}}', '{"keyring": [], "file": 1}', "\xff"]
)
def test_a_damaged_file_is_named(home: Home, damage: str) -> None:
    """A file that can't be read as keys is an error, not an empty list."""
    keys.save("openai", SECRET, home.environ)
    key_file(home).write_text(damage, encoding="latin-1")
    with pytest.raises(ConfigError, match="damaged"):
        keys.names(home.environ)


def test_a_pipe_in_place_of_the_file_does_not_hang(home: Home) -> None:
    """Nothing waits for a pipe that is called as the file of keys: it is an error that names it."""
    key_file(home).parent.mkdir(parents=True)
    os.mkfifo(key_file(home), 0o600)
    for command in (keys.names, lambda environ: keys.save("openai", SECRET, environ)):
        with pytest.raises(ConfigError, match=r"keys\.json is not a file"):
            command(home.environ)


def test_keys_saved_at_the_same_time_are_all_there(home: Home) -> None:
    """Nobody's key is lost to another's, and nothing is left beside the file."""
    names = [f"key-{number}" for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: keys.save(name, SECRET, home.environ), names))
    assert set(keys.names(home.environ)) == set(names)
    assert list(key_file(home).parent.iterdir()) == [key_file(home)]


@pytest.mark.parametrize("name", ["", "A", "a b", "../x", "-x", "é"])
def test_a_name_that_no_server_could_have_is_refused(home: Home, name: str) -> None:
    """Names of keys are names of providers and servers."""
    with pytest.raises(UsageError):
        keys.save(name, SECRET, home.environ)


@given(st.text(max_size=20).filter(lambda text: not text.strip().isascii() or " " in text.strip() or not text.strip()))
def test_what_can_not_stand_in_a_header_is_no_key(text: str) -> None:
    """A line break in a key would end the header it is sent in."""
    with pytest.raises(ConfigError) as caught:
        keys.resolve(f"k{text}" if text.startswith(("$", "!")) else text, {})
    assert len(text.strip()) < 6 or text.strip() not in str(caught.value)


def test_a_key_found_is_never_shown(home: Home) -> None:
    """Its repr hides it, and everything that redacts knows it."""
    found = keys.find("openai", ("K",), home.environ | {"K": "Zq9-unshaped"})
    assert found
    assert "Zq9" not in repr(found)
    assert redact("Zq9-unshaped") == "[redacted]"


def test_references_are_resolved() -> None:
    """A literal is itself, $NAME is a variable, !command is what it prints."""
    environ = {"NAME": "Zq9-from-variable\n", "PATH": os.environ["PATH"]}
    assert keys.resolve("Zq9-literal", environ) == "Zq9-literal"
    assert keys.resolve("$NAME", environ) == "Zq9-from-variable"
    assert keys.resolve("!printenv NAME", environ) == "Zq9-from-variable"
    assert keys.resolve("!printf %s 'Zq9;$NAME|x'", environ) == "Zq9;$NAME|x"
    assert redact("Zq9;$NAME|x") == "[redacted]"


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("$UNSET", r"\$UNSET, which is not set"),
        ("$no name", "no variable's name"),
        ("!", "is to name a command"),
        ("!'", "can't be read"),
        ("!no-such-program-here x", "can't run no-such-program-here, .*: No such file or directory$"),
        ("!false", "false, .* failed with 1: it said nothing"),
        ("!ls /no-such-directory", "ls, .* failed with .*no-such-directory"),
        ("!true", "true printed is empty"),
        ("!printf 'a\\nb'", "line break"),
        ("", "is empty"),
    ],
)
def test_a_reference_that_leads_nowhere_says_why(reference: str, message: str) -> None:
    """Each way to fail is told apart, and is an error of configuration."""
    with pytest.raises(ConfigError, match=message):
        keys.resolve(reference, {"PATH": os.environ["PATH"]})


@pytest.mark.parametrize(
    ("reference", "hint"),
    [
        ("!true", "run it by hand"),
        ("!no-such-program-here", "run it by hand"),
        ("!printf 'a\\nb'", "run it by hand"),
        ("a b", "copy the key"),
    ],
)
def test_what_is_no_key_comes_with_what_to_do(reference: str, hint: str) -> None:
    """Who wrote a command is told to run it, who wrote a key to copy it."""
    with pytest.raises(ConfigError) as caught:
        keys.resolve(reference, {"PATH": os.environ["PATH"]})
    assert hint in (caught.value.hint or "")


def test_a_command_that_hangs_is_ended() -> None:
    """A command gets its time and no more, and nothing from our stdin."""
    began = time.monotonic()
    with pytest.raises(ConfigError, match=r"longer than 0\.2 s"):
        keys.resolve("!sleep 60", {"PATH": os.environ["PATH"]}, timeout=0.2)
    assert time.monotonic() - began < 15
    with pytest.raises(ConfigError, match="is empty"):
        keys.resolve("!cat", {"PATH": os.environ["PATH"]})


WAITS = {
    "main thread": "keys.resolve(reference)",
    "daemon thread": """
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
thread = threading.Thread(target=keys.resolve, args=(reference,), daemon=True)
thread.start()
while thread.is_alive():
    thread.join(0.2)  # a signal that comes just before a wait begins is seen at its end
""",
}


@pytest.mark.parametrize("waits", WAITS)
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_command_ends_with_who_waits_for_it(tmp_path: Path, waits: str, number: signal.Signals, code: int) -> None:
    """Where a process is told to end while a command is to print a key, the command and all it started are gone."""
    os.mkfifo(tmp_path / "alive")
    # Its pipe is open as long as the shell or the program it started lives.
    reference = f"!sh -c 'exec 9>{tmp_path}/alive; echo started >&9; sleep 60; true'"
    program = f"import signal, sys, threading\nfrom agentctl import keys\nreference = {reference!r}\n{WAITS[waits]}"
    with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE) as process:
        with (tmp_path / "alive").open() as alive:
            assert alive.readline() == "started\n"
            process.send_signal(number)
            began = time.monotonic()
            assert alive.read() == ""
        assert time.monotonic() - began < 30
        process.communicate(timeout=30)
    assert process.returncode == code


def test_a_stored_reference_is_resolved_at_each_use(home: Home) -> None:
    """A key may be kept as the command that prints it."""
    environ = with_keyring(home, "Kept") | {"NAME": "Zq9-now"}
    assert keys.save("op", "!printenv NAME\n", environ) == keys.Saved(str(key_file(home)))
    assert keys.find("op", (), environ) == keys.Key("Zq9-now", str(key_file(home)))


def test_the_keyring_is_not_imported_for_keys_that_are_elsewhere(home: Home) -> None:
    """Finding a key in the environment or the file imports no keyring and starts no process."""
    keys.save("openai", SECRET, home.environ)
    program = "import sys\nfrom agentctl import keys\nprint(keys.find('openai') is not None)\n"
    program += "print(*{'keyring', 'subprocess', 'agentctl.keys.keyring'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=with_keyring(home, "Kept"),
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert done.stdout == "True\n\n"


def test_a_keyring_module_in_the_working_directory_does_not_run(home: Home, tmp_path: Path) -> None:
    """A project can't have its own code run in place of the keyring's."""
    (tmp_path / "keyring.py").write_text(f"open({str(tmp_path / 'owned')!r}, 'w')")
    program = "from agentctl import keys\nprint(keys.save('openai', 'Zq9-value').where)"
    environ = with_keyring(home, "Kept")
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert done.stdout == "keyring\n"
    assert not (tmp_path / "owned").exists()
