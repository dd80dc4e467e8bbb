"""The tool that runs a command."""

from __future__ import annotations

import os
import shutil
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from agentctl.errors import ToolError
from agentctl.messages import ToolSpec
from agentctl.tools.arguments import check
from agentctl.tools.base import Outcome, Plan
from agentctl.tools.builtin import environment, process
from agentctl.tools.builtin.process import Ended, Limits
from agentctl.tools.builtin.schema import integer, schema, string
from agentctl.tools.builtin.workspace import Workspace

_USUAL = 120.0  # seconds
_MARGIN = 5.0  # seconds by which who asked waits longer: what ends it here keeps its output
_LENGTH = 32_000
# Controls, formats (which turn text around, or have no width), separators of lines and paragraphs, half characters.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

_DESCRIPTION = (
    "Run a command with bash in the workspace, and return its output and errors in one, with its exit code. It has no "
    "terminal and no standard input. Everything it started ends with it, also in the background. Of a long output the "
    "beginning and the end are kept."
)

_REASONS = {
    "timeout": "ended after {seconds:g} s, the time it was given",
    "processes": "ended because it had more than {processes} processes at once",
    "lost": "ended because the process that watches over it was killed",
}


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs commands in a workspace; what they do is not confined to it, so that each must be allowed.

    A command is started in a session of its own without a terminal, with the few variables of `environ` that hold no
    secret, and ended with all that it started (see `supervisor`). As root it lacks the capabilities to look into other
    processes and to change the kernel, so that it can't mount or trace. What it can still do is what its user can: read
    his files, write to his terminals by name, end his processes, the one that watches over it among them (see
    `survivors` for what becomes of the rest then).

    Args:
        workspace: where commands start.
        environ: where their few variables come from.
        longest: seconds that a command may take at most, whatever the model asks for.
    """

    workspace: Workspace
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    longest: float = 600.0

    @property
    def timeout(self) -> float:
        """See `Tool`."""
        return self.longest + _MARGIN

    @property
    def usual(self) -> float:
        """Seconds that a command may take if the model asks for nothing."""
        return min(_USUAL, self.longest)

    @property
    def spec(self) -> ToolSpec:
        """See `Tool`."""
        seconds = integer("seconds that it may take", minimum=1, maximum=max(1, int(self.longest)))
        parameters = schema(
            command=string("the command line", longest=_LENGTH, shortest=1), timeout=seconds, required=("command",)
        )
        limit = f"After {self.usual:g} seconds, or `timeout` (at most {self.longest:g}), it is ended."
        return ToolSpec("shell", f"{_DESCRIPTION} {limit}", parameters)

    async def plan(self, arguments: Mapping[str, Any]) -> Plan:
        """See `Tool`."""
        check(arguments, self.spec.parameters)
        command: str = arguments["command"]
        if "\x00" in command or not command.strip():
            raise ToolError("argument command is no command line", reason="invalid")
        limits = Limits(min(float(arguments.get("timeout", self.usual)), self.longest))
        first = command.strip().split("\n")[0]
        summary = f"run {first}{' …' if first != command.strip() else ''}"
        preview = "" if is_one_line(command) else command
        return Plan(summary, command, "execute", partial(self._run, command, limits), preview)

    async def _run(self, command: str, limits: Limits) -> Outcome:
        environment.conceal()
        environ = environment.passed(self.environ)
        shell = shutil.which("bash", path=environ["PATH"]) or "/bin/sh"
        try:
            line = command.encode().decode()
        except UnicodeEncodeError as error:
            raise ToolError("the command has half a surrogate pair", reason="invalid") from error
        ended = await process.run((shell, "-c", line), self.workspace.root, environ, limits)
        return _outcome(ended, limits)


def is_one_line(command: str) -> bool:
    """Whether its first line shows all of a command: it has no other, and no character that hides or moves others."""
    return not any(unicodedata.category(character) in _UNSEEN for character in command.rstrip("\n"))


def _outcome(ended: Ended, limits: Limits) -> Outcome:
    output = ended.output.text()
    if ended.reason:
        note = _REASONS[ended.reason].format(seconds=limits.seconds, processes=limits.processes)
    elif ended.status is not None and ended.status < 0:
        note = f"ended by signal {-ended.status}"
    else:
        note = f"exit code {ended.status}"
    if ended.left:
        note += f"; {ended.left} processes could not be ended"
    details: dict[str, int | str | None] = {"exit_code": ended.status, "bytes": ended.output.size}
    if ended.reason:
        details["reason"] = ended.reason
    if ended.left:
        details["left"] = ended.left
    separator = "" if not output or output.endswith("\n") else "\n"
    return Outcome(f"{output}{separator}[{note}]", is_error=ended.status != 0, details=details)
