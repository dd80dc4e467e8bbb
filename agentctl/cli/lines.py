"""A conversation line by line, for terminals."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

from agentctl.cli.compacting import compact
from agentctl.cli.prompt import read_files
from agentctl.cli.render import print_error, print_note
from agentctl.cli.turns import Ending, Turns
from agentctl.cli.views import View
from agentctl.conversation import Conversation
from agentctl.errors import AgentctlError, InterruptError
from agentctl.events import Failed
from agentctl.messages import Message, user

_COMPACT = "/compact"


def talk(turns: Turns, conversation: Conversation, view: View, files: Sequence[str]) -> Ending | None:
    """Ask for lines and answer each until Ctrl-D; an error or Ctrl-C ends a turn and not the conversation.

    A line `/compact INSTRUCTIONS` makes the conversation shorter. `files` go along with the first line. Returns the
    turn that SIGTERM ended, if that is how the conversation ended.

    Raises:
        UsageError: one of `files` can't be read.
    """
    waiting = read_files("", files, print_note)
    ending: Ending | None = None
    print_note(f"{conversation.model} · Ctrl-C stops an answer, Ctrl-D ends")
    while (ending is None or ending.signal != signal.SIGTERM) and (line := _next_line()) is not None:
        if not line.strip():
            continue
        try:
            if line.split()[0] == _COMPACT:
                from agentctl.summarising import Wanted  # noqa: PLC0415 - hardly any conversation needs it

                compact(turns, conversation, Wanted(instructions=line.strip()[len(_COMPACT) :].strip() or None))
                continue
            ending = _answered(turns, user(line, *waiting, *read_files(line, (), print_note)), view)
            if ending is None:
                continue
        except AgentctlError as error:
            print_error(error)
            continue
        waiting = []
        if isinstance(ending.last, Failed):
            print_error(ending.last.error)
    if conversation.stored:
        print_note(f"go on later with: agentctl chat -r {conversation.session_id}")
    return ending if ending and ending.signal == signal.SIGTERM else None


def _answered(turns: Turns, message: Message, view: View) -> Ending | None:
    """Run a turn; None if it was given up before it was stored."""
    try:
        return turns.run(message, view)
    except InterruptError:
        return None


def _next_line() -> str | None:
    """The next line, or None at the end; the second Ctrl-C in a row ends too."""
    import readline  # noqa: F401, PLC0415 - gives input() its editing keys

    for _ in range(2):
        try:
            if sys.stdout.isatty():
                return input("> ")
            sys.stderr.write("> ")
            sys.stderr.flush()
            line = sys.stdin.readline()
            return line.rstrip("\n") if line else None
        except EOFError:
            sys.stderr.write("\n")
            return None
        except KeyboardInterrupt:
            print_note("\nCtrl-C again or Ctrl-D ends")
    return None
