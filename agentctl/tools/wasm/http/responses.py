"""wasi:http 0.2: an answer as it arrives, `future-incoming-response` to `future-trailers`."""

from __future__ import annotations

from agentctl.tools.wasm.http.exported import exported
from agentctl.tools.wasm.http.failures import error_code
from agentctl.tools.wasm.http.fields import Fields
from agentctl.tools.wasm.http.polling import Pollable, Waiting
from agentctl.tools.wasm.http.streams import InputStream
from agentctl.tools.wasm.http.values import Err, Ok
from agentctl.tools.wasm.network import Answer, Exchange, Failure, Network, Request

_GIVEN_UP = Failure("HTTP-protocol-error", "the body of the request was not finished")


class FutureIncomingResponse:
    """wasi:http/types `future-incoming-response`: an answer that may come."""

    def __init__(self, network: Network, waiting: Waiting) -> None:
        self._network = network
        self._waiting = waiting
        self._exchange: Exchange | None = None
        self._failure: Failure | None = None
        self._taken = self._unwanted = False

    def start(self, request: Request | None) -> None:
        """Send the request; None is one that never became whole."""
        if request is None:
            self._failure = _GIVEN_UP
        elif not self._unwanted:
            self._exchange = self._network.send(request)

    def dropped(self) -> None:
        """Let the answer go, unless the component has it."""
        self._unwanted = True
        if self._exchange and not self._taken:
            self._exchange.cancel()

    @exported
    def subscribe(self) -> Pollable:
        """Ready when there is an answer, or can't be."""
        return Pollable(self._waiting, self._is_there)

    @exported
    def get(self) -> Ok | Err | None:
        """The answer once it is there, and only once."""
        if self._taken:
            return Err()
        if not self.subscribe().ready():
            return None
        self._taken = True
        exchange = self._exchange
        if exchange and exchange.answer:
            return Ok(Ok(IncomingResponse(exchange, exchange.answer, self._waiting)))
        failure = self._failure or (exchange and exchange.failure) or _GIVEN_UP
        return Ok(Err(error_code(failure)))

    def _is_there(self) -> bool:
        exchange = self._exchange
        return self._failure is not None or bool(exchange and (exchange.answer or exchange.failure))


class IncomingResponse:
    """wasi:http/types `incoming-response`: an answer whose body may still be under way."""

    def __init__(self, exchange: Exchange, answer: Answer, waiting: Waiting) -> None:
        self._exchange = exchange
        self._answer = answer
        self._waiting = waiting
        self._consumed = False

    def dropped(self) -> None:
        """Let the body go, unless the component has it."""
        if not self._consumed:
            self._exchange.cancel()

    @exported
    def status(self) -> int:
        """Its status."""
        return self._answer.status

    @exported
    def headers(self) -> Fields:
        """Its headers, which can't be changed."""
        return Fields.received(self._answer.headers)

    @exported
    def consume(self) -> Ok | Err:
        """Its body, once."""
        if self._consumed:
            return Err()
        self._consumed = True
        return Ok(IncomingBody(self._exchange, self._waiting))


class IncomingBody:
    """wasi:http/types `incoming-body`: what is still to be read."""

    def __init__(self, exchange: Exchange, waiting: Waiting) -> None:
        self._exchange = exchange
        self._waiting = waiting
        self._taken = False

    def dropped(self) -> None:
        """Let the rest of it go."""
        self._exchange.cancel()

    @exported
    def stream(self) -> Ok | Err:
        """The stream to read it from, once."""
        if self._taken:
            return Err()
        self._taken = True
        return Ok(InputStream(self._exchange, self._waiting))

    @classmethod
    @exported
    def finish(cls, body: IncomingBody) -> FutureTrailers:
        """Let the rest of it go, and ask for what follows it."""
        body.dropped()
        return FutureTrailers(body._exchange.failure, body._waiting)


class FutureTrailers:
    """wasi:http/types `future-trailers`: there are none, or the reason why the body had no end."""

    def __init__(self, failure: Failure | None, waiting: Waiting) -> None:
        self._failure = failure
        self._waiting = waiting
        self._taken = False

    @exported
    def subscribe(self) -> Pollable:
        """Ready at once."""
        return Pollable(self._waiting, lambda: True)

    @exported
    def get(self) -> Ok | Err:
        """That there are none, or why; only once."""
        if self._taken:
            return Err()
        self._taken = True
        return Ok(Err(error_code(self._failure)) if self._failure else Ok(None))
