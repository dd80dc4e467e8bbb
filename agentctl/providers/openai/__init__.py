"""The Chat Completions API of OpenAI and of the many servers that speak it: a pure codec.

Source: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from typing import Any

from agentctl.errors import ProviderError
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.openai.answer import Decoder
from agentctl.providers.openai.refusal import refusal
from agentctl.providers.openai.request import encode

__all__ = ["ChatCompletions"]


class ChatCompletions:
    """What one server is sent, and what its answers mean."""

    path = "/chat/completions"

    def __init__(self, capabilities: Capabilities) -> None:
        self.capabilities = capabilities

    def encode(self, request: Request) -> dict[str, Any]:
        """The body of the request; see `request.encode`."""
        return encode(request, self.capabilities)

    def decoder(self, request: Request) -> Decoder:
        """What decodes the answer to `request`."""
        return Decoder(self.capabilities, request.model)

    def refusal(self, status: int, body: bytes) -> ProviderError:
        """The error that an answer with an error's status stands for."""
        return refusal(self.capabilities, status, body)
