"""Which API an answer is in: a server that is asked in another one may answer in its own all the same. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.errors import ProviderError
from agentctl.providers.base import Api, Capabilities

_NAMES: Mapping[Api, str] = {
    "chat": "Chat Completions",
    "responses": "Responses",
    "messages": "Messages",
    "gemini": "Gemini",
}
_OF_MESSAGES = ("message_start", "message_delta", "message_stop", "content_block_")


def dialect(event: Mapping[str, Any]) -> Api | None:
    """Return the API that an event, or the body of an answer, is surely of; None if it may be of any."""
    kind, what = event.get("type"), event.get("object")
    type_, object_ = kind if isinstance(kind, str) else "", what if isinstance(what, str) else ""
    if "choices" in event or object_.startswith("chat.completion"):
        return "chat"
    if type_.startswith("response.") or object_ == "response":
        return "responses"
    if type_.startswith(_OF_MESSAGES) or (type_ == "message" and "content" in event):
        return "messages"
    return "gemini" if "candidates" in event or "usageMetadata" in event else None


def check(capabilities: Capabilities, event: Mapping[str, Any], own: Api) -> None:
    """Refuse the first event of an answer in another API than the one that was asked.

    Asking again would cost the same again, and end the same.

    Raises:
        ProviderError: it is of another; the hint says how to ask in that one.
    """
    found = dialect(event)
    if found is None or found == own or event.get("error"):
        return
    raise ProviderError(
        f"{capabilities.provider} answered in {_NAMES[found]}, but was asked in {_NAMES[own]}",
        hint=f"`agentctl config set servers.{capabilities.provider}.api {found}`",
    )
