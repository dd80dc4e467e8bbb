"""The Responses API of OpenAI, and of servers that speak it too: a pure codec.

Nothing of a conversation is kept by the server: each request has all of it, reasoning included, which comes encrypted.

Sources: https://platform.openai.com/docs/api-reference/responses, openai 3.54 types/responses.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from agentctl.errors import ProviderError
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.codec import Query
from agentctl.providers.openai import bearer
from agentctl.providers.openai.request import told
from agentctl.providers.refusal import refusal
from agentctl.providers.responses.answer import Decoder, chat_instead
from agentctl.providers.responses.request import encode, measure

__all__ = ["Responses"]

_UNKNOWN_PATH = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)


class Responses:
    """What one server is sent, and what its answers mean."""

    def __init__(self, capabilities: Capabilities) -> None:
        self.capabilities = capabilities

    def path(self, request: Request) -> str:  # noqa: ARG002 - other APIs name the model here
        """Where requests go."""
        return "/responses"

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
        return Decoder(self.capabilities, request.model, request.max_output)

    def refusal(self, status: int, body: bytes) -> ProviderError:
        """The error that an answer with an error's status stands for."""
        error = refusal(self.capabilities, status, body)
        if status in _UNKNOWN_PATH and b"model_not_found" not in body:
            error.hint = chat_instead(self.capabilities.provider)
        elif b"invalid_encrypted_content" in body:
            error.hint = "the session's reasoning belongs to another key or organization: use that, or another model"
        return error

    def count(self, request: Request) -> Query:
        """How to ask for the number of input tokens."""
        return Query("/responses/input_tokens", measure(request, self.capabilities))

    def counted(self, answer: Mapping[str, Any]) -> int | None:
        """The number of input tokens, if that is what the answer tells."""
        tokens = answer.get("input_tokens")
        return tokens if type(tokens) is int and tokens >= 0 else None
