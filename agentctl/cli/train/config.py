"""A file that says what the options of `agentctl train run` say."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from agentctl.cli.given import read_dollars
from agentctl.cli.train.wanted import MOST_ENVS, MOST_WORKERS, named, numbers, pairs
from agentctl.errors import ConfigError, UsageError

_LARGEST = 1 << 20  # bytes


def read(path: Path) -> dict[str, Any]:
    """What the file says, by the names that `run` has for it; paths in it are relative to its directory.

    Raises:
        UsageError: there is no such file.
        ConfigError: it makes no sense, or has a key that is no option.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(
            f"can't read {path}: {error.strerror}", hint="agentctl train run --env ID needs none"
        ) from error
    try:
        if len(text) > _LARGEST:
            raise ConfigError(f"{path} is larger than {_LARGEST:,} bytes", hint="it has options and no data")
        document = tomllib.loads(text.decode())
    except (ValueError, RecursionError) as error:  # of words, of too many digits, of brackets in brackets
        raise ConfigError(f"{path} is no TOML: {error}", hint="it is like: env = 'CartPole-v1'") from error
    return {_name(path, key): _value(path, key, value) for key, value in document.items()}


def _name(path: Path, key: str) -> str:
    plain = key.replace("_", "-")
    if plain not in _KINDS:
        near = get_close_matches(plain, _KINDS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(_KINDS)}"
        raise ConfigError(f"{path}: unknown key {key[:100]!r}", hint=hint)
    return _NAMES.get(plain, plain.replace("-", "_"))


def _value(path: Path, key: str, value: Any) -> Any:
    wanted, convert = _KINDS[key.replace("_", "-")]
    try:
        converted = convert(value)
    except UsageError as error:
        raise ConfigError(f"{path}: {error.message}", hint=error.hint) from error
    if converted is None:
        raise ConfigError(f"{path}: {key} is {wanted}, and not {value!r:.100}", hint="agentctl train run --help")
    return path.parent / converted if isinstance(converted, Path) else converted


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _path(value: Any) -> Path | None:
    return Path(value).expanduser() if isinstance(value, str) and value else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 else None


def _whole(least: int, most: float = math.inf) -> Callable[[Any], int | None]:
    return lambda value: value if type(value) is int and least <= value <= most else None


def _pairs(value: Any) -> dict[str, str] | None:
    if isinstance(value, Mapping):
        return {name: str(one).lower() if isinstance(one, bool) else str(one) for name, one in value.items()}
    return pairs([value], "set") if isinstance(value, str) else None


def _costs(value: Any) -> dict[str, float] | None:
    if isinstance(value, Mapping):
        return numbers([f"{name}={one}" for name, one in value.items()], "cost")
    return numbers([value], "cost") if isinstance(value, str) else None


def _actions(value: Any) -> dict[str, str] | None:
    if not isinstance(value, Mapping) or not value or not all(isinstance(one, str) for one in value.values()):
        return None
    return named([f"{name}={one}" for name, one in value.items()])


def _dollars(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return read_dollars(str(value), "max-cost")


_NAMES = {"cost": "costs", "set": "parameters", "json": "as_json"}
_KINDS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "env": ("the id of an environment", _text),
    "tasks": ("a file", _path),
    "from-sessions": ("true or false", _flag),
    "seed": ("a whole number", _whole(0)),
    "steps": ("a whole number above 0", _whole(1)),
    "envs": (f"a whole number from 1 to {MOST_ENVS}", _whole(1, MOST_ENVS)),
    "workers": (f"a whole number from 1 to {MOST_WORKERS}", _whole(1, MOST_WORKERS)),
    "ray": ("an address", _text),
    "resume": ("a run", _text),
    "cost": ("a table of numbers", _costs),
    "cost-weight": ("a number, not negative", _number),
    "set": ("a table of hyperparameters", _pairs),
    "actions": ("a table of PROVIDER/MODEL[@EFFORT][+VARIANT] by name", _actions),
    "max-cost": ("dollars, as 0.50", _dollars),
    "parallel": ("a whole number above 0", _whole(1)),
    "replay": ("a file", _path),
    "metrics": ("a file", _path),
    "plot": ("a file", _path),
    "json": ("true or false", _flag),
    "quiet": ("true or false", _flag),
}
