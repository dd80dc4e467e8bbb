"""Making a component of a preview1 module, by Bytecode Alliance's jco, which runs on Node.js.

The adapter that jco brings turns each preview1 call into one of preview 2; the module itself stays as it is.

Source: https://github.com/bytecodealliance/jco
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from agentctl.errors import ConfigError, ToolError, UsageError
from agentctl.tools.wasm.inspection.apart import inspect_apart
from agentctl.tools.wasm.inspection.found import Inspection
from agentctl.tools.wasm.inspection.hollow import number, sections

JCO = "@bytecodealliance/jco@1"
PATIENCE = 300.0  # seconds, for a slow network too

_EXPORTS = 7  # the section
_NODE = "install Node.js 20 or newer, which brings npx; on Debian: sudo apt-get install nodejs npm"
# What Node.js and npm need to run and to get through to a registry; no key of a provider is among it.
_PASSED = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE")
_PREFIXES = ("npm_config_", "node_")


def migrate(source: Path, target: Path, environ: Mapping[str, str] = os.environ) -> Inspection:
    """Write the component that does what the preview1 module `source` does to `target`, and return what it is.

    A module that exports `_start` becomes a command, any other a library. `jco` is run if it is installed, and else by
    `npx`, which gets it from the npm registry.

    Raises:
        UsageError: `source` is no core module, or `target` exists.
        ConfigError: there is no Node.js.
        ToolError: jco made no component of it.
        OSError: a file can't be read or written.
    """
    data = source.read_bytes()
    _check(source, data, target)
    command = _jco(environ)
    form = "--wasi-command" if "_start" in exports(data) else "--wasi-reactor"
    with tempfile.TemporaryDirectory(prefix="agentctl-") as scratch:
        output = Path(scratch) / "component.wasm"
        _run([*command, "new", str(source.absolute()), form, "-o", str(output)], environ)
        fresh = output.read_bytes()
    inspection = inspect_apart(fresh)
    if inspection.kind != "component":
        raise ToolError(f"jco made a {inspection.kind} of {source}, and no component")
    with target.open("xb") as file:
        file.write(fresh)
    return inspection


def exports(module: bytes) -> frozenset[str]:
    """The names that a core module exports.

    Raises:
        ToolError: its sections are not what they should be.
    """
    names: set[str] = set()
    try:
        for kind, payload in sections(memoryview(module)):
            if kind == _EXPORTS:
                count, at = number(payload, 0)
                for _ in range(count):
                    length, start = number(payload, at)
                    names.add(bytes(payload[start : start + length]).decode())
                    _, at = number(payload, start + length + 1)
    except ValueError as error:
        raise ToolError(f"the module is damaged: {error}", reason="invalid") from error
    return frozenset(names)


def _check(source: Path, data: bytes, target: Path) -> None:
    kind = inspect_apart(data).kind
    if kind == "component":
        raise UsageError(f"{source} is a component already", hint=f"agentctl tools inspect {source}")
    if kind == "not-wasm":
        raise UsageError(f"{source} is no WebAssembly", hint="give a core module, as compilers for wasm32-wasi make it")
    if target.exists():
        raise UsageError(f"{target} exists already", hint="remove it, or give another name")


def _jco(environ: Mapping[str, str]) -> list[str]:
    path = environ.get("PATH", os.defpath)
    if (jco := shutil.which("jco", path=path)) and shutil.which("node", path=path):
        return [jco]
    if npx := shutil.which("npx", path=path):
        return [npx, "--yes", JCO]
    raise ConfigError("a module is migrated by jco, which needs Node.js, and there is none", hint=_NODE)


def _run(command: Sequence[str], environ: Mapping[str, str]) -> None:
    kept = {name: environ[name] for name in environ if name.upper() in _PASSED or name.lower().startswith(_PREFIXES)}
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=kept,
        start_new_session=True,  # so that what npx starts ends with it
    ) as process:
        try:
            told, _ = process.communicate(timeout=PATIENCE)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise ToolError(f"jco had made no component after {PATIENCE:.0f} s", reason="timeout") from error
            raise
    if process.returncode:
        raise _failure(told.decode(errors="replace"))


def _failure(told: str) -> ToolError:
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    npm = [line.removeprefix("npm error ") for line in lines if line.startswith("npm error ")]
    if npm:
        why = next((line for line in npm if "Error:" in line or " Not Found" in line), npm[0])
        hint = "check the network, or install it where there is one: npm install --global @bytecodealliance/jco"
        return ToolError(f"npx can't get jco: {why}", hint=hint)
    said = [line for line in lines if not line.startswith("at ")]
    return ToolError(f"jco made no component of it: {'; '.join(said[:3]) or 'it does not say why'}")
