"""Losses of power at random moments of a tape, and a look at what is left after each."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random

from support.crash.disk import Disk
from support.crash.tape import Tape
from support.memory import memory

Check = Callable[[Path, list[str]], list[str]]


@contextmanager
def memory_directory() -> Iterator[Path]:
    """A directory in memory, where the system has one: thousands of databases are laid out in it."""
    with tempfile.TemporaryDirectory(dir=memory()) as name:
        yield Path(name)


def losses(
    tape: Tape,
    root: Path,
    count: int,
    chance: Random,
    check: Check,
    *,
    first: int = 0,
    deaf: Callable[[str], bool] = lambda _: False,
) -> list[str]:
    """Lose power `count` times and return what was found wrong, a line each.

    Args:
        tape: what a program did.
        root: the directory, at first empty, that it did it in.
        count: how often.
        chance: decides when, and what is left.
        check: is given a directory as `root` was left, and what the program had said.
        first: the first event that it may happen before; that which is about our files if 0.
        deaf: the files whose syncs the disk only pretends to do.
    """
    disk, found, done = Disk(str(root), deaf), [], 0
    with memory_directory() as memory:
        for cut in sorted(chance.choices(range(first or _first(tape, root), len(tape.events) + 1), k=count)):
            for event in tape.events[done:cut]:
                disk.apply(*event)
            done = cut
            _lay_out(memory / "disk", disk.after_power_loss(chance), root)
            found += [f"after event {cut}: {line}" for line in check(memory / "disk", tape.said(cut))]
            shutil.rmtree(memory / "disk")
    return found


def _first(tape: Tape, root: Path) -> int:
    """The first event that is about our files."""
    for index, (_, event) in enumerate(tape.events):
        if str(getattr(event, "path", "")).startswith(f"{root}/"):
            return index
    return 0


def _lay_out(target: Path, content: Mapping[str, bytes | None], root: Path) -> None:
    target.mkdir()
    for name, data in content.items():
        path = target / Path(name).relative_to(root)
        if path.name.endswith("-shm"):
            continue  # it is memory that processes share, and not read from a disk
        if data is None:
            path.mkdir()
        else:
            path.write_bytes(data)
