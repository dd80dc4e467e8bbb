"""The configuration files: where they are, and what one of them says."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple

from agentctl.errors import ConfigError
from agentctl.paths import Directory, config_dir
from agentctl.settings import table
from agentctl.settings.values import Origin

LARGEST = 1 << 20  # bytes; a bigger file is a mistake or a trap

_DEEPEST = 3  # parts of a key; a table below is one wrong value
_PROJECT = (".agentctl", "config.toml")


class Location(NamedTuple):
    """A place where a configuration file may be."""

    origin: Origin
    path: Path


def locations(environ: Mapping[str, str], cwd: Path | None) -> list[Location]:
    """Where to look, the weakest first.

    Raises:
        ConfigError: there is no telling where the user's is.
    """
    system = Path(environ.get("AGENTCTL_SYSTEM_CONFIG_DIR") or "/etc/agentctl")
    user = directory(config_dir, environ)
    places = [Location("system", system / "config.toml"), Location("user", user / "config.toml")]
    project = find_project(environ, cwd)
    return places if project is None else [*places, Location("project", project.joinpath(*_PROJECT))]


def directory(find: Directory, environ: Mapping[str, str]) -> Path:
    """The absolute path of one of `agentctl.paths`.

    Raises:
        ConfigError: it is in a home that nobody has, or below a working directory that was deleted.
    """
    try:
        return find(environ).absolute()
    except (RuntimeError, OSError) as error:
        raise ConfigError(
            f"can't tell where agentctl's files are: {error}",
            hint="set HOME, and AGENTCTL_CONFIG_DIR, _DATA_DIR and _STATE_DIR if they are used, to absolute paths",
        ) from error


def find_project(environ: Mapping[str, str], cwd: Path | None) -> Path | None:
    """The nearest directory from `cwd` upward, but not above HOME, that has an `.agentctl/config.toml`."""
    try:
        place = os.path.realpath(cwd or os.getcwd())  # noqa: PTH109 - pathlib is slow at start-up
    except OSError:
        return None  # the working directory was deleted
    home = os.path.realpath(environ.get("HOME") or "/")
    while not os.path.exists(os.path.join(place, *_PROJECT)):  # noqa: PTH110, PTH118
        above = os.path.dirname(place)  # noqa: PTH120
        if place in (home, above):
            return None
        place = above
    return Path(place)


def read(path: Path) -> bytes | None:
    """The content of the file, None where there is none.

    Raises:
        ConfigError: it can't be read, or is no ordinary file of ordinary size.
    """
    opened = open_file(path)
    if opened is None:
        return None
    with opened as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ConfigError(f"{path} is larger than {LARGEST} bytes", hint="a configuration is a few lines of TOML")
    return content


def open_file(path: Path) -> BinaryIO | None:
    """Open an ordinary file to read it; None where there is none.

    Raises:
        ConfigError: it can't be opened, or is something else.
    """
    try:
        # Not blocking: what a stranger's project calls a file may be a pipe or a device.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError(
            f"can't read {path}: {error.strerror}", hint=f"check its permissions: ls -l {path}"
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ConfigError(f"{path} is not a file", hint="move it away, or put an ordinary file there")
    return os.fdopen(descriptor, "rb")


def parse(path: Path, content: bytes) -> dict[table.Path, object]:
    """The file's values by key.

    Raises:
        ConfigError: it is not TOML, or has a key that does not exist.
    """
    import tomllib  # noqa: PLC0415 - only who has a file pays for it

    try:
        document = tomllib.loads(content.decode())
    except tomllib.TOMLDecodeError as error:
        last = content.rstrip().count(b"\n") + 1
        message = str(error).replace("end of document", f"line {last}, where it ends")
        raise ConfigError(f"{path} is not valid TOML: {message}", hint="see https://toml.io") from error
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path} is not UTF-8 (line {line})", hint="save it as UTF-8") from error
    except RecursionError as error:
        raise ConfigError(f"{path} is nested too deeply", hint="docs/config.md lists every key") from error
    except ValueError as error:  # Python's own limit for the digits of a number
        raise ConfigError(f"{path} has a number that is too long", hint="docs/config.md lists every key") from error
    values = dict(_flat((), document))
    for key in values:
        check_name(key, str(path))
    return values


def check_name(path: table.Path, source: str) -> table.Key:
    """The key that `path` is.

    Raises:
        ConfigError: there is no such key, or the name chosen in it can't be one.
    """
    key = table.find(path)
    if key is None:
        similar = table.nearest(path)
        hint = f"did you mean {similar}?" if similar else "docs/config.md lists every key"
        raise ConfigError(f"{source}: unknown key {table.dotted(path)[:100]}", hint=hint)
    if problem := table.name_problem(path):
        raise ConfigError(f"{source}: {table.dotted(path)} is no valid key", hint=problem)
    return key


def _flat(above: table.Path, node: Mapping[str, object]) -> Iterator[tuple[table.Path, object]]:
    for name, value in node.items():
        path = (*above, name)
        if isinstance(value, dict) and len(path) < _DEEPEST:
            yield from _flat(path, value)
        else:
            yield path, value
