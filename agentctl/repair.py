"""A history as every API takes it, wherever it comes from. Pure.

The rules, which each vendor enforces in part:

- One system message at most, and that first. No message without anything said in it: reasoning alone says nothing.
- The user begins; then users and models take turns. Results of tools stand between.
- Each call of a tool has an id of its own in its answer, and its one result right after that. There are no others.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, count, takewhile

from agentctl.messages import Attachment, Message, Part, Text, Thinking, ToolCall, ToolResult

NOBODY = "This was not run: there were no tools here."

_BEGINNING = Message("user", (Text("[The conversation begins with an answer.]"),))
_BREAK = Text("\n\n")


def repaired(messages: Iterable[Message]) -> tuple[Message, ...]:
    """Return the history by the rules; one that follows them comes back as it is.

    A call without a result gets one that says so; a result without a call, or a second one, is left out, as is what no
    API takes where it stands. Neighbours of one role become one message.
    """
    said = [part for message in messages for part in _sorted(message)]
    system = [message for message in said if message.role == "system"][-1:]
    talk = [*_alternating(_answered(message for message in said if message.role != "system"))]
    opening = [_BEGINNING] if talk and talk[0].role == "assistant" else []
    return (*system, *opening, *talk)


def unsaid(calls: Iterable[ToolCall]) -> Message:
    """The results of calls that nobody ran."""
    return Message("tool", tuple(ToolResult(call.id, NOBODY, is_error=True) for call in calls))


def _sorted(message: Message) -> Iterator[Message]:
    """The message with what may stand in one of its role; results of tools apart; nothing if that says nothing."""
    results = message.results if message.role != "assistant" else ()
    if results:
        yield message if len(results) == len(message.parts) and message.role == "tool" else Message("tool", results)
    if message.role == "tool":
        return
    parts = tuple(chain.from_iterable(_fitting(part, message) for part in message.parts))
    if any(_says(part) for part in parts):
        yield message if parts == message.parts else replace(message, parts=parts)


def _fitting(part: Part, message: Message) -> Iterator[Part]:
    match part:
        case Text():
            yield part
        case Thinking() | ToolCall() if message.role == "assistant":
            yield part
        case Attachment() if message.role == "user":
            yield part
        case Attachment() if message.role == "assistant":
            yield Text(part.inlined("replace") if part.is_text else f"[a file: {part.name}, {part.media_type}]")
        case _:
            pass


def _says(part: Part) -> bool:
    return bool(part.text) if isinstance(part, Text) else not isinstance(part, Thinking)


def _answered(talk: Iterable[Message]) -> Iterator[Message]:
    """The messages with each answer's results right after it, and no other results."""
    answer: Message | None = None
    window: list[Message] = []
    for message in talk:
        if message.role != "assistant":
            window.append(message)
            continue
        yield from _with_results(answer, window)
        answer, window = message, []
    yield from _with_results(answer, window)


def _with_results(answer: Message | None, window: Sequence[Message]) -> Iterator[Message]:
    """An answer, the results of its calls among what came before the next one, and what the user said there."""
    if answer:
        yield from _paired(answer, window)
    yield from (message for message in window if message.role == "user")


def _paired(answer: Message, window: Sequence[Message]) -> Iterator[Message]:
    run = [*takewhile(lambda message: message.role == "tool", window)]
    ids = [call.id for call in answer.calls]
    if all(ids) and len(set(ids)) == len(ids) and sorted(ids) == sorted(one.call_id for one in _results(run)):
        yield answer
        yield from run
        return
    found: defaultdict[str, deque[ToolResult]] = defaultdict(deque)
    for result in _results(window):
        found[result.call_id].append(result)
    named = [*_named(answer.calls)]
    waiting = iter(named)
    yield replace(answer, parts=tuple(next(waiting) if isinstance(part, ToolCall) else part for part in answer.parts))
    if named:
        given = zip(answer.calls, unsaid(named).results, strict=True)
        yield Message("tool", tuple(_result(found[call.id], missing) for call, missing in given))


def _results(messages: Iterable[Message]) -> Iterator[ToolResult]:
    return (result for message in messages for result in message.results)


def _result(found: deque[ToolResult], missing: ToolResult) -> ToolResult:
    return replace(found.popleft(), call_id=missing.call_id) if found else missing


def _named(calls: Sequence[ToolCall]) -> Iterator[ToolCall]:
    """The calls, each with an id of its own."""
    taken = {call.id for call in calls}
    used: set[str] = set()
    for call in calls:
        own = call.id
        if not own or own in used:
            base = own or "call"
            own = next(one for one in (f"{base}_{number}" for number in count(2)) if one not in taken)
            taken.add(own)
        used.add(own)
        yield replace(call, id=own)


def _alternating(talk: Iterable[Message]) -> Iterator[Message]:
    """The messages with neighbours of one role made one; those of tools stay apart."""
    last: Message | None = None
    for message in talk:
        if last and last.role == message.role != "tool":
            last = _joined(last, message)
            continue
        if last:
            yield last
        last = message
    if last:
        yield last


def _joined(first: Message, second: Message) -> Message:
    """Both in one; of two answers without what was signed, which holds only where it stood."""
    if first.role == "user":
        return replace(first, parts=(*first.parts, *second.parts))
    return replace(second, parts=(*_plain(first.parts), _BREAK, *_plain(second.parts)))


def _plain(parts: Iterable[Part]) -> Iterator[Part]:
    for part in parts:
        if isinstance(part, Text | ToolCall):
            yield replace(part, signature=None)
