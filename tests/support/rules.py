"""The rules that a history follows which every API takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agentctl.messages import Attachment, Message, Part, Text, Thinking, ToolCall, ToolResult

ROLES: dict[str, tuple[type[Part], ...]] = {
    "system": (Text,),
    "user": (Text, Attachment),
    "assistant": (Text, Thinking, ToolCall),
    "tool": (ToolResult,),
}


def broken(messages: Sequence[Message]) -> list[str]:
    """The rules that a history breaks, in words."""
    talk = [message for message in messages if message.role != "system"]
    return [*_misplaced(messages), *_turns(talk), *_pairs(talk)]


def _misplaced(messages: Sequence[Message]) -> Iterator[str]:
    for number, message in enumerate(messages):
        if number and message.role == "system":
            yield f"{number} is a system message"
        if not all(isinstance(part, ROLES[message.role]) for part in message.parts):
            yield f"{number} has what is no {message.role}'s"
        if not any(_solid(part) for part in message.parts):
            yield f"{number} says nothing"


def _solid(part: Part) -> bool:
    return bool(part.text) if isinstance(part, Text) else not isinstance(part, Thinking)


def _turns(talk: Sequence[Message]) -> Iterator[str]:
    before = "assistant"
    for number, message in enumerate(talk):
        if message.role == before != "tool":
            yield f"{number} does not take turns"
        before = message.role


def _pairs(talk: Sequence[Message]) -> Iterator[str]:
    waiting: list[str] = []
    for number, message in enumerate(talk):
        for result in message.results:
            if result.call_id in waiting:
                waiting.remove(result.call_id)
            else:
                yield f"{number} has a result of no call"
        if message.role != "tool":
            if waiting:
                yield f"no result before {number}"
            waiting = [call.id for call in message.calls]
            if len(set(waiting)) < len(waiting) or "" in waiting:
                yield f"{number} has calls of one id, or of none"
    yield from (f"no result of {one}" for one in waiting)
