"""The Chat Completions API of OpenAI and of the many servers that speak it: a pure codec.

Source: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.errors import ProviderError
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.codec import Query
from agentctl.providers.openai.answer import Decoder
from agentctl.providers.openai.request import encode, told
from agentctl.providers.refusal import refusal

__all__ = ["ChatCompletions"]


class ChatCompletions:
    """What one server is sent, and what its answers mean."""

    def __init__(self, capabilities: Capabilities) -> None:
        self.capabilities = capabilities

    def path(self, request: Request) -> str:  # noqa: ARG002 - other APIs name the model here
        """Where requests go."""
        return "/chat/completions"

    def headers(self, key: str | None) -> dict[str, str]:
        """What every request says of itself."""
        return bearer(key) | dict(self.capabilities.headers)

    def encode(self, request: Request) -> dict[str, Any]:
        """The body of the request; see `request.encode`."""
        return encode(request, self.capabilities)

    def remarks(self, request: Request) -> tuple[str, ...]:
        """What becomes of the wishes that the server does not take as they are."""
        return told(request, self.capabilities)

    def decoder(self, request: Request) -> Decoder:
        """What decodes the answer to `request`."""
        return Decoder(self.capabilities, request.model)

    def refusal(self, status: int, body: bytes) -> ProviderError:
        """The error that an answer with an error's status stands for."""
        return refusal(self.capabilities, status, body)

    def count(self, request: Request) -> Query | None:  # noqa: ARG002 - the API has no way to ask
        """How to ask for the number of input tokens: not at all."""
        return None

    def counted(self, answer: Mapping[str, Any]) -> int | None:  # noqa: ARG002 - nobody asked
        """The number of input tokens: never told."""
        return None


def bearer(key: str | None) -> dict[str, str]:
    """The header that carries a key."""
    return {} if key is None else {"Authorization": f"Bearer {key}"}
