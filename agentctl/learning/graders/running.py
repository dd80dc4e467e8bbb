"""A grader that runs a command."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agentctl.errors import UsageError
from agentctl.learning.graders.grade import Grade, verdict, version
from agentctl.tools.builtin import environment, process
from agentctl.tools.builtin.process import Ended, Limits

_SECONDS = 60.0
_SHOWN = 200  # characters of its last line
_FED = 'answer=$1; shift; exec "$@" <"$answer"'


@dataclass(frozen=True, slots=True)
class Command:
    """Whether a command that is given the answer as its standard input ends with 0 within a minute.

    It starts in the working directory, with the few variables that hold no secret, and all that it started ends with
    it, as with the tool `shell`.
    """

    command: tuple[str, ...]
    name = "command"

    @property
    def version(self) -> str:
        """See `Grader`."""
        return version(list(self.command))

    def grade(self, prompt: str, answer: str) -> Grade:  # noqa: ARG002 - others need it
        """See `Grader`."""
        with tempfile.NamedTemporaryFile(prefix="agentctl-answer-") as file:
            file.write(answer.encode("utf-8", "replace"))
            file.flush()
            ended = asyncio.run(_run(("/bin/sh", "-c", _FED, "sh", file.name, *self.command)))
        return verdict(good=ended.status == 0, otherwise=_told(ended))


def found(command: Sequence[str]) -> Command:
    """Return the grader by a command.

    Raises:
        UsageError: there is no such program.
    """
    if not command or shutil.which(command[0]) is None:
        raise UsageError(
            f"there is no program {command[0]!r}" if command else "the command is empty",
            hint="give the command line of one that is installed",
        )
    return Command(tuple(command))


async def _run(command: Sequence[str]) -> Ended:
    environment.conceal()
    return await process.run(command, Path.cwd(), environment.passed(os.environ), Limits(_SECONDS))


def _told(ended: Ended) -> str:
    how = f"exit code {ended.status}" if ended.status is not None else f"ended: {ended.reason}"
    last = "".join(one if one.isprintable() else " " for one in ended.output.text().strip().rpartition("\n")[2])
    return f"{how}: {last[:_SHOWN]}" if last else how
