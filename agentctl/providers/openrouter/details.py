"""OpenRouter's `reasoning_details`: blocks that come in pieces and must go back as they were. Pure.

The form is the same for all the providers behind it: readable text that may be signed, a summary, or data that only the
model can read. Pieces of one block share its type, and its index where blocks are counted.

Sources: openrouter 1.3 components/reasoningdetail*.py; https://openrouter.ai/docs/use-cases/reasoning-tokens
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from agentctl.providers.writable import is_writable

Block = dict[str, Any]

_TEXTS = {"reasoning.text": "text", "reasoning.summary": "summary"}  # the field that comes in pieces, by type

_SIGNING = ("anthropic-claude-v1", "google-gemini-v1")


def merge(pieces: Iterable[Mapping[str, Any]]) -> list[Block]:
    """Return the blocks that the pieces make, in the order in which they began.

    Merging some of the pieces first changes nothing: what arrives after a part was kept still finds its block.
    """
    blocks: list[_Growing] = []
    for piece in pieces:
        block = next((one for one in reversed(blocks) if one.is_kin(piece)), None)
        if block is not None and block.continues_with(piece):
            block.grow(piece)
        else:
            blocks.append(_Growing(piece))
    return [block.whole() for block in blocks]


def readable(piece: Mapping[str, Any]) -> str:
    """What of a piece a person can read."""
    text = piece.get(_field(piece))
    return text if isinstance(text, str) else ""


def acceptable(block: Mapping[str, Any]) -> bool:
    """Whether the block may go back: some refuse a text of theirs that they have not signed, as of an answer cut short.

    Source: https://github.com/OpenRouterTeam/ai-sdk-provider, issues 418, 423 and 453
    """
    unsigned = block.get("type") == "reasoning.text" and not block.get("signature")
    return not (unsigned and block.get("format") in _SIGNING)


def dump(pieces: Iterable[Mapping[str, Any]]) -> str:
    """Return the blocks as the signature of a `Thinking` part, without those that JSON has no form for."""
    return json.dumps([block for block in merge(pieces) if is_writable(block)], separators=(",", ":"))


def load(signature: str | None) -> list[Block]:
    """Read the blocks in a signature; none where another codec wrote it, or what is no JSON."""
    try:
        blocks = json.loads(signature or "[]")
    except (ValueError, RecursionError):
        return []
    sound = isinstance(blocks, list) and all(isinstance(block, dict) and is_writable(block) for block in blocks)
    return blocks if sound else []


class _Growing:
    """A block whose pieces are arriving; its texts are joined once."""

    def __init__(self, piece: Mapping[str, Any]) -> None:
        self._block = dict(piece)
        self._texts = [readable(piece)]

    def is_kin(self, piece: Mapping[str, Any]) -> bool:
        """Whether the piece is of this block, or of one that comes after it in its place."""
        return all(self._block.get(name) == piece.get(name) for name in ("type", "index"))

    def continues_with(self, piece: Mapping[str, Any]) -> bool:
        """Whether the piece is more of this block: a signature ends a text, an id tells its own, data comes whole."""
        own = self._block.get("id")
        if not _field(piece):
            return own is not None and piece.get("id") == own  # a later word on the same
        return not (self._block.get("signature") and readable(piece)) and piece.get("id") in (None, own)

    def grow(self, piece: Mapping[str, Any]) -> None:
        """Add the piece."""
        self._texts.append(readable(piece))
        self._block |= {name: value for name, value in piece.items() if value is not None or name not in self._block}

    def whole(self) -> Block:
        """The block as it is so far."""
        text = "".join(self._texts)
        return self._block | {_field(self._block): text} if text else self._block


def _field(piece: Mapping[str, Any]) -> str:
    """The name of the field that holds text for people; empty where there is none."""
    kind = piece.get("type")
    return _TEXTS.get(kind, "") if isinstance(kind, str) else ""
