"""What a component's host functions know of the network."""

from __future__ import annotations

from typing import Protocol

from agentctl.tools.wasm.network.frames import Answer, Failure, Request


class Exchange(Protocol):
    """One request, and what has arrived of its answer."""

    @property
    def answer(self) -> Answer | None:
        """The head of the answer, once it is there."""
        ...

    @property
    def failure(self) -> Failure | None:
        """Why it is over before its end, if it is."""
        ...

    def ready(self) -> bool:
        """Whether `take` has something to say; if not, the next piece of the body is asked for."""
        ...

    def take(self, limit: int) -> bytes | None:
        """At most `limit` bytes of the body: none if none have arrived, None at its end."""
        ...

    def cancel(self) -> None:
        """Let the rest go."""
        ...


class Network(Protocol):
    """Where requests are sent, and answers come from."""

    @property
    def waiting(self) -> bool:
        """Whether anything is under way that `wait` could wait for."""
        ...

    def send(self, request: Request) -> Exchange:
        """Start an exchange; whatever is wrong with it becomes its failure."""
        ...

    def wait(self, seconds: float | None) -> None:
        """Wait until something has arrived for any exchange, but not longer than that; None is as long as it takes."""
        ...
