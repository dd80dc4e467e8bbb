"""The Messages API of Anthropic, and of the servers that speak it: a pure codec.

Sources: https://platform.claude.com/docs/en/api/messages; anthropic 2.12.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.errors import ProviderError
from agentctl.providers.anthropic.answer import Decoder
from agentctl.providers.anthropic.request import count, encode, told
from agentctl.providers.base import Capabilities, Request
from agentctl.providers.codec import Query
from agentctl.providers.counts import AbsurdError
from agentctl.providers.counts import count as number
from agentctl.providers.refusal import refusal

__all__ = ["Messages"]

_PATH = "/v1/messages"
_VERSION = "2023-06-01"
_OAUTH_PREFIX = "sk-ant-oat"  # a token that a login gave, and no key
_OAUTH_BETA = "oauth-2025-04-20"


class Messages:
    """What one server is sent, and what its answers mean."""

    def __init__(self, capabilities: Capabilities) -> None:
        self.capabilities = capabilities

    def path(self, request: Request) -> str:  # noqa: ARG002 - other APIs name the model here
        """Where requests go."""
        return _PATH

    def headers(self, key: str | None) -> dict[str, str]:
        """What every request says of itself."""
        headers = {"anthropic-version": _VERSION} | dict(self.capabilities.headers)
        if key is None:
            return headers
        if not key.startswith(_OAUTH_PREFIX):
            return headers | {"x-api-key": key}
        betas = [beta for beta in (headers.get("anthropic-beta"), _OAUTH_BETA) if beta]
        return headers | {"Authorization": f"Bearer {key}", "anthropic-beta": ",".join(betas)}

    def encode(self, request: Request) -> dict[str, Any]:
        """The body of the request; see `request.encode`."""
        return encode(request, self.capabilities)

    def remarks(self, request: Request) -> tuple[str, ...]:
        """What becomes of the wishes that the model does not take as they are."""
        return told(request, self.capabilities)

    def decoder(self, request: Request) -> Decoder:
        """What decodes the answer to `request`."""
        return Decoder(self.capabilities, request.model)

    def refusal(self, status: int, body: bytes) -> ProviderError:
        """The error that an answer with an error's status stands for."""
        return refusal(self.capabilities, status, body)

    def count(self, request: Request) -> Query | None:
        """How to ask for the number of input tokens of a request, which Anthropic calls an estimate."""
        return Query(f"{_PATH}/count_tokens", count(request, self.capabilities))

    def counted(self, answer: Mapping[str, Any]) -> int | None:
        """The number that the answer to `count` tells; None if it tells none."""
        try:
            return number(answer.get("input_tokens"))
        except AbsurdError:
            return None
