"""The Gemini API of Google, `generateContent`: a pure codec.

Source: https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from agentctl.errors import ProviderError
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.codec import Query
from agentctl.providers.counts import AbsurdError, count
from agentctl.providers.google.answer import Decoder
from agentctl.providers.google.models import resource
from agentctl.providers.google.request import encode
from agentctl.providers.google.thinking import effort_sent
from agentctl.providers.refusal import refusal
from agentctl.providers.remarks import remarks

__all__ = ["GenerateContent"]

_COUNTED = ("systemInstruction", "tools", "contents")


class GenerateContent:
    """What one server is sent, and what its answers mean."""

    def __init__(self, capabilities: Capabilities) -> None:
        self.capabilities = capabilities

    def path(self, request: Request) -> str:
        """Where the request goes; without `alt=sse` the stream would be one array."""
        return f"{_address(request.model)}:streamGenerateContent?alt=sse"

    def headers(self, key: str | None) -> dict[str, str]:
        """What every request says of itself. The key could stand in the address too, and then in every log."""
        return ({} if key is None else {"x-goog-api-key": key}) | dict(self.capabilities.headers)

    def encode(self, request: Request) -> dict[str, Any]:
        """The body of the request; see `request.encode`."""
        return encode(request, self.capabilities)

    def remarks(self, request: Request) -> tuple[str, ...]:
        """What becomes of the wishes that the model does not take as they are."""
        effort = request.effort and effort_sent(request.model, request.effort)
        return remarks(self.capabilities.provider, request, effort=effort, temperature=True)

    def decoder(self, request: Request) -> Decoder:
        """What decodes the answer to `request`."""
        return Decoder(self.capabilities, request.model)

    def refusal(self, status: int, body: bytes) -> ProviderError:
        """The error that an answer with an error's status stands for."""
        return refusal(self.capabilities, status, body)

    def count(self, request: Request) -> Query:
        """How to ask for the number of input tokens, the system's instruction and the tools included."""
        body = self.encode(replace(request, cache=None))
        asked = {"model": resource(request.model), **{name: body[name] for name in _COUNTED if name in body}}
        return Query(f"{_address(request.model)}:countTokens", {"generateContentRequest": asked})

    def counted(self, answer: Mapping[str, Any]) -> int | None:
        """The number that the answer to `count` tells."""
        try:
            return count(answer.get("totalTokens"))
        except AbsurdError:
            return None


def _address(model: str) -> str:
    """The path of a model, whose name can't lead elsewhere: `/`, `:`, `?` and `#` in it are quoted."""
    collection, _, name = resource(model).partition("/")
    return f"/v1beta/{collection}/{quote(name, safe='', errors='replace')}"
