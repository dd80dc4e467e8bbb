"""wasi:http 0.2 `outgoing-request` and `request-options`."""

from __future__ import annotations

from collections.abc import Callable

from agentctl.tools.wasm.http.bodies import OutgoingBody
from agentctl.tools.wasm.http.exported import exported
from agentctl.tools.wasm.http.fields import Fields
from agentctl.tools.wasm.http.polling import Waiting
from agentctl.tools.wasm.http.values import Case, Err, Ok
from agentctl.tools.wasm.network import Request, is_path, split_authority
from agentctl.tools.wasm.network.headers import TOKEN

_NS = 1_000_000_000
_LONGEST_PATH = 1 << 16


class RequestOptions:
    """wasi:http/types `request-options`; times are in ns, and None is the usual."""

    def __init__(self) -> None:
        self._connect: int | None = None
        self._first_byte: int | None = None
        self._between_bytes: int | None = None

    @property
    def seconds(self) -> tuple[float | None, float | None, float | None]:
        """How long to wait for the connection, the head of the answer, and between pieces of its body."""
        times = self._connect, self._first_byte, self._between_bytes
        connect, first, between = (None if time is None else max(time, 1) / _NS for time in times)
        return connect, first, between

    @exported
    def connect_timeout(self) -> int | None:
        """How long to wait for the connection."""
        return self._connect

    @exported
    def set_connect_timeout(self, duration: int | None) -> Ok:
        """Set it."""
        self._connect = duration
        return Ok()

    @exported
    def first_byte_timeout(self) -> int | None:
        """How long to wait for the head of the answer."""
        return self._first_byte

    @exported
    def set_first_byte_timeout(self, duration: int | None) -> Ok:
        """Set it."""
        self._first_byte = duration
        return Ok()

    @exported
    def between_bytes_timeout(self) -> int | None:
        """How long to wait between pieces of the body."""
        return self._between_bytes

    @exported
    def set_between_bytes_timeout(self, duration: int | None) -> Ok:
        """Set it."""
        self._between_bytes = duration
        return Ok()


class OutgoingRequest:
    """wasi:http/types `outgoing-request`; what has no form that could be sent is not taken."""

    def __init__(self, waiting: Waiting, headers: Fields) -> None:
        self._waiting = waiting
        self._headers = headers.freeze()
        self._method = Case("get")
        self._path: str | None = None
        self._scheme: Case | None = None
        self._authority: str | None = None
        self._body: OutgoingBody | None = None

    def when_whole(self, options: RequestOptions | None, tell: Callable[[Request | None], None]) -> None:
        """Call `tell` with all of it once its body is there, or with None if that was given up."""

        def told(body: bytes | None) -> None:
            tell(None if body is None else self._request(body, options))

        if self._body is None:
            tell(self._request(None, options))
        else:
            self._body.when_whole(told)

    @exported
    def body(self) -> Ok | Err:
        """What it sends, once; without it nothing is."""
        if self._body is not None:
            return Err()
        lengths = {value.strip() for value in self._headers.get("content-length")}
        length = int(lengths.pop()) if len(lengths) == 1 and next(iter(lengths)).isdigit() else None
        self._body = OutgoingBody(self._waiting, length)
        return Ok(self._body)

    @exported
    def method(self) -> Case:
        """Its method."""
        return self._method

    @exported
    def set_method(self, method: Case) -> Ok | Err:
        """Set it."""
        if method.name == "other" and not TOKEN.fullmatch(method.value):
            return Err()
        self._method = method
        return Ok()

    @exported
    def path_with_query(self) -> str | None:
        """Its path."""
        return self._path

    @exported
    def set_path_with_query(self, path: str | None) -> Ok | Err:
        """Set it."""
        if path is not None and (len(path) > _LONGEST_PATH or not is_path(path)):
            return Err()
        self._path = path
        return Ok()

    @exported
    def scheme(self) -> Case | None:
        """Its scheme."""
        return self._scheme

    @exported
    def set_scheme(self, scheme: Case | None) -> Ok | Err:
        """Set it; there are HTTP and HTTPS."""
        if scheme is not None and scheme.name == "other":
            return Err()
        self._scheme = scheme
        return Ok()

    @exported
    def authority(self) -> str | None:
        """The host, and the port behind a colon."""
        return self._authority

    @exported
    def set_authority(self, authority: str | None) -> Ok | Err:
        """Set it; a user or a password is no part of it."""
        try:
            if authority is not None:
                split_authority(authority)
        except ValueError:
            return Err()
        self._authority = authority
        return Ok()

    @exported
    def headers(self) -> Fields:
        """Its headers, which can't be changed any more."""
        return self._headers

    def _request(self, body: bytes | None, options: RequestOptions | None) -> Request:
        connect, first_byte, between_bytes = options.seconds if options else (None, None, None)
        return Request(
            method=self._method.value if self._method.name == "other" else self._method.name.upper(),
            scheme=self._scheme.name.lower() if self._scheme else "https",
            authority=self._authority or "",
            path=self._path or "",
            headers=self._headers.sent(),
            body=body,
            connect=connect,
            first_byte=first_byte,
            between_bytes=between_bytes,
        )
