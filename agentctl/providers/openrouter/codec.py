"""What OpenRouter is sent, and what its answers mean. Pure."""

from __future__ import annotations

from typing import Any

from agentctl.providers.base import Capabilities, Request
from agentctl.providers.openai import ChatCompletions
from agentctl.providers.openrouter.answer import Answer
from agentctl.providers.openrouter.request import encode
from agentctl.settings.values import OpenRouterSettings


class RoutedCompletions(ChatCompletions):
    """Chat Completions as OpenRouter extends them.

    Args:
        capabilities: what the server accepts and reports.
        wishes: how requests are to be routed, and what is told of who asks.
    """

    def __init__(self, capabilities: Capabilities, wishes: OpenRouterSettings) -> None:
        super().__init__(capabilities)
        self._wishes = wishes

    def headers(self, key: str | None) -> dict[str, str]:
        """What every request says of itself."""
        attribution = {"HTTP-Referer": self._wishes.referer, "X-OpenRouter-Title": self._wishes.title}
        return super().headers(key) | {name: value for name, value in attribution.items() if value}

    def encode(self, request: Request) -> dict[str, Any]:
        """The body of the request; see `request.encode`."""
        return encode(request, self.capabilities, self._wishes)

    def decoder(self, request: Request) -> Answer:
        """What decodes the answer to `request`."""
        return Answer(self.capabilities, request.model, self._wishes.models)
