"""A process that logs and acknowledges each line once it is logged, and what is found on the disk afterwards.

The acknowledgement of line N is N on stdout. A line is `PROCESS:N:xxx…:end`.
"""

from __future__ import annotations

import gzip
import itertools
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from agentctl import log
from agentctl.settings import LogSettings

_LINE = re.compile(rb"\S+ INFO     \S+ (\d+):(\d+):x+:end")


class Logging(subprocess.Popen[bytes]):
    """A process called `number` that logs `count` lines to files of 20 KB in `directory`."""

    def __init__(self, directory: Path, number: int, count: int, compression: str) -> None:
        command = [sys.executable, __file__, str(directory), str(number), str(count), compression]
        super().__init__(command, stdout=subprocess.PIPE)
        self.number = number

    def acknowledged(self, most: int | None = None) -> list[tuple[int, int]]:
        """Wait for it to log `most` more lines, or to end, and return which those are."""
        assert self.stdout
        lines = itertools.islice(self.stdout, most)
        return [(self.number, int(line)) for line in lines if line.endswith(b"\n")]


def files(directory: Path) -> list[Path]:
    """The log's files, the oldest first; of a full file beside its packed form, the packed one."""
    full = sorted(path for path in directory.glob("agentctl-*") if not path.with_name(f"{path.name}.gz").exists())
    return [*full, *directory.glob("agentctl.log")]


def content(path: Path) -> bytes:
    """What a log file says, packed or not."""
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def found(directory: Path) -> tuple[Counter[tuple[int, int]], list[bytes]]:
    """How often each line is on the disk, and everything there that is no whole line."""
    seen: Counter[tuple[int, int]] = Counter()
    torn = []
    for line in itertools.chain.from_iterable(content(path).splitlines(keepends=True) for path in files(directory)):
        if match := _LINE.fullmatch(line.removesuffix(b"\n")):
            seen[int(match[1]), int(match[2])] += line.endswith(b"\n")
        else:
            torn.append(line)
    return seen, torn


def _main(directory: str, number: str, count: str, compression: str) -> None:
    kept = LogSettings(
        Path(directory), rotation="20 KB", retention="1000000 files", compression="gz" if compression else ""
    )
    log.setup(kept)
    for line in range(int(count)):
        log.info(f"{number}:{line}:{'x' * 40}:end")
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _main(*sys.argv[1:])
