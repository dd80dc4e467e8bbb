"""The items of a response while they are streamed: what each says more than was told of it before. Pure.

A server tells a text up to five times: in pieces, and whole when the text, its part, its item and the response are
done. Not every server does all of that, nor names its items each time alike; here each text is told once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agentctl.events import Delta, TextDelta, ThinkingDelta, ToolCallDelta
from agentctl.providers.decoding import array, mapping, string
from agentctl.providers.responses import signature
from agentctl.providers.surrogates import Halves, whole_characters

BREAK = "\n\n"
"""What stands between the texts of two items where they are shown as one."""

Piece = tuple[str, int]  # the kind of a text within its item, and its place among those of its kind


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of text: the type of its items, and how its events call its place and the whole of it."""

    item: str
    place: str
    whole: str = "text"


_KINDS: Mapping[str, _Kind] = {
    "output_text": _Kind("message", "content_index"),
    "refusal": _Kind("message", "content_index", "refusal"),
    "reasoning_summary_text": _Kind("reasoning", "summary_index"),
    "reasoning_text": _Kind("reasoning", "content_index"),
    "function_call_arguments": _Kind("function_call", "", "arguments"),
}
_TYPES = frozenset(kind.item for kind in _KINDS.values())
_ARGUMENTS: Piece = ("function_call_arguments", 0)
_PARTS: Mapping[str, str] = {
    "output_text": "output_text",
    "refusal": "refusal",
    "summary_text": "reasoning_summary_text",
    "reasoning_text": "reasoning_text",
}
"""The kind of text that a part has, by its type."""


@dataclass(slots=True)
class _Item:
    """An item, and how many characters of each of its texts have been told."""

    type: str
    number: int  # among all items
    call: int | None = None  # its place among the tool calls, once they are told of it
    named: bool = False
    closed: bool = False
    told: dict[Piece, int] = field(default_factory=dict)

    def key(self, piece: Piece) -> str:
        """What the halves of this text's characters go by."""
        return f"{self.number} {piece}"


class Items:
    """Turns what a stream says of its items into deltas."""

    def __init__(self) -> None:
        self._items: list[_Item] = []
        self._names: dict[tuple[str, object], _Item] = {}  # by a type and an id or an index: servers know either
        self._halves = Halves()
        self.calls = 0
        self.refused = False

    def feed(self, kind: str, event: Mapping[str, Any]) -> Iterator[Delta]:
        """Yield what an event of this kind tells; nothing if it is not about an item that is known here."""
        if kind == "response.output_item.added":
            yield from self._begin(self._added(event), mapping(event.get("item") or {}))
        elif kind == "response.output_item.done":
            body = mapping(event.get("item") or {})
            yield from self._end(self._find(string(body.get("type") or ""), event, body), body)
        else:
            name, _, verb = kind.removeprefix("response.").rpartition(".")
            yield from self._text(name, verb, event)

    def finish(self, output: list[Any]) -> Iterator[Delta]:
        """Yield what the items of the whole response say more than the stream told."""
        streamed = {item.type for item in self._items}
        for index, value in enumerate(output):
            body = mapping(value or {})
            type_ = string(body.get("type") or "")
            known = self._known(type_, {"output_index": index}, body)
            if known or type_ not in streamed or type_ == "function_call":  # else it goes by another name here
                yield from self._end(known or self._find(type_, {}, body), body)
        for item in self._items:
            yield from self._last_halves(item)

    def _text(self, name: str, verb: str, event: Mapping[str, Any]) -> Iterator[Delta]:
        kind = _KINDS.get(name)
        if kind is None or verb not in ("delta", "done"):
            return
        item = self._find(kind.item, event, {})
        place = event.get(kind.place)
        piece = (name, place if isinstance(place, int) else 0)
        if verb == "delta":
            yield from self._more(item, piece, string(event.get("delta") or ""))
        else:
            yield from self._rest(item, piece, event.get(kind.whole))

    def _added(self, event: Mapping[str, Any]) -> _Item:
        """The item that begins: another one, also where the server counts all of them alike."""
        body = mapping(event.get("item") or {})
        type_ = string(body.get("type") or "")
        item = self._names.get((type_, body.get("id"))) if isinstance(body.get("id"), str) else None
        return self._name(item or self._new(type_), event, body, anew=True)

    def _find(self, type_: str, event: Mapping[str, Any], body: Mapping[str, Any]) -> _Item:
        names = self._names_of(event, body)
        if known := self._names.get((type_, names[0])):  # as nearly always
            return known
        return self._name(self._known(type_, event, body) or self._new(type_), event, body)

    def _known(self, type_: str, event: Mapping[str, Any], body: Mapping[str, Any]) -> _Item | None:
        names = self._names_of(event, body)
        return next((self._names[type_, name] for name in names if (type_, name) in self._names), None)

    def _new(self, type_: str) -> _Item:
        self._items.append(_Item(type_, len(self._items)))
        return self._items[-1]

    def _name(self, item: _Item, event: Mapping[str, Any], body: Mapping[str, Any], *, anew: bool = False) -> _Item:
        for name in self._names_of(event, body):
            if anew or (item.type, name) not in self._names:
                self._names[item.type, name] = item
        self._names[item.type, None] = item
        return item

    def _names_of(self, event: Mapping[str, Any], body: Mapping[str, Any]) -> list[str | int | None]:
        """What an item goes by, the surest first; where the server gives no name at all, it is the last of its type."""
        ids = (event.get("item_id"), body.get("id"), body.get("call_id"))
        names: list[str | int | None] = [name for name in ids if name and isinstance(name, str)]
        index = event.get("output_index")
        return [*names, index] if type(index) is int else names or [None]

    def _begin(self, item: _Item, body: Mapping[str, Any]) -> Iterator[Delta]:
        if item.type != "function_call" or (item.call is not None and item.named):
            return
        first = item.call is None
        if item.call is None:
            item.call = self.calls
            self.calls += 1
        name = whole_characters(string(body.get("name") or ""))
        item.named = bool(name)
        id_ = whole_characters(string(body.get("call_id") or body.get("id") or f"call_{item.call}")) if first else None
        if id_ or name:
            yield ToolCallDelta(item.call, id_, name or None)

    def _end(self, item: _Item, body: Mapping[str, Any]) -> Iterator[Delta]:
        if item.closed or item.type not in _TYPES:
            return
        for place in ("summary", "content"):
            parts = body.get(place) or []
            for index, part in enumerate(array(parts)):
                yield from self._part(item, index, mapping(part or {}))
        if item.type == "function_call":
            yield from self._begin(item, body)
            yield from self._rest(item, _ARGUMENTS, body.get("arguments"))
        yield from self._last_halves(item)
        item.closed = True
        if item.type == "reasoning" and (kept := signature.of_reasoning(body)):
            yield ThinkingDelta("", kept)
        if item.type == "message" and item.told and (kept := signature.of_message(body)):
            yield TextDelta("", kept)

    def _part(self, item: _Item, index: int, part: Mapping[str, Any]) -> Iterator[Delta]:
        name = _PARTS.get(string(part.get("type") or ""))
        if name and _KINDS[name].item == item.type:
            yield from self._rest(item, (name, index), part.get(_KINDS[name].whole))

    def _more(self, item: _Item, piece: Piece, text: str) -> Iterator[Delta]:
        if not item.closed:
            yield from self._tell(item, piece, self._halves.join(item.key(piece), text))

    def _rest(self, item: _Item, piece: Piece, whole: object) -> Iterator[Delta]:
        """Yield what of a whole text has not been told."""
        if not item.closed:
            half = self._halves.rest(item.key(piece))
            rest = string(whole or "")[item.told.get(piece, 0) :]
            yield from self._tell(item, piece, whole_characters(rest) or half)

    def _last_halves(self, item: _Item) -> Iterator[Delta]:
        """What stands for half a character at the end of a text."""
        for piece in tuple(item.told):
            yield from self._rest(item, piece, None)

    def _tell(self, item: _Item, piece: Piece, text: str) -> Iterator[Delta]:
        if not text:
            return
        if piece == _ARGUMENTS:
            yield from self._begin(item, {})
        elif self._apart(item, piece):
            yield TextDelta(BREAK) if item.type == "message" else ThinkingDelta(BREAK)
        item.told[piece] = item.told.get(piece, 0) + len(text)
        self.refused = self.refused or piece[0] == "refusal"
        match item.type:
            case "function_call":
                yield ToolCallDelta(item.call or 0, arguments=text)
            case "reasoning":
                yield ThinkingDelta(text)
            case _:
                yield TextDelta(text)

    def _apart(self, item: _Item, piece: Piece) -> bool:
        """Whether a text begins that does not go on with the one before: another item, or part of a summary."""
        if item.told:
            return item.type == "reasoning" and piece not in item.told
        return any(other.told for other in self._items if other.type == item.type)
