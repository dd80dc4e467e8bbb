"""`agentctl tools`, run as a program."""

from __future__ import annotations

import json
import os
import signal
import stat
import time
from pathlib import Path

import pexpect
import pytest
from support.components import ARITHMETIC, CACHE, PREVIEW1, built, write
from support.describing import describing
from support.program import AGENTCTL, PATIENCE, Program
from support.schemas import validate

from agentctl.cli.tools.shown import line, signature


@pytest.fixture
def arithmetic(program: Program) -> Path:
    """A component that can do nothing but calculate."""
    return write(program.home / "arithmetic.wasm", ARITHMETIC)


def _data(program: Program) -> Path:
    return program.home / ".local/share/agentctl/tools"


def test_what_a_component_offers_is_shown(program: Program, arithmetic: Path) -> None:
    """Its functions with their types, for people and for programs, and nothing of it runs."""
    shown = program.run("tools", "inspect", arithmetic)
    assert shown.code == 0
    assert "add(a: integer, b: integer)" in shown.out
    found = program.run("tools", "inspect", arithmetic, "--json").json
    validate("tools-inspect", found)
    assert (found["kind"], found["verdict"], found["imports"]) == ("component", "ok", [])
    assert [one["name"] for one in found["exports"]] == ["add", "half", "spin"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [(PREVIEW1, "core-preview1"), ("(module)", "core"), ("(component)", "component"), ("text", "not-wasm")],
)
def test_what_can_not_be_a_tool_is_refused(content: str, kind: str, program: Program) -> None:
    """Inspecting leaves with 8 and says why; running and adding it fail alike."""
    path = program.home / "x.wasm"
    if kind == "not-wasm":
        path.write_text(content)
    else:
        write(path, content)
    found = program.run("tools", "inspect", path, "--json")
    validate("tools-inspect", found.json)
    assert (found.code, found.json["kind"], found.json["verdict"]) == (8, kind, "refused")
    assert found.json["reason"]
    ran = program.run("tools", "run", path, "f", "--json")
    validate("tools-run", ran.json)
    assert (ran.code, ran.json["ok"]) == (8, False)
    added = program.run("tools", "add", path, "--yes")
    assert (added.code, added.out) == (8, "")
    assert found.json["reason"] in added.err


def test_a_preview1_module_is_refused_with_its_imports_and_the_way_out(program: Program) -> None:
    """The reason names what it imports, and the command that migrates it."""
    path = write(program.home / "old.wasm", PREVIEW1)
    shown = program.run("tools", "inspect", path)
    assert "wasi_snapshot_preview1.proc_exit" in shown.out
    assert "agentctl tools migrate" in shown.out
    assert f"hint: agentctl tools migrate {path}" in program.run("tools", "run", path, "f").err


def test_a_call_by_name_and_by_position(program: Program, arithmetic: Path) -> None:
    """Arguments are an object or an array, given at once, in a file or on stdin; the result is the same."""
    (program.home / "args.json").write_text("[40, 2]")
    for text, stdin in (('{"b": 2, "a": 40}', ""), ("[40, 2]", ""), ("@args.json", ""), ("-", '{"a": 40, "b": 2}')):
        done = program.run("tools", "run", arithmetic, "add", "--args", text, "--json", stdin=stdin)
        validate("tools-run", done.json)
        assert (done.code, done.json["ok"], done.json["result"]) == (0, True, 42)
        assert done.json["fuel"] > 0
    assert program.run("tools", "run", arithmetic, "add", "--args", "[40, 2]").out == "42\n"


@pytest.mark.parametrize(
    ("function", "options", "code"),
    [
        ("half", ["--args", "[3]"], "trap"),
        ("half", ["--args", '{"of": "many"}'], "invalid"),
        ("half", [], "invalid"),
        ("spin", ["--fuel", "100000"], "fuel"),
        ("spin", ["--timeout", "0.2", "--fuel", "1000000000000"], "timeout"),
    ],
)
def test_a_call_that_fails_leaves_with_8(
    function: str, options: list[str], code: str, program: Program, arithmetic: Path
) -> None:
    """The document tells the kind of failure; without --json a clear line does."""
    done = program.run("tools", "run", arithmetic, function, *options, "--json")
    validate("tools-run", done.json)
    assert (done.code, done.json["ok"], done.json["error"]["code"]) == (8, False, code)
    told = program.run("tools", "run", arithmetic, function, *options)
    assert (told.code, told.out) == (8, "")
    assert f"error: {done.json['error']['message']}" in told.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["nowhere.wasm", "f"],
        ["nothing", "f"],
        [".", "f"],
        ["arithmetic.wasm", "f"],
        ["arithmetic.wasm", "add", "--args", "[1, 2, 3]"],
        ["arithmetic.wasm", "add", "--args", "1"],
        ["arithmetic.wasm", "add", "--args", "{"],
        ["arithmetic.wasm", "add", "--args", '{"a": NaN}'],
        ["arithmetic.wasm", "add", "--args", "[1e999]"],
        ["arithmetic.wasm", "add", "--args", '{"a": 1, "b": 2, "a": 3}'],
        ["arithmetic.wasm", "add", "--args", "@nowhere.json"],
        ["arithmetic.wasm", "add", "--args", "@fifo"],
        ["arithmetic.wasm", "add", "--allow", "everything"],
        ["arithmetic.wasm", "add", "--allow", "fs:ro:/nowhere=/x"],
        ["arithmetic.wasm", "add", "--fuel", "0"],
        ["arithmetic.wasm", "add", "--memory", "0"],
        ["arithmetic.wasm", "add", "--timeout", "nan"],
        ["arithmetic.wasm", "add", "--output-limit", "0"],
    ],
    ids=" ".join,
)
def test_a_call_that_makes_no_sense_leaves_with_2(arguments: list[str], program: Program, arithmetic: Path) -> None:
    """It is refused before anything runs, with a hint."""
    os.mkfifo(program.home / "fifo")  # whose other end nobody opens
    done = program.run("tools", "run", *arguments)
    assert (done.code, done.out) == (2, "")
    assert "hint:" in done.err


def test_what_it_may_do_is_told_before_the_first_run_only(program: Program, arithmetic: Path) -> None:
    """Once for a component with what it is allowed, and again when that changes."""
    first = program.run("tools", "run", arithmetic, "add", "--args", "[1, 2]", "--json")
    again = program.run("tools", "run", arithmetic, "add", "--args", "[1, 2]", "--json")
    more = program.run("tools", "run", arithmetic, "add", "--args", "[1, 2]", "--json", "--allow", "clock")
    assert "it may compute, and nothing else" in first.err
    assert again.err == ""
    assert "it may see the real time" in more.err


def test_a_component_is_added_listed_run_and_removed(program: Program, arithmetic: Path) -> None:
    """The copy is the user's alone, and stays when the original goes."""
    added = program.run(
        "tools", "add", arithmetic, "--name", "sums", "--allow", "clock", "--fuel", "5000", "--yes", "--json"
    )
    validate("tools-add", added.json)
    assert [one["name"] for one in added.json["tools"]] == ["sums__add", "sums__half", "sums__spin"]
    assert added.json["grants"]["clock"]
    arithmetic.unlink()
    listed = program.run("tools", "list", "--json").json
    validate("tools-list", listed)
    assert listed == [added.json]
    assert "sums\tsums__add sums__half sums__spin\tsee the real time\t" in program.run("tools", "list").out
    for name in ("add", "sums__add"):
        assert program.run("tools", "run", "sums", name, "--args", "[1, 2]", "--json").json["result"] == 3
    limited = program.run("tools", "run", "sums", "spin", "--json").json
    assert (limited["error"]["code"], limited["fuel"]) == ("fuel", 5000)
    modes = [
        stat.S_IMODE(path.stat().st_mode)
        for path in (_data(program), _data(program) / "sums", Path(added.json["path"]))
    ]
    assert modes == [0o700, 0o700, 0o400]
    removed = program.run("tools", "remove", "sums", "--json")
    validate("tools-remove", removed.json)
    assert program.run("tools", "list", "--json").json == []
    assert [path.name for path in _data(program).iterdir()] == [".lock"]


def test_a_name_is_given_once(program: Program, arithmetic: Path) -> None:
    """A second component of the same name is refused, and so is a name that is none."""
    assert program.run("tools", "add", arithmetic, "--yes").code == 0
    for options, code in ((["--yes"], 2), (["--yes", "--name", "../x"], 2), (["--yes", "--name", "Sums"], 2)):
        done = program.run("tools", "add", arithmetic, *options)
        assert (done.code, "hint:" in done.err) == (code, True)
    assert [one["name"] for one in program.run("tools", "list", "--json").json] == ["arithmetic"]
    assert program.run("tools", "remove", "nothing").code == 2


def test_nothing_is_added_unasked(program: Program, arithmetic: Path) -> None:
    """In a script it takes --yes; at a terminal it takes a yes, after what it may do was shown."""
    assert program.run("tools", "add", arithmetic).code == 2
    for answer, code, names in (("n", 130, []), ("y", 0, ["arithmetic"])):
        child = pexpect.spawn(
            str(AGENTCTL),
            ["tools", "add", str(arithmetic)],
            env=program.environment,
            timeout=PATIENCE,
            encoding="utf-8",
        )
        child.expect("it offers add")
        child.expect("it may compute, and nothing else\\S*\r\nAdd it?")  # nothing of the component's stands between
        child.sendline(answer)
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == code
        assert [one["name"] for one in program.run("tools", "list", "--json").json] == names


def test_a_copy_that_was_changed_is_not_run(program: Program, arithmetic: Path) -> None:
    """It is denied, and the list says so."""
    path = Path(program.run("tools", "add", arithmetic, "--yes", "--json").json["path"])
    path.chmod(0o600)
    write(path, ARITHMETIC.replace("i32.add", "i32.sub"))
    done = program.run("tools", "run", "arithmetic", "add", "--args", "[3, 2]", "--json")
    validate("tools-run", done.json)
    assert (done.code, done.json["error"]["code"]) == (8, "denied")
    assert program.run("tools", "list", "--json").json[0]["intact"] is False


def test_no_variable_s_value_is_kept(program: Program, arithmetic: Path) -> None:
    """The library knows which variables were allowed, and never what is in them."""
    program.environ["SECRET_OF_MINE"] = "Zq9-very-secret-value"
    assert program.run("tools", "add", arithmetic, "--allow", "env:SECRET_OF_MINE", "--yes").code == 0
    kept = "".join(path.read_text(errors="replace") for path in _data(program).rglob("*") if path.is_file())
    assert "SECRET_OF_MINE" in kept
    assert "Zq9" not in kept
    assert "Zq9" not in program.run("tools", "list", "--json").out


@pytest.mark.parametrize("manifest", ["{}", "[]", "", "[" * 5000, '{"version": 1, "limits": {"fuel": 0}}'])
def test_a_manifest_that_makes_no_sense_is_told(manifest: str, program: Program, arithmetic: Path) -> None:
    """With the way out, which works; it hides no other component."""
    for name in ("broken", "sums"):
        assert program.run("tools", "add", arithmetic, "--yes", "--name", name).code == 0
    (_data(program) / "broken/manifest.json").write_text(manifest)
    done = program.run("tools", "list")
    assert (done.code, "broken\t\tnot be used" in done.out, "sums\tsums__add" in done.out) == (0, True, True)
    assert "hint: agentctl tools remove broken" in done.err
    listed = program.run("tools", "list", "--json").json
    validate("tools-list", listed)
    assert ["error" in one for one in listed] == [True, False]
    assert program.run("tools", "run", "broken", "add").code == 3
    assert program.run("tools", "remove", "broken").code == 0


def test_what_a_killed_addition_left_is_no_component(program: Program, arithmetic: Path) -> None:
    """It is not listed, and the next addition takes it away."""
    left = _data(program) / ".arithmetic.0123456789ab"
    left.mkdir(parents=True)
    (left / "component.wasm").write_bytes(b"half")
    assert program.run("tools", "list", "--json").json == []
    assert program.run("tools", "add", arithmetic, "--yes").code == 0
    assert not left.exists()


def test_without_wasmtime_the_extra_is_named(program: Program, arithmetic: Path) -> None:
    """Whoever installed agentctl bare is told what to install."""
    (program.home / "sitecustomize.py").write_text("import sys; sys.modules['wasmtime'] = None")
    program.environ["PYTHONPATH"] = str(program.home)
    for command in (("inspect",), ("run", "add"), ("add", "--yes")):
        done = program.run("tools", command[0], arithmetic, *command[1:])
        assert done.code == 3
        assert "hint: pip install 'agentctl[wasm]'" in done.err
    assert program.run("tools", "list", "--json").json == []


def test_migrating_needs_node(program: Program) -> None:
    """Without Node.js, or without a way to the registry, it says what to do."""
    source = write(program.home / "old.wasm", PREVIEW1)
    program.environ["PATH"] = str(program.home)
    without = program.run("tools", "migrate", source, "new.wasm")
    assert without.code == 3
    assert "hint: install Node.js" in without.err
    npx = program.home / "npx"
    npx.write_text("#!/bin/sh\necho 'npm error code ENOTFOUND'\necho 'npm error FetchError: request failed'\nexit 1\n")
    npx.chmod(0o755)
    offline = program.run("tools", "migrate", source, "new.wasm")
    assert offline.code == 8
    assert "npx can't get jco: FetchError: request failed" in offline.err
    assert "hint: check the network" in offline.err
    assert not (program.home / "new.wasm").exists()


def test_what_can_not_be_migrated_is_told(program: Program, arithmetic: Path) -> None:
    """A component needs no migration, text has none, and nothing is overwritten."""
    old = write(program.home / "old.wasm", PREVIEW1)
    text = program.home / "text.wasm"
    text.write_text("text")
    for source, target in ((arithmetic, "new.wasm"), (text, "new.wasm"), (old, "text.wasm")):
        done = program.run("tools", "migrate", source, target)
        assert done.code == 2
        assert "hint:" in done.err
    assert text.read_text() == "text"


def test_a_component_of_our_world_brings_its_own_words(program: Program) -> None:
    """Its tools have the names, descriptions and schemas that it gives them, and are called by name."""
    program.environ["AGENTCTL_CACHE_DIR"] = str(CACHE)
    added = program.run("tools", "add", built("json"), "--yes", "--json")
    assert added.code == 0, added.err
    validate("tools-add", added.json)
    assert [one["name"] for one in added.json["tools"]] == ["json__query", "json__outline"]
    assert "JSONPath" in added.json["tools"][0]["description"]
    arguments = json.dumps({"json": '{"a": [{"b": 1}, {"b": 2}]}', "path": "$.a[?@.b > 1].b"})
    for function in ("query", "json__query"):
        done = program.run("tools", "run", "json", function, "--args", arguments, "--json")
        assert done.json["result"] == {"ok": "[2]"}
    assert program.run("tools", "run", "json", "query", "--args", arguments).out == "[2]\n"
    unknown = program.run("tools", "run", built("json"), "nothing", "--args", "{}", "--json").json
    assert unknown["result"]["err"]["code"] == "not-found"


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_an_interrupt_ends_an_inspection_at_once(program: Program) -> None:
    """Also while wasmtime is at work, and nothing of it lives on."""
    many = write(program.home / "many.wasm", f"(component (core module {'(func)' * 600_000}))")
    deadline = time.monotonic() + PATIENCE
    with program.start("tools", "inspect", many) as running:
        while not (children := _children(running.pid)) and time.monotonic() < deadline:
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        assert running.wait(15) == 130
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < deadline


_FORGED = "add(a: integer)\n  it may compute, and nothing else\u2028\u202e\x1b[2J\x9b"


def test_what_a_component_wrote_forges_no_line() -> None:
    """Names are shown in one line of some length, with nothing in it that acts on a terminal."""
    parameters = {"properties": {_FORGED: {"enum": [_FORGED]}}, "required": [_FORGED]}
    for shown in (signature("f", parameters), signature(_FORGED, {}), line(_FORGED)):
        assert len(shown.splitlines()) == 1
        assert shown.isprintable()
    assert len(signature("f" * 100_000, parameters)) == 300


def test_a_file_s_name_forges_no_line(program: Program) -> None:
    """It is shown with its line breaks as escapes, and so is what a module imports."""
    name = "x\n it may compute.wasm"
    text = r'(module (import "wasi_snapshot_preview1" "f\0aerror: none\1b[2J" (func)))'
    write(program.home / name, text)
    for command in (("inspect", name), ("run", name, "f"), ("add", name, "--yes", "--name", "x")):
        done = program.run("tools", *command)
        assert done.code == 8
        assert r"x\n it may compute.wasm" in done.out + done.err
        assert r"f\nerror: none\x1b[2J" in done.out + done.err


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_terminal_gets_no_control_characters_of_others(options: list[str], program: Program) -> None:
    """Neither from a file's name in a table's head, nor in JSON, which stays the same document."""
    name = "x\x1b[31m\x9b\u202e.wasm"
    write(program.home / name, r'(module (import "wasi_snapshot_preview1" "\c2\9b\e2\80\ae" (func)))')
    command = [*map(str, (AGENTCTL, "tools", "inspect", name)), *options]
    environ = {**program.environment, "NO_COLOR": "1"}
    child = pexpect.spawn(command[0], command[1:], env=environ, timeout=PATIENCE, encoding="utf-8", cwd=program.home)
    shown = child.read()
    child.close()
    assert not set(shown) & {"\x9b", "\u202e"}
    assert "\x1b[31m" not in shown
    if options:
        assert json.loads(shown)["imports"] == ["wasi_snapshot_preview1.\x9b\u202e"]


def test_what_a_component_says_of_itself_has_the_limits_of_a_call(program: Program) -> None:
    """One that describes its tools without end is refused in the time that was given."""
    endless = write(program.home / "endless.wasm", describing("(loop (br 0)) (i32.const 8)"))
    done = program.run("tools", "add", endless, "--yes", "--timeout", "0.5", "--fuel", "1000000000000")
    assert (done.code, "time" in done.err) == (8, True)
    assert [path.name for path in _data(program).iterdir()] == [".lock"]
    empty = write(program.home / "empty.wasm", describing("(i32.const 8)"))
    assert "describes 0 tools" in program.run("tools", "add", empty, "--yes").err


def test_a_killed_addition_leaves_nothing_for_long(program: Program, arithmetic: Path) -> None:
    """What it looked at is in our own directory, and the next addition takes it away, but not from one at work."""
    endless = write(program.home / "endless.wasm", describing("(loop (br 0)) (i32.const 8)"))
    deadline = time.monotonic() + PATIENCE
    with program.start("tools", "add", endless, "--yes", "--fuel", "1000000000000") as running:
        while not (left := [*_data(program).glob(".aside.*/component.wasm")]) and time.monotonic() < deadline:
            assert running.poll() is None
        assert program.run("tools", "add", arithmetic, "--yes").code == 0
        assert left[0].exists()
        running.kill()
    assert left[0].exists()
    assert program.run("tools", "add", arithmetic, "--yes", "--name", "again").code == 0
    assert not left[0].parent.exists()


@pytest.mark.parametrize("name", ["read", "read_result", "all", "files", "mcp", "time", "a__b", "a_", "a" * 41])
def test_a_component_passes_for_nothing_else(name: str, program: Program, arithmetic: Path) -> None:
    """It can have no name of a tool, of a group or of an MCP server, and none that another's tool could begin with."""
    program.configure('[mcp.time]\ncommand = ["time"]\n')
    done = program.run("tools", "add", arithmetic, "--yes", "--name", name)
    assert (done.code, done.out, "--name" in done.err) == (2, "", True)
    assert program.run("tools", "list", "--json").json == []


def test_a_file_s_name_is_made_one_of_a_component(program: Program) -> None:
    """What does not fit in it is left out."""
    odd = write(program.home / "__My  odd__name-.v1.wasm", ARITHMETIC)
    assert program.run("tools", "add", odd, "--yes", "--json").json["name"] == "my-odd_name-v1"


def test_a_file_does_not_take_an_added_component_s_place(program: Program, arithmetic: Path) -> None:
    """Whatever lies in the working directory: a file is meant where there is a slash or .wasm."""
    assert program.run("tools", "add", arithmetic, "--yes", "--name", "sums").code == 0
    write(program.home / "sums", ARITHMETIC.replace("i32.add", "i32.sub"))
    for what, result in (("sums", 5), ("./sums", 1)):
        done = program.run("tools", "run", what, "add", "--args", "[3, 2]", "--json")
        assert done.json["result"] == result
    (program.home / "sums").rename(program.home / "other")
    done = program.run("tools", "run", "other", "add")
    assert (done.code, "hint: for the file: ./other" in done.err) == (2, True)
