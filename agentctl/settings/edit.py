"""Changes one key in a configuration file and leaves the rest, comments too, as it was. The only user of tomlkit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from agentctl import atomic
from agentctl.errors import ConfigError
from agentctl.locks import FileLock
from agentctl.settings import files, table, trust
from agentctl.settings.load import check

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


def user_file(environ: Mapping[str, str]) -> Path:
    """The user's own configuration file, there or not."""
    return next(place.path for place in files.locations(environ, None) if place.origin == "user")


def project_file(environ: Mapping[str, str], cwd: Path) -> Path:
    """The configuration file of the project around `cwd`; the one that would make `cwd` a project if there is none."""
    return (files.find_project(environ, cwd) or cwd) / ".agentctl" / "config.toml"


def put(path: Path, key: table.Path, value: str | float, *, mode: int = 0o600) -> tuple[bytes | None, bytes]:
    """Set `key` to `value` in the file at `path`, which gets `mode` if it is new; return what it was and is.

    Raises:
        ConfigError: the file as it was, or as it would be, does not make sense; or it can't be written.
    """
    try:
        # Who may read the file may enter the directory.
        path.parent.mkdir(mode=mode | (mode & 0o444) >> 2, parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.lock"), transient=True):
            before = files.read(path)
            after = _edited(path, before or b"", key, value)
            atomic.replace(path, after, mode=mode if before is None else path.stat().st_mode & 0o777)
    except OSError as error:
        raise ConfigError(f"can't write {path}: {error.strerror}", hint=f"ls -ld {path.parent}") from error
    return before, after


def drop(path: Path, key: table.Path) -> bool:
    """Take `key` out of the file at `path`; whether it was there.

    Raises:
        ConfigError: the file does not make sense, or can't be written.
    """
    try:
        with FileLock(path.with_name(f".{path.name}.lock"), transient=True):
            before = files.read(path)
            if before is None or key not in files.parse(path, before):
                return False
            atomic.replace(path, _without(path, before, key), mode=path.stat().st_mode & 0o777)
    except FileNotFoundError:
        return False  # not even its directory is there
    except OSError as error:
        raise ConfigError(f"can't write {path}: {error.strerror}", hint=f"ls -ld {path.parent}") from error
    return True


def put_in_project(path: Path, key: table.Path, value: str | float, environ: Mapping[str, str]) -> bool:
    """`put`, in a project's file; whether that file is trusted then.

    What the user trusted, or makes with this, is trusted with the change: it is the user's own.
    """
    before, after = put(path, key, value, mode=0o644)
    trusted = before is None or trust.is_trusted(path, before, environ)
    if trusted:
        trust.trust(path, after, environ)
    return trusted


def _edited(path: Path, before: bytes, key: table.Path, value: str | float) -> bytes:
    import tomlkit  # noqa: PLC0415 - 30 ms, and only a change needs it

    expected = files.parse(path, before) | {key: value}
    document = tomlkit.parse(before.decode())
    _set(document, key, value)
    after = tomlkit.dumps(document).encode()
    if files.parse(path, after) != expected:
        raise ConfigError(f"can't change {table.dotted(key)} in {path} and keep the rest", hint="edit the file by hand")
    for name, set_to in expected.items():
        check(name, set_to, str(path))
    return after


def _without(path: Path, before: bytes, key: table.Path) -> bytes:
    import tomlkit  # noqa: PLC0415

    expected = files.parse(path, before)
    del expected[key]
    document = tomlkit.parse(before.decode())
    node = document
    for part in key[:-1]:
        node = node[part]
    node.remove(key[-1])
    after = tomlkit.dumps(document).encode()
    if files.parse(path, after) != expected:
        raise ConfigError(f"can't take {table.dotted(key)} out of {path} and keep the rest", hint="edit it by hand")
    return after


def _set(document: TOMLDocument, key: table.Path, value: str | float) -> None:
    import tomlkit  # noqa: PLC0415

    node = document
    for depth, part in enumerate(key[:-1], start=1):
        if part not in node:
            node[part] = tomlkit.table(is_super_table=depth < len(key) - 1)
        node = node[part]
    node[key[-1]] = value
