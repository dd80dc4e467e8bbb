"""The shape of a request as a prompt cache sees it: how large its pieces are, and which of them change. Pure.

A request is a row of places: the tools, then its messages. A cache keeps beginnings of that row, so all that counts of
a place is where it ends.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from agentctl.breakpoints import TOOLS, Rules
from agentctl.messages import Message, Part, Role, Text, Thinking, ToolSpec


@dataclass(frozen=True, slots=True)
class Place:
    """The tools, or a message.

    Args:
        tokens: how many it has.
        blocks: of how many blocks of content it is made, as Anthropic counts them; a tool is one.
        role: who speaks; the system for the tools.
        volatile: whether it is another one in the next request, such as the time of the day.
        marked: whether something in it can carry a breakpoint: text, a file, a call or a result, but no thought.
    """

    tokens: int
    blocks: int = 1
    role: Role = "system"
    volatile: bool = False
    marked: bool = True


@dataclass(frozen=True, slots=True)
class Shape:
    """A request: its tools, if it has any, and its messages."""

    tools: Place | None
    messages: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class End:
    """The end of a place: what stands before it, itself included.

    Args:
        after: the index of the message, or `TOOLS`.
        tokens: how many there are up to here.
        blocks: likewise.
        role: who speaks before it.
        marked: whether a breakpoint can stand here.
    """

    after: int
    tokens: int
    blocks: int
    role: Role
    marked: bool


def shape_of(
    messages: Sequence[Message],
    tools: Sequence[ToolSpec],
    sizes: tuple[int, tuple[int, ...]],
    volatile: Collection[int] = (),
) -> Shape:
    """Return the shape of a request.

    Args:
        messages: of the request.
        tools: that it offers.
        sizes: the tokens of the tools, and of each message.
        volatile: the indexes of the messages that the next request will not have as they are.
    """
    offered = Place(sizes[0], len(tools)) if tools else None
    pairs = enumerate(zip(messages, sizes[1], strict=True))
    return Shape(offered, tuple(_place(message, tokens, number in volatile) for number, (message, tokens) in pairs))


def ends(shape: Shape, rules: Rules) -> tuple[End, ...]:
    """Return the ends of the places that stay as they are, in the order in which the API reads them.

    What stands after something volatile is not kept, and so is left out with it.
    """
    return tuple(_ends(shape, rules))


def asked(shape: Shape) -> tuple[int, ...]:
    """Return how many messages each request of the conversation so far had, this one last: one for each answer."""
    answers = (number for number, place in enumerate(shape.messages) if place.role == "assistant" and number)
    return (*answers, len(shape.messages))


def _place(message: Message, tokens: int, volatile: bool) -> Place:
    solid = [part for part in message.parts if not isinstance(part, Thinking) and _says(part)]
    return Place(tokens, max(1, len(message.parts)), message.role, volatile, bool(solid))


def _says(part: Part) -> bool:
    return bool(part.text.strip()) if isinstance(part, Text) else True


def _ends(shape: Shape, rules: Rules) -> Iterator[End]:
    numbers: Sequence[int] = range(len(shape.messages))
    if rules.hoists:
        numbers = sorted(numbers, key=lambda number: shape.messages[number].role != "system")
    places = [(TOOLS, shape.tools)] if shape.tools else []
    tokens = blocks = 0
    for after, place in (*places, *((number, shape.messages[number]) for number in numbers)):
        if place.volatile:
            return
        tokens, blocks = tokens + place.tokens, blocks + place.blocks
        allowed = rules.tools if after == TOOLS else rules.answers or place.role != "assistant"
        yield End(after, tokens, blocks, place.role, place.marked and allowed)
