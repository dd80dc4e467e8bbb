"""Values as `llm` keeps them, and as we do."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from agentctl.messages import Attachment, Part, Text

SOURCE = "llm"

Fields = dict[str, Any]

_PROVIDERS = (
    (re.compile(r"(gpt|chatgpt|o\d)\b"), "openai"),
    (re.compile(r"claude\b"), "anthropic"),
    (re.compile(r"(gemini|gemma)\b"), "google"),
)


def moment_of(text: str | None) -> int:
    """Return a time of the log, which is in UTC, in epoch µs; 0 if it is none."""
    try:
        meant = datetime.fromisoformat(text or "")
    except ValueError:
        return 0
    return max(0, round((meant if meant.tzinfo else meant.replace(tzinfo=UTC)).timestamp() * 1_000_000))


def model_of(name: str | None) -> str | None:
    """Return `provider/model` for a model of `llm`, which names no provider where that is known."""
    if not name or "/" in name:
        return name or None
    provider = next((provider for known, provider in _PROVIDERS if known.match(name)), SOURCE)
    return f"{provider}/{name}"


def name_of(text: str | None) -> str | None:
    """Return the name of a conversation as a session can have it."""
    shown = " ".join((text or "").split())
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in shown) or None


def attachment_of(row: Fields) -> Part:
    """Return a file that is in the log; one that is elsewhere is only named: it is not ours to fetch."""
    media_type, where = row["type"] or "application/octet-stream", row["path"] or row["url"] or ""
    if row["content"] is None:
        return Text(f"\n[attached: {where}, {media_type}]\n")
    return Attachment(PurePath(where).name or str(row["id"])[:12], media_type, bytes(row["content"]))


def plain_attachment(row: Fields) -> Fields:
    """The row of a file as JSON has it."""
    content = row["content"]
    return {**row, "content": None if content is None else base64.b64encode(content).decode("ascii")}
