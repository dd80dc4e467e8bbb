"""What of a conversation is sent: all of it, or a summary and what was said since. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from agentctl.messages import Message, Summary, Text
from agentctl.repair import repaired

_MARKED = """[This is a summary of the conversation so far. It stands for messages that are no longer shown.]

<summary>
{}
</summary>"""


@dataclass(frozen=True, slots=True)
class Standing:
    """The summary that counts, which stands at the place `at`, and the place of the first message that is kept."""

    summary: Summary
    at: int
    kept: int


def standing(messages: Sequence[Message]) -> Standing | None:
    """Return the last summary of a conversation; None if there is none."""
    for at in reversed(range(len(messages))):
        if summary := messages[at].summary:
            return Standing(summary, at, max(0, min(summary.kept, at)))
    return None


def as_sent(messages: Iterable[Message]) -> tuple[Message, ...]:
    """What of a conversation is sent: the last system message, the last summary, and what it does not stand for.

    It follows the rules of all APIs; see `repair`.
    """
    return repaired(shown(tuple(messages)))


def shown(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages that the model is to see, the last summary as one of the user's."""
    found = standing(messages)
    if found is None:
        return tuple(messages)
    systems = (message for message in messages[: found.kept] if message.role == "system")
    return (*systems, marked(found.summary), *(messages[place] for place in _places(messages, found)))


def marked(summary: Summary) -> Message:
    """The summary as the model is shown it."""
    return Message("user", (Text(_MARKED.format(summary.text)),))


def replaceable(messages: Sequence[Message], cut: int) -> tuple[Message, ...]:
    """What a summary up to the place `cut` stands for: messages, and first the summary before it, if there is one."""
    found = standing(messages)
    before = [] if found is None else [messages[found.at]]
    places = range(len(messages)) if found is None else _places(messages, found)
    return (*before, *(messages[place] for place in places if place < cut and messages[place].role != "system"))


def cuts(messages: Sequence[Message]) -> tuple[int, ...]:
    """The places where a summary may end: after the last one the beginnings of the user's turns, and the very end.

    No tool call is parted from its result there.
    """
    found = standing(messages)
    first = 0 if found is None else found.kept
    return tuple(place for place in (*_turns(messages), len(messages)) if place > first)


def _turns(messages: Sequence[Message]) -> Iterator[int]:
    """The places where the user begins to speak, with no call open that is answered later."""
    answered = [frozenset(result.call_id for result in message.results) for message in messages]
    last = {call_id: place for place, ids in enumerate(answered) for call_id in ids}
    until, speaking = -1, False
    for place, message in enumerate(messages):
        if message.role == "system" or message.summary:
            continue
        if message.role == "user" and not speaking and until < place:
            yield place
        speaking = message.role == "user"
        until = max([until, *(last.get(call.id, -1) for call in message.calls)])


def _places(messages: Sequence[Message], found: Standing) -> Iterator[int]:
    return (place for place in range(found.kept, len(messages)) if not messages[place].summary)
