"""What is known of one attempt at a call: who answers, what the provider says that it used, and what came since.

An attempt that ends before the provider's final word on its usage is charged what the provider said last, and an
estimate of what came of the answer after that: never less than what was reported, and nothing that was counts twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from agentctl.assembly import assemble
from agentctl.errors import ProviderError
from agentctl.events import Delta, Done, Retry, Start, StreamEvent, TextDelta, ThinkingDelta, ToolCallDelta
from agentctl.messages import Part
from agentctl.usage import Usage, UsageStatus


@dataclass(frozen=True, slots=True)
class Spent:
    """What an attempt used, as far as that is known.

    Args:
        usage: what the provider said last; None if it said nothing.
        status: `final` if that is its final word, `partial` if not, `estimated` if there is none.
        unreported: what came of the answer after that word; its tokens are still to be estimated.
        model: the name that the model that answered gives itself; None if it gave none.
        response_id: the provider's name for the answer, None if it gave none.
        open_ended: whether the provider may have gone on, and bill more than anybody saw.
    """

    usage: Usage | None
    status: UsageStatus
    unreported: tuple[Part, ...] = ()
    model: str | None = None
    response_id: str | None = None
    open_ended: bool = False


class Attempt:
    """One request to a provider, followed event by event."""

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self.model: str | None = None
        self.response_id: str | None = None
        self._begun = self._done = self._open_ended = False
        self._since: list[Delta] = []

    @property
    def begun(self) -> bool:
        """Whether any of the answer is known to have come."""
        return self._begun

    def follow(self, event: StreamEvent) -> None:
        """Take note of an event."""
        match event:
            case TextDelta() | ThinkingDelta() | ToolCallDelta():
                self._begun = True
                self._since.append(event)
            case Start(model, response_id):
                self._begun = True
                self.model, self.response_id = model or self.model, response_id or self.response_id
            case Usage():
                self._begun = True
                self._hear(event)
            case Done(usage=usage):
                self._done = usage is not None
                self._hear(usage)
            case Retry(usage=usage, response_id=response_id):
                self._hear(usage)
                self.response_id = response_id or self.response_id

    def fail(self, error: ProviderError) -> None:
        """Take note of the error that ended it: one that the provider told of ended the answer there too."""
        self._open_ended = not error.told
        self._hear(error.usage)
        self.response_id = error.response_id or self.response_id

    def leave(self) -> None:
        """Take note that nobody waits any longer: whose answer is on its way stops as its connection closes."""
        self._open_ended = not self._begun

    def settle(self, usage: Usage) -> None:
        """Take the provider's final word."""
        self._done = True
        self._hear(usage)

    def spent(self, provider: str) -> Spent:
        """What it used so far; `provider` is whose answer it is."""
        status: UsageStatus = "final" if self._done else "partial" if self.usage else "estimated"
        unreported = () if self._done else assemble(self._since, provider)
        open_ended = self._open_ended and not self._done
        return Spent(self.usage, status, unreported, self.model, self.response_id, open_ended)

    def _hear(self, usage: Usage | None) -> None:
        if usage is not None and usage != self.usage:  # one that is told again covers no more than it did
            self.usage = usage
            self._since.clear()
