"""Where `agentctl sessions export -O` writes, and where it does not."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from support.program import AGENTCTL, Program
from support.schemas import validate
from support.talks import fill, path_of

FORMS = ("jsonl", "markdown", "html")
OWN = [
    ".local/share/agentctl/agentctl.db",
    ".local/share/agentctl/agentctl.db-wal",
    ".local/share/agentctl/agentctl.db-shm",
    ".local/share/agentctl/agentctl.db.reserve",
    ".local/share/agentctl/agentctl.db.locks/x.lock",
    ".local/share/agentctl/agentctl.db.v6-01m8ebrdbm7kn7f0kkvn6f3ern.bak",
    ".config/agentctl/config.toml",
    ".agentctl/config.toml",
    "link",
    "hard",
]


@pytest.fixture
def talked(program: Program) -> Program:
    """A home with a conversation, settings, and other names of its database."""
    fill(program, ["hello"])
    program.configure('log.level = "info"\n')
    (program.home / ".agentctl").mkdir()
    (program.home / ".agentctl/config.toml").write_text("")
    (program.home / "link").symlink_to(path_of(program))
    (program.home / "hard").hardlink_to(path_of(program))
    Path(f"{path_of(program)}.locks").mkdir(exist_ok=True)
    return program


@pytest.mark.parametrize("path", OWN)
@pytest.mark.parametrize("force", [(), ("--force",)])
def test_what_is_in_use_is_never_replaced(talked: Program, path: str, force: tuple[str, ...]) -> None:
    """The database, what stands beside it and the settings stay, by whatever name and though forced."""
    file = talked.home / path
    before = file.read_bytes() if file.exists() else None
    done = talked.run("sessions", "export", "--all", "-O", path, *force)
    assert (done.code, done.out) == (2, "")
    assert "belongs to agentctl itself" in done.err
    assert (file.read_bytes() if file.exists() and "-shm" not in path else before) == before
    assert len(talked.run("sessions", "list", "--json").json) == 1


@pytest.mark.parametrize("form", FORMS)
def test_only_an_earlier_export_is_replaced_unasked(talked: Program, form: str) -> None:
    """A file of something else stays unless --force is given; an empty one and an export of any form do not."""
    file = talked.home / "out"
    file.write_text("# my notes\n")
    command = ("sessions", "export", "--all", "--format", form, "-O", "out")
    done = talked.run(*command)
    assert (done.code, file.read_text()) == (2, "# my notes\n")
    assert "--force" in done.err
    assert talked.run(*command, "--force").code == 0
    written = file.read_text()
    assert "hello" in written
    for other in FORMS:
        assert talked.run("sessions", "export", "--all", "--format", other, "-O", "out").code == 0
        assert talked.run(*command).code == 0
    assert file.read_text() == written
    file.write_bytes(b"")
    assert talked.run(*command).code == 0


def test_devices_and_pipes_are_written_to(talked: Program) -> None:
    """A pipe gets all of it and stays one, so does standard output by any name, and a device stays a device."""
    expected = talked.run("sessions", "export", "--all").out
    for name in ("-", "/dev/stdout", "/proc/self/fd/1"):
        assert talked.run("sessions", "export", "--all", "-O", name).out == expected
    pipe = talked.home / "pipe"
    os.mkfifo(pipe)
    process = talked.start("sessions", "export", "--all", "-O", "pipe")
    assert pipe.read_text() == expected
    process.communicate(timeout=talked.patience)
    assert (process.returncode, pipe.is_fifo()) == (0, True)
    assert talked.run("sessions", "export", "--all", "-O", "/dev/null").code == 0
    assert Path("/dev/null").is_char_device()
    assert talked.run("sessions", "export", "--all", "-O", "/dev/stderr").err.startswith(expected)


def test_standard_output_that_is_a_file_stays_that_file(talked: Program) -> None:
    """Redirected, `-O /dev/stdout` goes on in the file that is open, behind what stands there."""
    path = talked.home / "all"
    path.write_text("before\n")
    with path.open("ab") as file:
        command = [str(AGENTCTL), "sessions", "export", "--all", "-O", "/dev/stdout"]
        subprocess.run(command, stdout=file, cwd=talked.home, env=talked.environment, check=True)
    assert path.read_text() == "before\n" + talked.run("sessions", "export", "--all").out


@pytest.mark.parametrize(
    ("name", "why"), [("", "empty name"), ("none/out", "no directory"), ("loop", "symbolic links"), ("/", "directory")]
)
def test_names_of_no_file(talked: Program, name: str, why: str) -> None:
    """It is said what is wrong with the name, and no directory is made."""
    (talked.home / "loop").symlink_to("loop")
    done = talked.run("sessions", "export", "--all", "-O", name)
    assert (done.code, done.out) == (2, "")
    assert why in done.err
    assert "hint:" in done.err
    assert not (talked.home / "none").exists()


@pytest.mark.parametrize("form", FORMS)
def test_an_export_that_lacks_something_ends_with_9(talked: Program, form: str) -> None:
    """What is left is written, and what is missing is told: on stderr, in JSON and by the exit code."""
    (session,) = fill(talked, ["one", "two", "three"])
    with closing(sqlite3.connect(path_of(talked))) as raw, raw:
        raw.execute("DROP TRIGGER messages_are_not_deleted")
        raw.execute("DELETE FROM messages WHERE session_id = ? AND seq = 1", [session])
    done = talked.run("sessions", "export", "--all", "--format", form)
    assert done.code == 9
    assert "three" in done.out
    assert "warning: session " + session in done.err
    assert "essage 2" in done.err
    assert "hint:" in done.err
    done = talked.run("sessions", "export", session, "--format", form, "-O", "out", "--json")
    assert done.code == 9
    validate("sessions-export", done.json)
    assert len(done.json["flaws"]) == 1
    assert "three" in (talked.home / "out").read_text()


def test_an_import_never_waits(talked: Program) -> None:
    """Of a pipe, a device, a directory or standard input it is said at once that a file is needed."""
    os.mkfifo(talked.home / "pipe")
    for name in ("pipe", "-", "/dev/null", "."):
        done = talked.run("sessions", "import", name)
        assert (done.code, done.out) == (2, "")
        assert "regular file" in done.err
        assert "hint:" in done.err


def test_a_log_that_is_locked(talked: Program) -> None:
    """A log that another program is writing to is to be tried again."""
    with closing(sqlite3.connect(talked.home / "logs.db", isolation_level=None)) as log:
        log.execute("CREATE TABLE responses (id)")
        log.execute("BEGIN EXCLUSIVE")
        done = talked.run("sessions", "import", "logs.db")
    assert (done.code, done.out) == (2, "")
    assert "locked" in done.err
    assert "try again when that is done" in done.err
    assert json.loads(talked.run("sessions", "list", "--json").out)
