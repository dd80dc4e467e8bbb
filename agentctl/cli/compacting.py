"""Makes conversations shorter, and tells the user before what that costs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from agentctl.cli.render import plain, print_note
from agentctl.economy.money import dollars
from agentctl.errors import AgentctlError, ContextOverflowError
from agentctl.events import Failed

if TYPE_CHECKING:
    from agentctl.app import App
    from agentctl.cli.turns import Turns
    from agentctl.conversation import Conversation
    from agentctl.messages import Message
    from agentctl.summarising import Compacted, Wanted

Leave = Callable[[str, ContextOverflowError], bool]
"""Says whether a conversation that no longer fits the model of this name may be made shorter."""


def leave(wired: App) -> Leave | None:
    """Who says whether a conversation is made shorter; None where nobody does, and it is not."""
    match wired.settings.compact:
        case "auto":
            return lambda _model, _error: True
        case "never":
            return None
    return _asked if sys.stdin.isatty() and sys.stderr.isatty() else None


def compact(turns: Turns, conversation: Conversation, wanted: Wanted) -> Compacted:
    """Tell what it is about to cost, make the conversation shorter, and tell what became of it.

    Raises:
        AgentctlError: it can't be; the conversation stays as it was.
    """
    print_note(conversation.planned(wanted).announced(plain(conversation.model)))
    done = turns.compact(wanted, print_note)
    print_note(told(done))
    return done


def told(done: Compacted) -> str:
    """What became of a conversation, in words."""
    was = f"{done.messages:,} message{'s' * (done.messages != 1)} ({done.tokens:,} tokens)"
    return f"compacted {was} into {done.summary_tokens:,} · {dollars(done.cost)}"


@dataclass(frozen=True, slots=True)
class Room:
    """Makes room for turns of a conversation that do not fit; `notify` is told what that costs, and what came of it."""

    turns: Turns
    conversation: Conversation
    allows: Leave
    notify: Callable[[str], None]

    def make(self, failed: Failed, before: Message | None) -> AgentctlError | None:
        """Make room for a turn that failed; return what is wrong where there is none then.

        `before` is the message that did not fit; None where it is in the conversation already.
        """
        from agentctl.summarising import Wanted  # noqa: PLC0415 - hardly any turn needs it

        overflow, wanted = failed.error, Wanted(fit=True, before=before)
        assert isinstance(overflow, ContextOverflowError)  # noqa: S101  # nothing else comes here
        model = plain(self.conversation.model)
        try:
            self.notify(self.conversation.planned(wanted).announced(model))
        except ContextOverflowError as error:
            return ContextOverflowError(f"{overflow.message}; {error.message}", hint=error.hint)
        if not self.allows(model, overflow):
            return overflow
        try:
            self.notify(told(self.turns.compact(wanted, self.notify)))
        except AgentctlError as error:
            return error
        return None


def _asked(model: str, error: ContextOverflowError) -> bool:
    size = "" if error.sizes is None else " ({:,} of {:,} tokens)".format(*error.sizes)
    try:
        return typer.confirm(f"The conversation no longer fits {model}{size}. Compact it?", default=True, err=True)
    except typer.Abort:
        return False
