"""A conversation as a text that a model can be asked about, and in pieces of a bounded size. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from agentctl.messages import Attachment, Message, Part, Summary, Text, ToolCall, ToolResult, Unknown

_JOINT = "\n\n"
_JOINING = 2  # tokens that a joint may take


def transcript(messages: Iterable[Message]) -> list[str]:
    """Return a text for each message: who spoke, what was said, called and answered, and the names of files.

    Reasoning is left out. A text file stands there as it was sent.
    """
    said = [*messages]
    names = {call.id: call.name for message in said for call in message.calls}
    return [_entry(message, names) for message in said]


def _entry(message: Message, names: Mapping[str, str]) -> str:
    told = [line for part in message.parts for line in _lines(part, names)]
    return "\n".join((f"[{message.role}]", *told))


def _lines(part: Part, names: Mapping[str, str]) -> Iterator[str]:
    match part:
        case Text(text):
            yield text
        case Summary(text):
            yield f"[summary of what was said before]\n{text}"
        case ToolCall(_, name, arguments):
            yield f"[called {name} with {arguments}]"
        case ToolResult(call_id, content, is_error):
            yield f"[{names.get(call_id, 'a tool')} {'failed' if is_error else 'answered'}]\n{content}"
        case Attachment(name, media_type, data):
            yield f"[attached: {name}, {media_type}, {len(data):,} bytes]"
            if part.is_text:
                yield part.inlined("replace")
        case Unknown():
            yield f"[{part.kind}]"


def pieces(texts: Sequence[str], room: int | None, size: Callable[[str], int]) -> list[str]:
    """Return the texts, joined to as few pieces as fit `room` one by one; None is room for all of them.

    `size` tells the tokens of a text; one that is too long by itself is cut.
    """
    if room is None:
        return [_JOINT.join(texts)]
    found: list[list[str]] = [[]]
    free = room
    for text in (part for whole in texts for part in _cut(whole, room, size)):
        took = size(text) + _JOINING
        if took > free and found[-1]:
            found.append([])
            free = room
        found[-1].append(text)
        free -= took
    return [_JOINT.join(piece) for piece in found]


def _cut(text: str, room: int, size: Callable[[str], int]) -> Iterator[str]:
    """The text in halves, and halves of those, until each fits."""
    if size(text) + _JOINING <= room or len(text) < 2:  # noqa: PLR2004 - a single character is cut no further
        yield text
        return
    middle = len(text) // 2
    yield from _cut(text[:middle], room, size)
    yield from _cut(text[middle:], room, size)
