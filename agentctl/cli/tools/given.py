"""What the commands about components are given: files, grants, limits, arguments."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from agentctl.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from agentctl.tools.wasm.grants import Limits

_LARGEST = 256 << 20  # bytes of a component
_LONGEST = 64 << 20  # bytes of arguments
_MB = 1 << 20
_SHOWN = 40  # characters of what is wrong in a message

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="WHAT",
        help="fs:ro:HOST=GUEST, fs:rw:HOST=GUEST, env:NAME, net:HOST[:PORT], clock or random; once for each.",
    ),
]
Fuel = Annotated[
    int | None, typer.Option("--fuel", metavar="N", help="About as many instructions; 10 thousand million.")
]
Timeout = Annotated[float | None, typer.Option("--timeout", metavar="SECONDS", help="How long a call may take; 30.")]
Memory = Annotated[int | None, typer.Option("--memory", metavar="MB", help="How much memory it may use; 256.")]
OutputLimit = Annotated[
    int | None, typer.Option("--output-limit", metavar="BYTES", help="Longest result, and output; 1048576.")
]


def need_wasmtime() -> None:
    """Make sure that components can be looked at and run.

    Raises:
        ConfigError: wasmtime is not installed.
    """
    from importlib.util import find_spec  # noqa: PLC0415 - lists need none of it

    if find_spec("wasmtime") is None:
        raise ConfigError("components need wasmtime, which is not installed", hint="pip install 'agentctl[wasm]'")


def read_component(path: Path) -> bytes:
    """Read a file that should have a component in it.

    Raises:
        UsageError: it can't be read, or is too large.
    """
    if path.exists() and not path.is_file():  # what is none may never end
        raise UsageError(f"{path} is no file", hint="give a file with a WebAssembly component")
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"can't read {path}: {error.strerror}", hint="give a file with a component") from error
    if len(data) > _LARGEST:
        raise UsageError(f"{path} has more than {_LARGEST // _MB} MB", hint="give a smaller component")
    return data


def limits(base: Limits, fuel: int | None, timeout: float | None, memory: int | None, output: int | None) -> Limits:
    """The limits of `base`, with those changed that the command line gives.

    Raises:
        UsageError: one of them leaves nothing to run with.
    """
    from dataclasses import replace  # noqa: PLC0415 - a change is rare

    given = {"fuel": fuel, "timeout": timeout, "memory": None if memory is None else memory * _MB, "output": output}
    changed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    return replace(base, **changed)


def arguments(text: str | None, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Read a call's arguments: a JSON object by name, or an array in the function's order.

    Args:
        text: the JSON, `@FILE` for a file with it, `-` for standard input; None is no argument.
        parameters: the JSON Schema of the arguments.

    Raises:
        UsageError: it is neither.
    """
    if text is None:
        return {}
    try:
        given = json.loads(_read(text), parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        hint = """give --args '{"name": value}' or --args '[value, …]', @FILE or -"""
        raise UsageError(f"--args is not JSON: {error}", hint=hint) from error
    if isinstance(given, dict):
        return given
    names = list(parameters.get("properties", {}))
    if names == ["arguments"]:
        return {"arguments": given}  # a program's arguments are an array themselves
    if not isinstance(given, list) or len(given) > len(names):
        what = f"an array of {len(given)} values" if isinstance(given, list) else "no object"
        raise UsageError(f"--args is {what}", hint=f"the arguments are: {', '.join(names) or 'none'}")
    return dict(zip(names, given, strict=False))


def _read(text: str) -> str:
    try:
        if text == "-":
            data = sys.stdin.buffer.read(_LONGEST + 1)
        elif text.startswith("@"):
            path = Path(text[1:])
            if path.exists() and not path.is_file():  # what is none may never end
                raise UsageError(f"{path} is no file", hint="give @FILE, or - for standard input")
            with path.open("rb") as file:
                data = file.read(_LONGEST + 1)
        else:
            return text
    except OSError as error:
        raise UsageError(
            f"can't read the arguments from {text[1:]}: {error.strerror}", hint="check the path"
        ) from error
    if len(data) > _LONGEST:
        raise UsageError("the arguments are too long", hint=f"give at most {_LONGEST // _MB} MB")
    return data.decode()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isfinite(number):
        return number
    raise ValueError(f"{text[:_SHOWN]} is too large")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice[:_SHOWN]!r} is there twice")
    return found
