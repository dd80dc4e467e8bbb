"""What a request consists of, as far as its tokens go: texts, and what is added to them. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agentctl.economy.tokens.families import Extra, Family
from agentctl.economy.tokens.toolbox import as_json, typed
from agentctl.messages import Attachment, Message, Part, Text, Thinking, ToolCall, ToolResult, ToolSpec

_SEALED = 6  # characters of a signature a token of what it seals: base 64, and some 4 bytes a token
_CALL = Extra(8, 96, 8)
_RESULT = Extra(6, 96, 6)
_FIELD = 12  # tokens at most around an argument that is written in tags, as Claude's are


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent to a model, before it is adapted to the provider."""

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What a message, or what stands before all messages, takes.

    Args:
        texts: what is counted.
        added: what comes on top: marks of the chat, files, what signatures seal.
        longest: what the texts are at most, where nobody knows how they are written.
        documented: whether the vendor tells how all of it is counted.
        plain: whether it consists of text, and of tools and calls of them.
    """

    texts: tuple[str, ...]
    added: Extra
    longest: tuple[str, ...] | None = None
    documented: bool = False
    plain: bool = True


def head(prompt: Prompt, family: Family) -> Share:
    """What stands before all messages: the vendor's instructions, the tools and the schema."""
    texts: list[str] = []
    extras: list[Extra] = [family.start]
    longest: list[str] = []
    if prompt.tools:
        shown = typed(prompt.tools, family.encoding) if family.typed else as_json(prompt.tools)
        texts += shown.texts
        longest += shown.longest
        extras += [family.tools, shown.added] if not family.typed else [shown.added]
    if prompt.schema is not None:
        texts.append(json.dumps(prompt.schema, ensure_ascii=False))
        longest.append(json.dumps(prompt.schema, indent=4))
        extras.append(family.schema)
    bare = not prompt.tools and prompt.schema is None
    return Share(
        tuple(texts),
        _sum(extras),
        tuple(longest),
        documented=family.documented and bare,
        plain=prompt.schema is None,
    )


def body(message: Message, family: Family, provider: str) -> Share:
    """What a message takes.

    Args:
        message: a message.
        family: that of the model it is sent to.
        provider: that of the model. What only another one's models understand is not sent.
    """
    own = (message.model or "").partition("/")[0] == provider
    texts: list[str] = []
    extras: list[Extra] = [family.message]
    for part in message.parts:
        texts += _texts(part, own=own)
        extras += _extras(part, family, own=own)
    plain = all(isinstance(part, Text | ToolCall | ToolResult) or _is_text(part) for part in message.parts)
    documented = family.documented and len(extras) == 1 and len(texts) <= 1
    return Share(tuple(texts), _sum(extras), documented=documented, plain=plain and not _sealed(message))


def _texts(part: Part, *, own: bool) -> Iterator[str]:
    match part:
        case Text(text) | ToolResult(content=text):
            yield text
        case Thinking(text) if own:
            yield text
        case ToolCall(name=name, arguments=arguments):
            yield from (name, arguments)
        case Attachment() if part.is_text:
            yield part.inlined("replace")


def _extras(part: Part, family: Family, *, own: bool) -> Iterator[Extra]:
    match part:
        case ToolCall(id=id_, arguments=arguments):
            fields = arguments.count('":')
            most = _CALL.most + 2 * len(id_) + _FIELD * fields + arguments.count(",")
            yield Extra(_CALL.likely, most, _CALL.slack + 2 * fields)
        case ToolResult(call_id=id_):
            yield Extra(_RESULT.likely, _RESULT.most + 2 * len(id_), _RESULT.slack)
        case Attachment() if not part.is_text:
            usual, most = family.media.tokens(part)
            yield Extra(usual, most, most - usual)
        case _:
            pass
    signature = getattr(part, "signature", None)
    if own and signature:
        yield Extra(len(signature) // _SEALED, len(signature), len(signature) // _SEALED)


def _is_text(part: Part) -> bool:
    return isinstance(part, Attachment) and part.is_text


def _sealed(message: Message) -> bool:
    return any(getattr(part, "signature", None) for part in message.parts)


def _sum(extras: list[Extra]) -> Extra:
    return Extra(sum(one.likely for one in extras), sum(one.most for one in extras), sum(one.slack for one in extras))
