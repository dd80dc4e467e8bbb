"""Components to call: small ones of text, and those of contrib/tools, built by their own recipe."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import wasmtime

from agentctl.locks import FileLock

ROOT = Path(__file__).parent.parent.parent
NODE = Path(sys.prefix) / "node/node_modules/.bin"
CACHE = ROOT / "build/cache"  # of what was compiled, from one run of the tests to the next: engines take their time

ARITHMETIC = """
(component
  (core module $code
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "half") (param i32) (result i32)
      (if (i32.and (local.get 0) (i32.const 1)) (then unreachable))
      (i32.shr_u (local.get 0) (i32.const 1)))
    (func (export "spin") (loop (br 0))))
  (core instance $code (instantiate $code))
  (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $code "add")))
  (func (export "half") (param "of" u32) (result u32) (canon lift (core func $code "half")))
  (func (export "spin") (canon lift (core func $code "spin"))))
"""

PREVIEW1 = """
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (call $exit (i32.const 0))))
"""


def write(path: Path, text: str) -> Path:
    """Write the component, or core module, that is given as text, and return its path."""
    path.write_bytes(wasmtime.wat2wasm(text))
    return path


def built(name: str) -> Path:
    """The component NAME of contrib/tools; it is built if its sources are newer, and kept in build/tools."""
    directory = ROOT / "build/tools"
    directory.mkdir(parents=True, exist_ok=True)
    tools = [f"PY={Path(sys.executable).with_name('componentize-py')}", f"JS={NODE / 'componentize-qjs'}"]
    with FileLock(directory / ".lock"):
        command = ["make", "--silent", "-C", str(ROOT / "contrib/tools"), *tools, f"../../build/tools/{name}.wasm"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return directory / f"{name}.wasm"


def sampler() -> Path:
    """A component of QuickJS that tells what it finds of chance and time; it is kept in build/tools too."""
    source, target = ROOT / "tests/support/sampler/sampler.js", ROOT / "build/tools/sampler.wasm"
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.parent / ".lock"):
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            options = ["--sync", "--wit", str(source.with_suffix(".wit")), "--js", str(source), "--output", str(target)]
            subprocess.run([str(NODE / "componentize-qjs"), *options], check=True, capture_output=True)
    return target


def node_path() -> str:
    """A PATH on which jco is, and Node.js."""
    assert (NODE / "jco").exists(), "jco is not installed; `make test` installs it by npm"
    return f"{NODE}{os.pathsep}{os.environ['PATH']}"
