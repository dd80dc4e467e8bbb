"""What an API is to the driver: pure functions from requests to bodies, and from answers to events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from agentctl.errors import ProviderError
from agentctl.events import Done, StreamEvent
from agentctl.messages import Message
from agentctl.providers.base import Capabilities, Request
from agentctl.usage import Usage


class AnswerDecoder(Protocol):
    """Decodes one answer; after a failure `partial` and `usage` tell what there was of it."""

    @property
    def begun(self) -> bool:
        """Whether any of it was there."""
        ...

    @property
    def whole(self) -> bool:
        """Whether all of it was there, but perhaps for its usage."""
        ...

    @property
    def finished(self) -> bool:
        """Whether nothing more comes."""
        ...

    @property
    def partial(self) -> Message | None:
        """What had arrived, None if nothing had."""
        ...

    @property
    def usage(self) -> Usage | None:
        """The last usage that the server reported."""
        ...

    @property
    def response_id(self) -> str | None:
        """The server's name for this answer."""
        ...

    def feed(self, data: str) -> Sequence[StreamEvent]:
        """Take the data of one event, or the body of an answer that is not streamed, and return what it tells.

        Raises:
            ProviderError: the server reports an error, or makes no sense.
        """
        ...

    def end(self) -> Done:
        """The whole answer, once the stream has ended.

        Raises:
            ProviderError: it ended too early.
        """
        ...


class Codec(Protocol):
    """What one API is sent, and what its answers mean. Pure."""

    @property
    def capabilities(self) -> Capabilities:
        """What the server accepts and reports."""
        ...

    def path(self, request: Request) -> str:
        """Where the request goes, below the base URL."""
        ...

    def headers(self, key: str | None) -> Mapping[str, str]:
        """What every request says of itself, the key included."""
        ...

    def encode(self, request: Request) -> Mapping[str, Any]:
        """The body of the request, which is as `history.adapt` leaves it."""
        ...

    def remarks(self, request: Request) -> tuple[str, ...]:
        """What the user is to know of wishes that `encode` leaves out or sends otherwise."""
        ...

    def decoder(self, request: Request) -> AnswerDecoder:
        """What decodes the answer to `request`."""
        ...

    def refusal(self, status: int, body: bytes) -> ProviderError:
        """The error that an answer of this status stands for."""
        ...

    def count(self, request: Request) -> Query | None:
        """How to ask for the number of input tokens of a request; None if the API has no way to."""
        ...

    def counted(self, answer: Mapping[str, Any]) -> int | None:
        """The number that the answer to `count` tells."""
        ...


@dataclass(frozen=True, slots=True)
class Query:
    """A question or an order that is answered in one piece, below the base URL.

    It is a POST if it has a body, else a GET, unless a `method` is named. One that is asked `once` makes something anew
    each time it is: it is not sent again where nobody knows whether it arrived.
    """

    path: str
    body: Mapping[str, Any] | None = None
    method: Literal["DELETE"] | None = None
    once: bool = False
