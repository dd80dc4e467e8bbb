"""The resources of wasi:http and wasi:io as a component finds them, without one: what they take, give and refuse."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.networked import networked, place
from support.server import Drop, Script, Send, Server, answer, chunk, head, stream

from agentctl.errors import ToolError
from agentctl.tools.wasm.http.bodies import OutgoingBody
from agentctl.tools.wasm.http.cli import StandardStreams
from agentctl.tools.wasm.http.clocks import MonotonicClock
from agentctl.tools.wasm.http.fields import Fields
from agentctl.tools.wasm.http.polling import Pollable, Waiting
from agentctl.tools.wasm.http.requests import OutgoingRequest, RequestOptions
from agentctl.tools.wasm.http.responses import FutureIncomingResponse, IncomingResponse
from agentctl.tools.wasm.http.streams import PERMIT, InputStream, OutputStream
from agentctl.tools.wasm.http.values import Case, Err, Ok
from agentctl.tools.wasm.http.world import World
from agentctl.tools.wasm.network import BODY_LIMIT, Channel

TOKENS = st.text("abcXYZ-09!#$%&'*+.^_`|~", min_size=1, max_size=8)
VALUES = st.binary(max_size=12).filter(lambda value: not set(value) & set(b"\0\r\n"))


def world(network: Channel) -> Callable[[str, str], Callable[..., Any]]:
    """The functions that a component finds, by interface and name."""
    found = World(network, 1, 2, lambda: 0)

    def function(interface: str, name: str) -> Callable[..., Any]:
        known = found.function(interface, name)
        assert known, f"{name} is not known"
        return known

    return function


def ok(result: Ok | Err) -> Any:
    """The value of a result that must be good."""
    assert isinstance(result, Ok), result
    return result.value


def request(waiting: Waiting, server: Server, path: str = "/", headers: Fields | None = None) -> OutgoingRequest:
    """A request to a server, as a component makes it."""
    made = OutgoingRequest(waiting, headers or Fields())
    for result in (
        made.set_scheme(Case("HTTP")),
        made.set_authority(place(server.url)),
        made.set_path_with_query(path),
    ):
        ok(result)
    return made


def answered(future: FutureIncomingResponse) -> IncomingResponse:
    """What a future comes to."""
    future.subscribe().block()
    got = future.get()
    assert got is not None
    response = ok(ok(got))
    assert isinstance(response, IncomingResponse)
    return response


@given(st.lists(st.tuples(TOKENS, VALUES)))
def test_headers_are_what_was_put_in(entries: list[tuple[str, bytes]]) -> None:
    """Every entry comes back in order, unless a name is not the component's to use."""
    result = Fields.from_list(entries)
    if isinstance(result, Err):
        assert any(name.lower() in {"te", "host"} for name, _ in entries)
        return
    assert result.value.entries() == entries
    for name, _ in entries:
        assert result.value.get(name.upper()) == [v for n, v in entries if n.lower() == name.lower()]
        assert result.value.has(name.swapcase())


@pytest.mark.parametrize(
    ("name", "value", "case"),
    [("Host", b"x", "forbidden"), ("transfer-encoding", b"chunked", "forbidden"), ("x y", b"", "invalid-syntax"),
     ("x", b"a\r\nb: c", "invalid-syntax"), ("", b"", "invalid-syntax"), ("x:", b"", "invalid-syntax")],
)  # fmt: skip
def test_headers_refuse_what_is_none(name: str, value: bytes, case: str) -> None:
    """A header that could say something else, or whom to talk to, is not taken by any of the ways in."""
    fields = Fields()
    assert (
        fields.append(name, value) == fields.set(name, [value]) == Fields.from_list([(name, value)]) == Err(Case(case))
    )
    assert fields.entries() == []


def test_headers_of_a_request_can_not_be_changed() -> None:
    """Once they are a request's they stand, and a copy does not."""
    with networked() as network:
        headers = OutgoingRequest(Waiting(network), Fields([("a", b"1")])).headers()
    assert headers.set("a", []) == headers.delete("a") == headers.append("b", b"") == Err(Case("immutable"))
    copy = headers.clone()
    assert copy.delete("a") == Ok()
    assert (copy.entries(), headers.entries()) == ([], [("a", b"1")])


def test_headers_are_bounded() -> None:
    """Adding to them for ever ends."""
    fields = Fields()
    for _ in range(130):
        ok(fields.append("x", b"y" * 1000))
    with pytest.raises(ToolError, match="headers") as caught:
        fields.set("x", [b"y" * 1000] * 2)
    assert caught.value.reason == "memory"


def test_a_request_tells_what_it_was_told() -> None:
    """Method, scheme, authority, path and options are kept; what can't be sent is not taken."""
    with networked() as network:
        made = OutgoingRequest(Waiting(network), Fields())
    assert (made.method(), made.scheme(), made.authority(), made.path_with_query()) == (Case("get"), None, None, None)
    for method, scheme, authority, path in (
        (Case("put"), Case("HTTPS"), "a.example:8443", "/x?y"),
        (Case("other", "PURGE"), None, None, None),
    ):
        assert made.set_method(method) == made.set_scheme(scheme) == Ok()
        assert made.set_authority(authority) == made.set_path_with_query(path) == Ok()
        assert (made.method(), made.scheme(), made.authority(), made.path_with_query()) == (
            method,
            scheme,
            authority,
            path,
        )
    assert made.set_method(Case("other", "A B")) == made.set_scheme(Case("other", "ftp")) == Err()
    assert made.set_authority("a@b") == made.set_path_with_query("x") == made.set_path_with_query("/" * 70_000) == Err()


def test_options_are_kept() -> None:
    """The three waits can be set and taken back."""
    options = RequestOptions()
    for name in ("connect_timeout", "first_byte_timeout", "between_bytes_timeout"):
        assert getattr(options, f"set_{name}")(5) == Ok()
        assert getattr(options, name)() == 5
    assert options.set_connect_timeout(None) == Ok()
    assert options.seconds == (None, 5e-9, 5e-9)


def test_a_body_is_given_out_once() -> None:
    """Its stream, and its request's body, are there once; when it is finished nothing more is taken."""
    with networked() as network:
        made = OutgoingRequest(Waiting(network), Fields())
        body = ok(made.body())
        assert made.body() == Err()
        out = ok(body.write())
        assert body.write() == Err()
        assert out.write(b"abc") == out.flush() == out.blocking_flush() == Ok()
        assert OutgoingBody.finish(body, None) == Ok()
        assert out.check_write() == out.write(b"d") == out.flush() == Err(Case("closed"))


def test_a_body_is_as_long_as_it_was_said_to_be() -> None:
    """A length that its headers gave holds, and trailers are refused."""
    with networked() as network:
        for trailers, case in ((None, Case("HTTP-request-body-size", 0)), (Fields([("a", b"")]), None)):
            body = ok(OutgoingRequest(Waiting(network), Fields([("Content-Length", b"3")])).body())
            finished = OutgoingBody.finish(body, trailers)
            assert isinstance(finished, Err)
            assert case in {None, finished.value}


def test_a_body_is_bounded() -> None:
    """Past the limit a component is told so, and nothing is kept."""
    with networked() as network:
        out = ok(ok(OutgoingRequest(Waiting(network), Fields()).body()).write())
        for _ in range(BODY_LIMIT // PERMIT):
            ok(out.write(bytes(PERMIT)))
        refused = out.write(b"x")
        assert isinstance(refused, Err)
        assert world(network)("wasi:http/types", "http-error-code")(refused.value.value) == Case(
            "HTTP-request-body-size"
        )
        with pytest.raises(ToolError, match="at once"):
            out.write(bytes(PERMIT + 1))


def test_a_request_goes_when_its_body_is_whole() -> None:
    """It is held back until then, and never goes if the body is given up."""
    with Server(answer(200, b"x")) as server, networked(place(server.url)) as network:
        waiting, handle = Waiting(network), world(network)("wasi:http/outgoing-handler", "handle")
        made = request(waiting, server)
        made.set_method(Case("post"))
        body = ok(made.body())
        future = ok(handle(made, None))
        assert future.get() is None
        with pytest.raises(ToolError, match="never comes") as caught:
            future.subscribe().block()
        assert caught.value.reason == "trap"
        assert server.connections == 0
        out = ok(body.write())
        assert out.write_zeroes(2) == out.blocking_write_zeroes_and_flush(1) == Ok()
        OutgoingBody.finish(body, None)
        assert answered(future).status() == 200
        assert (future.get(), server.requests[0].body) == (Err(), bytes(3))
        given_up = request(waiting, server)
        dropped = ok(given_up.body())
        future = ok(handle(given_up, None))
        dropped.dropped()
        assert future.get() == Ok(Err(Case("HTTP-protocol-error")))
        assert len(server.requests) == 1


def test_an_answer_is_read_piece_by_piece() -> None:
    """Its headers, its body by reading and skipping, and its end; each part is given out once."""
    with Server(stream(b"abc", b"defgh", headers={"X-A": "b"})) as server, networked(place(server.url)) as network:
        waiting, function = Waiting(network), world(network)
        response = answered(ok(function("wasi:http/outgoing-handler", "handle")(request(waiting, server), None)))
        assert response.headers().get("x-a") == [b"b"]
        assert response.headers().append("x-a", b"c") == Err(Case("immutable"))
        body = ok(response.consume())
        assert response.consume() == Err()
        read = ok(body.stream())
        assert body.stream() == Err()
        assert read.blocking_read(0) == Ok(b"")
        assert ok(read.blocking_read(2)) == b"ab"
        assert ok(read.blocking_skip(1)) == 1
        rest = b""
        while isinstance(piece := read.blocking_read(100), Ok):
            rest += piece.value
        assert (rest, piece) == (b"defgh", Err(Case("closed")))
        assert read.read(1) == read.skip(1) == Err(Case("closed"))
        trailers = type(body).finish(body)
        assert trailers.subscribe().ready()
        assert (trailers.get(), trailers.get()) == (Ok(Ok(None)), Err())


def test_an_answer_that_breaks_off_is_told() -> None:
    """The stream fails with an error, whose code wasi:http can tell."""
    broken: Script = [Send(head(200, {"Transfer-Encoding": "chunked"}) + chunk(b"abc")), Drop()]
    with Server(broken) as server, networked(place(server.url)) as network:
        function = world(network)
        response = answered(
            ok(function("wasi:http/outgoing-handler", "handle")(request(Waiting(network), server), None))
        )
        read = ok(ok(response.consume()).stream())
        assert ok(read.blocking_read(9)) == b"abc"
        failed = read.blocking_read(9)
        assert isinstance(failed, Err)
        assert failed.value.name == "last-operation-failed"
        error = failed.value.value
        assert function("wasi:http/types", "http-error-code")(error) == Case("connection-terminated")
        assert "broke" in error.to_debug_string()


def test_what_is_dropped_is_let_go() -> None:
    """Dropping a future, a response or a body that nobody wants any more ends its request."""
    endless: Script = [*stream(b"x", end=False), *[Send(chunk(bytes(1 << 16)))] * 400]
    with Server(endless) as server, networked(place(server.url)) as network:
        handle = world(network)("wasi:http/outgoing-handler", "handle")
        futures = [ok(handle(request(Waiting(network), server), None)) for _ in range(3)]
        responses = [answered(future) for future in futures[1:]]
        body = ok(responses[1].consume())
        for each in (futures[0], responses[0], body):
            each.dropped()
        server.wait_request(3)
        for recorded in server.requests:
            recorded.wait_gone()
        assert not network.waiting


def test_several_things_are_waited_for_at_once() -> None:
    """`poll` tells all that are ready, waits for the first, and refuses to wait for nothing."""
    with networked() as network:
        waiting, function = Waiting(network), world(network)
        clock, poll = MonotonicClock(waiting, lambda: 1_000), function("wasi:io/poll", "poll")
        soon, later = clock.subscribe_duration(20_000_000), clock.subscribe_instant(60 * 10**9)
        now = clock.subscribe_instant(999)
        assert poll([soon, later, now]) == [2]
        started = time.monotonic()
        assert poll([later, soon]) == [1]
        assert 0.015 < time.monotonic() - started < 50
        assert (clock.now(), clock.resolution()) == (1_000, 1)
        with pytest.raises(ToolError, match="waits for nothing"):
            poll([])
        with pytest.raises(ToolError, match="never comes"):
            Pollable(waiting, lambda: False).block()


def test_standard_streams_are_those_of_the_call() -> None:
    """Output goes to the descriptors that were given, input is at its end, and there is no terminal."""
    readable, writable = os.pipe()
    with networked() as network:
        streams = StandardStreams(Waiting(network), writable, writable)
        for out in (streams.get_stdout(), streams.get_stderr()):
            assert isinstance(out, OutputStream)
            assert ok(out.check_write()) == PERMIT
            assert out.subscribe().ready()
            assert out.blocking_write_and_flush(b"ab") == Ok()
        assert os.read(readable, 9) == b"abab"
        source = streams.get_stdin()
        assert isinstance(source, InputStream)
        assert source.subscribe().ready()
        assert source.blocking_read(9) == streams.get_stdout().splice(source, 9) == Err(Case("closed"))
        assert streams.get_terminal_stdin() is streams.get_terminal_stdout() is streams.get_terminal_stderr() is None
        os.close(readable)
        assert isinstance(streams.get_stdout().write(b"x"), Err)
        assert streams.get_stdout().check_write() == Err(Case("closed"))
    os.close(writable)


def test_a_stream_is_spliced_into_another() -> None:
    """What one stream has goes to the other without the component."""
    with Server(answer(200, b"spliced")) as server, networked(place(server.url)) as network:
        readable, writable = os.pipe()
        waiting = Waiting(network)
        handle = world(network)("wasi:http/outgoing-handler", "handle")
        read = ok(ok(answered(ok(handle(request(waiting, server), None))).consume()).stream())
        out = StandardStreams(waiting, writable, writable).get_stdout()
        assert out.blocking_splice(read, 99) == Ok(7)
        assert os.read(readable, 99) == b"spliced"
        os.close(readable)
        os.close(writable)


def test_a_method_is_of_its_own_class() -> None:
    """A component that says a method takes another resource does not get it to work on that."""
    with networked() as network:
        function = world(network)
        with pytest.raises(TypeError, match="clone is no method of RequestOptions"):
            function("wasi:http/types", "[method]fields.clone")(RequestOptions())
