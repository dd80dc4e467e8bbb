"""`scripted/PATH`: a provider that plays a file, for tests and demonstrations. docs/scripted.md describes the file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from agentctl.assembly import assemble
from agentctl.errors import ProviderError, UsageError
from agentctl.events import Delta, Done, Start, StreamEvent
from agentctl.messages import Message, StopReason
from agentctl.providers.base import Preview, Request
from agentctl.providers.script import Ending, Step, parse
from agentctl.usage import Usage


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
        yield Start(request.model)
        for step in steps:
            await asyncio.sleep(step.delay)
            match step.what:
                case Usage():
                    usage = step.what
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

    async def aclose(self) -> None:
        """There is nothing to let go of."""


def _turn(request: Request) -> int:
    return 1 + sum(message.role == "assistant" for message in request.messages)


def _answer(request: Request) -> Sequence[Step]:
    path = Path(request.model).expanduser()
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"can't read the script {path}: {error.strerror}", hint="scripted/PATH names a file"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the script {path} is not UTF-8 text", hint="docs/scripted.md shows scripts") from error
    answers, turn = parse(text, str(path)), _turn(request)
    if turn > len(answers):
        raise UsageError(
            f"the script {path} has {len(answers)} answers, and this is turn {turn}",
            hint="add an answer to it, or start a new session",
        )
    return answers[turn - 1]


def _message(request: Request, deltas: Sequence[Delta], reason: StopReason) -> Message:
    return Message("assistant", assemble(deltas, Scripted.name), f"{Scripted.name}/{request.model}", reason)
