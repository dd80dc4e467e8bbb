"""What happens while a model answers: two closed unions of events.

A provider yields `StreamEvent`: `Sending` before each attempt, any number of deltas, then exactly one `Done`; if it
fails it raises a `ProviderError` that carries the partial answer. A signature is the last of its part: what follows is
another part. A `Usage` among the deltas is what the answer has used so far, as far as what came before it. The agent
loop yields `AgentEvent`, which ends in exactly one `Finished` or `Failed`; only the loop turns an error into an event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from agentctl.errors import AgentctlError
from agentctl.messages import Message, StopReason, ToolCall, ToolResult
from agentctl.usage import Usage, UsageStatus


@dataclass(frozen=True, slots=True)
class Sending:
    """The request is about to be sent: once this is taken, the provider may bill it."""


@dataclass(frozen=True, slots=True)
class Start:
    """The provider began to answer; `model` is the name it gives itself."""

    model: str
    response_id: str | None = None


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More text of the answer, or its signature."""

    text: str
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    """More reasoning, or its signature."""

    text: str
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """More of the tool call at `index`: its id and name come first, its arguments in pieces."""

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """An attempt failed before any answer; the next one starts in `delay` seconds.

    `usage` is what the provider bills for it, None if nothing; `response_id` is its name for what it had begun.
    """

    attempt: int
    delay: float
    reason: str
    usage: Usage | None = None
    response_id: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The answer is complete. `usage` is None where the provider reported none."""

    message: Message
    usage: Usage | None
    stop_reason: StopReason


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should know, on stderr and not part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Considered:
    """What could have been chosen for a turn.

    Args:
        action: in words, as `provider/model@effort+variant`.
        probability: how likely it was to be chosen.
        success: how likely it is expected to do well, from 0 to 1; None where nothing is known of it.
        cost: what the turn is expected to cost with it, in dollars; None if unknown.
        masked: why it could not be chosen; None if it could.
    """

    action: str
    probability: float
    success: float | None
    cost: Decimal | None
    masked: str | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """What was chosen for a turn, and why.

    Args:
        action: what was chosen, in words.
        why: the reason, in words.
        considered: all that it was chosen among.
        explored: whether chance chose it, to be learnt from.
        cost_weight: the success that a dollar counted as.
        policy: the artifact that chose, by its content; None where none did.
        value: what the policy expects of the turn: success less what it costs, by that weight; None where none did.
    """

    action: str
    why: str
    considered: tuple[Considered, ...]
    explored: bool
    cost_weight: float
    policy: str | None = None
    value: float | None = None

    @property
    def propensity(self) -> float:
        """How likely it was to be chosen."""
        return next(one.probability for one in self.considered if one.action == self.action)


Delta = TextDelta | ThinkingDelta | ToolCallDelta
StreamEvent = Sending | Start | Delta | Usage | Retry | Notice | Done


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one call used and cost, over all its attempts, or all calls of a turn; durable by the time it is told.

    `cost` and `session_cost` in US dollars; None is unknown, and `session_cost_known` is the part that is known.
    `message_id` is None where the conversation is not kept.

    Args:
        status: how sure the usage of the last attempt is.
        cost: what was charged: as the provider reports it where it does, else as computed.
        computed_cost: what the usage costs by our prices.
        reported_cost: what the provider says it charged; None if it did not say so of all of it.
        attempts: how many there were; those that were not billed count too.
    """

    model: str
    usage: Usage
    status: UsageStatus
    cost: Decimal | None
    session_cost: Decimal | None
    session_cost_known: Decimal
    message_id: str | None = None
    computed_cost: Decimal | None = None
    reported_cost: Decimal | None = None
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class Finished:
    """The turn is over. A cancelled one finishes too; `message` is then what had arrived, or None if nothing had."""

    message: Message | None
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Failed:
    """The turn failed. What had arrived is stored, and `receipt` says what it cost; None if nothing was sent."""

    error: AgentctlError
    message: Message | None
    receipt: Receipt | None


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """A tool call was allowed, by `decided_by`, and runs: `summary` is what it does, `preview` what it changes."""

    call: ToolCall
    summary: str
    preview: str
    decided_by: Literal["rule", "user", "mode"]


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """A tool call is over, after `seconds`; it may never have been started. `details` are what its tool measured."""

    call: ToolCall
    result: ToolResult
    state: Literal["finished", "failed", "cancelled", "skipped"]
    seconds: float
    details: Mapping[str, Any]


AgentEvent = Delta | Notice | Decided | Receipt | ToolStarted | ToolFinished | Finished | Failed
