"""Puts the deltas of an answer together: into fewer deltas, into message parts, and into the text form drafts keep."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from agentctl.events import Delta, TextDelta, ThinkingDelta, ToolCallDelta
from agentctl.messages import Part, Text, Thinking, ToolCall


def coalesce(deltas: Iterable[Delta]) -> list[Delta]:
    """Join neighbours that continue each other; what `assemble` makes of them stays the same."""
    runs: list[list[Delta]] = []
    for delta in deltas:
        if runs and _continues(runs[-1][-1], delta):
            runs[-1].append(delta)
        else:
            runs.append([delta])
    return [_join(run) for run in runs]


def assemble(deltas: Iterable[Delta], provider: str | None = None) -> tuple[Part, ...]:
    """Return the parts of the answer that the deltas make, in the order in which each part began.

    `provider` is whose signatures the thinking parts carry.
    """
    parts: list[Part] = []
    calls: dict[int, int] = {}  # a tool call's index in the stream → its place in `parts`
    for delta in coalesce(deltas):
        match delta:
            case TextDelta(text, signature):
                parts.append(Text(text, signature))
            case ThinkingDelta(text, signature):
                parts.append(Thinking(text, signature, provider))
            case ToolCallDelta(index, id_, name, arguments, signature):
                if index not in calls:
                    calls[index] = len(parts)
                    parts.append(ToolCall(id_ or "", name or "", arguments, signature))
                else:
                    parts[calls[index]] = _extend(parts[calls[index]], delta)
    return tuple(parts)


def dump_deltas(deltas: Iterable[Delta]) -> str:
    """Return the deltas as one line of ASCII JSON."""
    return json.dumps([_dump(delta) for delta in deltas], separators=(",", ":"))


def load_deltas(text: str) -> list[Delta]:
    """Read `dump_deltas`'s form back."""
    kinds = {"text": TextDelta, "thinking": ThinkingDelta, "tool_call": ToolCallDelta}
    return [kinds[kind](*fields) for kind, *fields in json.loads(text)]


def _continues(before: Delta, after: Delta) -> bool:
    match before, after:
        case (TextDelta(signature=None), TextDelta()) | (ThinkingDelta(signature=None), ThinkingDelta()):
            return True  # a signature closes its part
        case ToolCallDelta(index=first), ToolCallDelta(index=second):
            return first == second
    return False


def _join(run: Sequence[Delta]) -> Delta:
    if len(run) == 1:
        return run[0]
    match run[0], run[-1]:
        case ThinkingDelta(), ThinkingDelta(_, signature):
            return ThinkingDelta("".join(d.text for d in run if isinstance(d, ThinkingDelta)), signature)
        case ToolCallDelta(index), _:
            calls = [d for d in run if isinstance(d, ToolCallDelta)]
            ids, names = [d.id for d in calls if d.id], [d.name for d in calls if d.name]
            arguments = "".join(d.arguments for d in calls)
            signature = next((d.signature for d in calls if d.signature), None)
            return ToolCallDelta(index, ids[0] if ids else None, names[0] if names else None, arguments, signature)
        case TextDelta(), TextDelta(_, signature):
            return TextDelta("".join(d.text for d in run if isinstance(d, TextDelta)), signature)
    raise AssertionError(run)  # `_continues` joins nothing else


def _extend(part: Part, more: ToolCallDelta) -> ToolCall:
    assert isinstance(part, ToolCall)  # noqa: S101  # `calls` only ever points at tool calls
    return ToolCall(
        part.id or more.id or "",
        part.name or more.name or "",
        part.arguments + more.arguments,
        part.signature or more.signature,
    )


def _dump(delta: Delta) -> list[str | int | None]:
    match delta:
        case TextDelta(text, None):
            return ["text", text]
        case TextDelta(text, signature):
            return ["text", text, signature]
        case ThinkingDelta(text, signature):
            return ["thinking", text, signature]
        case ToolCallDelta(index, id_, name, arguments, None):
            return ["tool_call", index, id_, name, arguments]
        case ToolCallDelta(index, id_, name, arguments, signature):
            return ["tool_call", index, id_, name, arguments, signature]
