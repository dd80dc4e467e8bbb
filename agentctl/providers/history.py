"""A conversation as one provider can take it: what others left in it is translated or left out, and that is said.

Pure. Codecs get what `adapt` returns, and so need not know that there are other providers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, count, takewhile
from zlib import crc32

from agentctl.errors import UsageError
from agentctl.messages import Attachment, Message, Part, Text, Thinking, ToolCall, ToolResult
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.places import moved
from agentctl.providers.tools import in_order


def adapt(request: Request, capabilities: Capabilities) -> tuple[Request, tuple[str, ...]]:
    """Return the request as the provider takes it, and what to tell the user about that.

    Left out are reasoning and signatures of others, tool calls without a result and results without a call, which
    interrupted turns leave behind, and messages that this empties. Text files become text. In earlier messages a file
    that the provider does not take becomes a word about it, and so do tool calls where it knows no tools.

    A plan for the cache is carried over to the messages that remain, and the tools are put in order for it.

    The user is told in the turn that switches to this model, and in no other.

    Raises:
        UsageError: the provider does not take the schema, the tools, or a file of the last message.
    """
    _check(request, capabilities)
    history = _History(request, capabilities)
    kept = dict(history.messages())
    adapted = replace(request, messages=tuple(kept.values()))
    if request.cache is not None:
        adapted = replace(adapted, cache=moved(request.cache, tuple(kept)), tools=in_order(request.tools))
    return adapted, history.notes() if _switches(request, capabilities) else ()


def call_names(messages: Iterable[Message]) -> dict[str, str]:
    """Return the name of the tool of each call, by the call's id: results do not repeat it, and some APIs want it."""
    return {part.id: part.name for message in messages for part in message.parts if isinstance(part, ToolCall)}


def is_image(file: Attachment) -> bool:
    """Whether the file is an image."""
    return file.media_type.startswith("image/")


def _check(request: Request, capabilities: Capabilities) -> None:
    name = capabilities.provider
    if request.schema is not None and not capabilities.json_schema:
        raise UsageError(f"{name} can't follow a JSON schema", hint="ask without --schema, or use another provider")
    if request.tools and not capabilities.tools:
        raise UsageError(f"{name} can't call tools", hint="give it none with -t none, or use another provider")


def _switches(request: Request, capabilities: Capabilities) -> bool:
    """Whether the last answer was another model's."""
    last = next((message.model for message in reversed(request.messages) if message.role == "assistant"), None)
    return last is not None and last != f"{capabilities.provider}/{request.model}"


class _History:
    """The messages of one request, and a count of what they lose on the way."""

    def __init__(self, request: Request, capabilities: Capabilities) -> None:
        self._request = request
        self._capabilities = capabilities
        self._lost: Counter[str] = Counter()
        self._ids: set[str] = set()  # those that are sent: not every server gives each call another
        self._calls: dict[str, ToolCall] = {}  # of the last answer, as they are sent, by the ids they have here

    def messages(self) -> Iterator[tuple[int, Message]]:
        """The messages that remain, by the index that each had."""
        last = len(self._request.messages) - 1
        for number, message in enumerate(self._request.messages):
            own = self._understands(message)
            if message.role != "tool":
                self._calls = self._answered(number, own=own)
            parts = tuple(kept for part in message.parts for kept in self._part(part, own=own, new=number == last))
            if parts:
                told = message.role == "tool" and not any(isinstance(part, ToolResult) for part in parts)
                yield number, replace(message, parts=parts, role="user" if told else message.role)

    def notes(self) -> tuple[str, ...]:
        """What was lost, in words."""
        name, lost = self._capabilities.provider, self._lost.items()
        return tuple(f"not sent to {name}: {what}" + (f" ({times} times)" if times > 1 else "") for what, times in lost)

    def _understands(self, message: Message) -> bool:
        """Whether the provider made the signatures of this message."""
        provider, _, model = (message.model or "").partition("/")
        return provider == self._capabilities.provider and (
            self._capabilities.signatures == "provider" or model == self._request.model
        )

    def _part(self, part: Part, *, own: bool, new: bool) -> Iterator[Part]:
        match part:
            case Thinking():
                if own:
                    yield part
                else:
                    self._lost["another model's reasoning"] += 1
            case Text(text, signature):
                if text or (own and signature):
                    yield part if own else Text(text)
            case ToolCall():
                if part.id in self._calls:
                    yield self._call(self._calls[part.id])
            case ToolResult():
                if part.call_id in self._calls:
                    yield self._result(part)
            case Attachment():
                yield self._file(part, new=new)

    def _answered(self, number: int, *, own: bool) -> dict[str, ToolCall]:
        """The calls of a message whose results stand in the messages right after it, by their ids."""
        following = takewhile(lambda message: message.role == "tool", self._request.messages[number + 1 :])
        results = {part.call_id for message in following for part in message.parts if isinstance(part, ToolResult)}
        calls = (part for part in self._request.messages[number].parts if isinstance(part, ToolCall))
        return {
            call.id: replace(call, id=self._id(call.id), signature=call.signature if own else None)
            for call in calls
            if call.id in results
        }

    def _id(self, id_: str) -> str:
        """The id, or what stands for it where the provider would refuse it: always the same, and never another's."""
        unique = next(one for one in chain([id_], (f"{id_}_{n}" for n in count(2))) if one not in self._ids)
        self._ids.add(unique)
        wanted = self._capabilities.tool_id
        return (
            unique if not wanted or re.fullmatch(wanted, unique) else f"c{crc32(unique.encode('utf-8', 'replace')):08x}"
        )

    def _call(self, call: ToolCall) -> Part:
        if self._capabilities.tools:
            return call
        self._lost["tool calls, but for a text about them"] += 1
        return Text(f"[called {call.name} with {call.arguments}]")

    def _result(self, result: ToolResult) -> Part:
        call = self._calls[result.call_id]
        if self._capabilities.tools:
            return replace(result, call_id=call.id)
        return Text(f"[{call.name} answered: {result.content}]")

    def _file(self, file: Attachment, *, new: bool) -> Part:
        if file.is_text:
            return Text(_inlined(file))
        if file.media_type.startswith(self._capabilities.media_types):
            return file
        name = self._capabilities.provider
        if new:
            raise UsageError(f"{name} does not take {file.name}: {file.media_type}", hint=_way_out(file))
        self._lost[f"{file.name}, for it does not take {file.media_type}"] += 1
        return Text(f"[a file that can't be shown here: {file.name}, {file.media_type}]")


def _inlined(file: Attachment) -> str:
    try:
        return file.inlined()
    except UnicodeDecodeError as error:
        raise UsageError(f"{file.name} is not UTF-8 text", hint=f"convert it: iconv -t utf-8 {file.name}") from error


def _way_out(file: Attachment) -> str:
    if file.media_type == "application/octet-stream":  # what text is taken for that is not UTF-8
        return f"if it is text, make it UTF-8: iconv -t utf-8 {file.name}; else leave it out, or use another provider"
    return "leave it out, or use another provider"
