"""Every error a user can meet, and the exit code it leaves with.

    AgentctlError              1  failure
    ├── UsageError             2  usage
    ├── ConfigError            3  config
    ├── StorageError           9  storage
    ├── BudgetError            5  budget
    ├── ToolError              8  tool
    ├── TurnLimitError         8  tool
    ├── InterruptError       130  sigint
    └── ProviderError          7  provider
        ├── AuthError          4  auth
        └── ContextOverflowError  6  context_overflow

An error says what happened and why in its message, and what to do next in its hint. Only the command line catches
these, prints them and exits; everything below raises.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:  # `--version` and `--help` need errors, and not what an answer is made of
    from agentctl.messages import Message
    from agentctl.usage import Usage


ToolFailure = Literal["failed", "denied", "invalid", "timeout", "fuel", "memory", "trap", "output"]

UNSENT = "cancelled before the request was sent"
"""The argument of a CancelledError that leaves a provider's stream when nothing can be billed yet."""


class ExitCode(IntEnum):
    """The exit codes of every command; a member's name is the `kind` of its errors in JSON output."""

    ok = 0
    failure = 1
    usage = 2
    config = 3
    auth = 4
    budget = 5
    context_overflow = 6
    provider = 7
    tool = 8
    storage = 9
    sigint = 130
    sigterm = 143


class AgentctlError(Exception):
    """The command failed."""

    code: ClassVar[ExitCode] = ExitCode.failure

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.hint = hint
        super().__init__(self.message)

    @property
    def kind(self) -> str:
        """The name of the exit code, as JSON output gives it."""
        return self.code.name

    def as_json(self) -> dict[str, str | None]:
        """The `error` object of JSON output."""
        return {"kind": self.kind, "message": self.message, "hint": self.hint}


class UsageError(AgentctlError):
    """The command line does not make sense."""

    code = ExitCode.usage


class ConfigError(AgentctlError):
    """The configuration does not make sense."""

    code = ExitCode.config


class StorageError(AgentctlError):
    """The database can't be read or written."""

    code = ExitCode.storage


class BudgetError(AgentctlError):
    """The call would pass a budget."""

    code = ExitCode.budget


class ToolError(AgentctlError):
    """The tool did not do what it was asked to.

    Args:
        reason: the kind of failure: `denied` is a limit of what it may do, `invalid` are arguments without sense.
    """

    code = ExitCode.tool

    def __init__(self, message: str | None = None, *, hint: str | None = None, reason: ToolFailure = "failed") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class TurnLimitError(AgentctlError):
    """The model called tools more often than it was allowed to."""

    code = ExitCode.tool


class InterruptError(AgentctlError):
    """Interrupted."""

    code = ExitCode.sigint


class ProviderError(AgentctlError):
    """The provider did not answer as it should.

    Carries what had arrived before the failure, so that nothing paid for is lost.

    Args:
        status: the HTTP status, if there was one.
        transient: whether the same request may succeed later.
        retry_after: seconds the server asked to wait, if it did.
        billable: whether the provider may bill for the failed attempt: it had the whole request and did not refuse it.
        partial: the answer so far, if any of it arrived.
        usage: the last usage the provider reported, if any.
        response_id: the provider's name for the answer that it had begun, if it had.

    `told` is set where the provider itself said so in the midst of an answer, and the connection did not just break.
    """

    code = ExitCode.provider

    def __init__(
        self,
        message: str | None = None,
        *,
        hint: str | None = None,
        status: int | None = None,
        transient: bool = False,
        retry_after: float | None = None,
        billable: bool = False,
        partial: Message | None = None,
        usage: Usage | None = None,
        response_id: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.transient = transient
        self.retry_after = retry_after
        self.billable = billable
        self.partial = partial
        self.usage = usage
        self.response_id = response_id
        self.told = False


class AuthError(ProviderError):
    """The key is missing, or the provider refused it."""

    code = ExitCode.auth


class ContextOverflowError(ProviderError):
    """The conversation does not fit the model's context window.

    `sizes` is how many tokens it may have and how many there may be, where that is known.
    """

    code = ExitCode.context_overflow
    sizes: tuple[int, int] | None = None
