"""`scripted/PATH`: a provider that plays a file, for tests and demonstrations. docs/scripted.md describes the file."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from agentctl.assembly import assemble
from agentctl.errors import ProviderError, UsageError
from agentctl.events import Delta, Done, Sending, Start, StreamEvent
from agentctl.messages import Message, StopReason
from agentctl.providers.base import Preview, Request
from agentctl.providers.script import Ending, Step, parse
from agentctl.usage import Usage

_LIMIT = 16 * 1024 * 1024  # bytes of a script


class Scripted:
    """Answers from a file: the n-th assistant message of a conversation is the n-th answer in it."""

    name = "scripted"

    async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        """Play the answer whose turn it is; see `Provider.stream`.

        Raises:
            UsageError: the file can't be read, is no script, or has no more answers.
        """
        deltas: list[Delta] = []
        usage: Usage | None = None
        steps = _answer(request)
        yield Sending()
        yield Start(request.model)
        for step in steps:
            await asyncio.sleep(step.delay)
            match step.what:
                case Usage():
                    yield (usage := step.what)
                case ProviderError() as error:
                    error.usage, error.billable = usage, bool(deltas)
                    error.partial = _message(request, deltas, "error") if deltas else None
                    raise error
                case Ending(reason):
                    yield Done(_message(request, deltas, reason), usage, reason)
                case delta:
                    deltas.append(delta)
                    yield delta

    def preview(self, request: Request) -> Preview:
        """Which answer of which file `stream` would play."""
        return Preview("PLAY", request.model, {}, {"answer": _turn(request)})

    async def count_tokens(self, request: Request) -> int | None:  # noqa: ARG002 - a script counts nothing
        """How many tokens of input the request has: nobody knows."""
        return None

    async def charged(self, response_id: str) -> Usage | None:  # noqa: ARG002 - nothing is charged here
        """What an answer that broke off has cost: it can't be asked."""
        return None

    async def aclose(self) -> None:
        """There is nothing to let go of."""


def _turn(request: Request) -> int:
    return 1 + sum(message.role == "assistant" for message in request.messages)


def _answer(request: Request) -> Sequence[Step]:
    path = request.model
    try:
        text = _read(Path(path).expanduser()).decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"the script {path} is not UTF-8 text", hint="docs/scripted.md shows scripts") from error
    except (OSError, RuntimeError, ValueError) as error:  # no home directory to expand `~` to, a NUL in the path
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise UsageError(f"can't read the script {path}: {reason}", hint="scripted/PATH names a file") from error
    answers, turn = parse(text, str(path)), _turn(request)
    if turn > len(answers):
        raise UsageError(
            f"the script {path} has {len(answers)} answers, and this is turn {turn}",
            hint="add an answer to it, or start a new session",
        )
    return answers[turn - 1]


def _read(path: Path) -> bytes:
    """The content of a regular file; nothing else is waited for, and nothing without end is read."""
    with open(path, "rb", opener=_open_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("it is no regular file")
        content = file.read(_LIMIT + 1) or b""
    if len(content) > _LIMIT:
        raise ValueError(f"it has more than {_LIMIT:,} bytes")
    return content


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)  # a FIFO would wait for its writer


def _message(request: Request, deltas: Sequence[Delta], reason: StopReason) -> Message:
    return Message("assistant", assemble(deltas, Scripted.name), f"{Scripted.name}/{request.model}", reason)
