"""What a component may reach: the channel, and what serves it, against real servers on loopback."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Sequence
from contextlib import suppress

import pytest
from support.networked import PATIENCE, drained, failed, get, networked, place, raw
from support.server import CERTIFICATE, Pause, Recorded, Script, Send, Server, Stall, answer, chunk, head, stream

from agentctl.errors import ToolError
from agentctl.tools.fence import Pinned
from agentctl.tools.wasm.network import Request, serve
from agentctl.tools.wasm.network.frames import BODY_LIMIT, Frame, Kind, pack_request
from agentctl.tools.wasm.network.performing import ANSWER_LIMIT


def port(server: Server) -> int:
    """The port that a server listens at."""
    return int(server.url.rpartition(":")[2])


def loopback(host: str, port: int, *, granted: Sequence[str]) -> Pinned:
    """A judge for whom every name is this machine."""
    return Pinned(host, port, ("127.0.0.1",))


def test_a_granted_host_answers() -> None:
    """Method, path, headers and body arrive; status, headers and body come back."""
    with Server(answer(418, b"short and stout", {"X-A": "b"})) as server, networked(place(server.url)) as channel:
        exchange = get(channel, server.url, "/pot?tea=1", method="PUT", headers=(("X-C", "d"),), body=b"leaves")
        assert exchange.answer is not None
        assert (exchange.answer.status, dict(exchange.answer.headers)["x-a"]) == (418, "b")
        assert drained(channel, exchange) == b"short and stout"
        request = server.requests[0]
    assert (request.method, request.path, request.body, request.headers["x-c"]) == ("PUT", "/pot?tea=1", b"leaves", "d")


def test_what_is_not_granted_is_not_connected_to() -> None:
    """Another host, another port, another scheme's port: all refused before a connection is made."""
    with Server(answer()) as server:
        for granted in ("example.com", "127.0.0.1", "127.0.0.1:1", "127.0.0.2:" + str(port(server))):
            with networked(granted) as channel:
                assert failed(channel, server.url) == "HTTP-request-denied"
        with networked() as channel:
            assert failed(channel, server.url) == "HTTP-request-denied"
        assert server.connections == 0


@pytest.mark.parametrize("name", ["localhost", "localhost.", "LOCALHOST"])
def test_a_name_is_no_grant_for_a_private_address(name: str) -> None:
    """A granted name that resolves to this machine is refused."""
    with Server(answer()) as server, networked(f"localhost:{port(server)}") as channel:
        assert failed(channel, f"http://{name}:{port(server)}") == "destination-IP-prohibited"
        assert server.connections == 0


@pytest.mark.parametrize(
    "number", ["2130706433", "0x7f000001", "0x7f.1", "127.1", "0177.0.0.1", "127.0.0.1.", "017700000001"]
)
def test_an_address_has_one_form(number: str) -> None:
    """What some resolvers take for an address is refused unless it is written as the grant is."""
    with Server(answer(200, b"x")) as server, networked(place(server.url)) as channel:
        exchange = get(channel, f"http://{number}:{port(server)}")
        if number == "127.0.0.1.":
            assert exchange.failure is None
        else:
            assert exchange.failure
            assert exchange.failure.code == "HTTP-request-URI-invalid"
            assert server.connections == 0


@pytest.mark.parametrize(
    "authority",
    ["127.0.0.1:{port}@evil.example", "user:pass@127.0.0.1:{port}", "127.0.0.1:{port}/x", "127.0.0.1:{port}#", "",
     "127.0.0.1:{port}\r\nX: y", "127.0.0.1 :{port}", "127.0.0.1:{port}?", "127.0.0.1\\:{port}", "[127.0.0.1]:{port}",
     "127.0.0.1:99999", "127.0.0.1:0", "127.0.0.1:", "%31%32%37.0.0.1:{port}", "*.0.0.1:{port}", "[::1%25lo]:{port}"],
)  # fmt: skip
def test_an_authority_is_a_host_and_a_port(authority: str) -> None:
    """Whatever else could be read in two ways is refused."""
    with Server(answer()) as server, networked(place(server.url), "evil.example") as channel:
        url = "http://" + authority.format(port=port(server))
        assert failed(channel, url) == "HTTP-request-URI-invalid"
        assert server.connections == 0


@pytest.mark.parametrize(
    "path", ["http://evil.example/", "@evil.example/", "/a b", "/\r\nX: y", "/a#b", "\\evil", "/ü", "/\x00"]
)
def test_a_path_is_a_path(path: str) -> None:
    """The absolute form, and characters that would end the request line, are refused."""
    with Server(answer()) as server, networked(place(server.url)) as channel:
        assert failed(channel, server.url, path) == "HTTP-request-URI-invalid"
        assert server.connections == 0


@pytest.mark.parametrize("path", ["", "/", "?a=b", "//evil.example/x", "/../x", "/a%2e%2e/%00?<>{}|^`\"'"])
def test_a_path_stays_with_its_host(path: str) -> None:
    """A path that looks like more than a path is one all the same."""
    with Server(answer()) as server, networked(place(server.url)) as channel:
        assert get(channel, server.url, path).answer
        request = server.requests[0]
    assert request.path.startswith("/")
    assert request.headers["host"] == place(server.url)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [("Host", "evil.example", "HTTP-request-denied"), ("Connection", "upgrade", "HTTP-request-denied"),
     ("Transfer-Encoding", "chunked", "HTTP-request-denied"), ("Proxy-Authorization", "x", "HTTP-request-denied"),
     ("X-A", "b\r\nHost: evil.example", "HTTP-protocol-error"), ("X-A", "b\nc", "HTTP-protocol-error"),
     ("X-A\r\nHost", "x", "HTTP-protocol-error"), ("X A", "b", "HTTP-protocol-error"), ("", "b", "HTTP-protocol-error"),
     ("X-A", "\u0100", "HTTP-protocol-error")],
)  # fmt: skip
def test_headers_stay_headers(name: str, value: str, code: str) -> None:
    """Who is talked to, and where a header ends, is not the component's to say."""
    with Server(answer()) as server, networked(place(server.url)) as channel:
        assert failed(channel, server.url, headers=(("X-Fine", "1"), (name, value))) == code
        assert server.connections == 0


def test_a_length_is_that_of_the_body() -> None:
    """A false length is replaced, compression is not asked for, and repeated headers are joined."""
    given = (
        ("Content-Length", "99"),
        ("Accept-Encoding", "gzip"),
        ("X-A", "1"),
        ("x-a", "2"),
        ("Cookie", "a"),
        ("cookie", "b"),
    )
    with Server(answer()) as server, networked(place(server.url)) as channel:
        get(channel, server.url, method="POST", headers=given, body=b"abc")
        headers = server.requests[0].headers
    sent = {name: headers[name] for name in ("content-length", "accept-encoding", "x-a", "cookie")}
    assert sent == {"content-length": "3", "accept-encoding": "identity", "x-a": "1, 2", "cookie": "a; b"}


def test_headers_of_an_answer_stay_apart() -> None:
    """Those of one name are told one by one, for cookies can't be joined."""
    top = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1, 2\r\nSet-Cookie: b\r\nX-A: \xfc\xc3\xbc\r\nContent-Length: 0\r\n\r\n"
    with Server([Send(top)]) as server, networked(place(server.url)) as channel:
        answered = get(channel, server.url).answer
    assert answered
    assert answered.headers == (("set-cookie", "a=1, 2"), ("set-cookie", "b"), ("x-a", "üÃ¼"), ("content-length", "0"))


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "connect", "GET /evil", "G\r\nET", ""])
def test_methods_that_tunnel_are_refused(method: str) -> None:
    """A method is a word, and none that turns the server into something else."""
    with Server(answer()) as server, networked(place(server.url)) as channel:
        assert failed(channel, server.url, method=method) == "HTTP-request-method-invalid"
        assert server.connections == 0


@pytest.mark.parametrize("scheme", ["ftp", "file", "unix", "HTTP", "ws", ""])
def test_other_schemes_are_refused(scheme: str) -> None:
    """There are http and https."""
    with networked("127.0.0.1:1") as channel:
        assert failed(channel, f"{scheme}://127.0.0.1:1") == "HTTP-request-URI-invalid"


def test_a_redirect_is_the_components_to_follow() -> None:
    """It is told as an answer, and its target is as granted or not as any."""
    with Server(answer(200, b"secret")) as other, Server(answer(302, b"", {"Location": other.url})) as server:
        with networked(place(server.url)) as channel:
            exchange = get(channel, server.url)
            assert exchange.answer
            location = dict(exchange.answer.headers)["location"]
            assert failed(channel, location) == "HTTP-request-denied"
        assert other.connections == 0


def test_a_name_is_looked_up_once() -> None:
    """Who answers for a name can't let it be judged at one address and be connected to at another."""
    asked = []

    def judge(host: str, port: int, *, granted: Sequence[str]) -> Pinned:
        asked.append(host)
        return Pinned(host, port, ("127.0.0.9",) if len(asked) == 1 else ("127.0.0.1",))

    with Server(answer()) as server, networked(f"rebind.invalid:{port(server)}", judge=judge) as channel:
        assert failed(channel, f"http://rebind.invalid:{port(server)}") == "connection-refused"
        assert (asked, server.connections) == (["rebind.invalid"], 0)


def test_no_address_is_granted_by_a_name() -> None:
    """The judge is told of a literal that is granted, and of nothing else."""
    told = []

    def judge(host: str, port: int, *, granted: Sequence[str]) -> Pinned:
        told.append((host, *granted))
        return loopback(host, port, granted=granted)

    with Server(answer()) as server:
        number = port(server)
        with networked(f"a.invalid:{number}", f"127.0.0.1:{number}", judge=judge) as channel:
            get(channel, f"http://a.invalid:{number}")
            get(channel, server.url)
    assert told == [("a.invalid",), ("127.0.0.1", "127.0.0.1")]


def test_subdomains_are_granted_by_a_wildcard() -> None:
    """`*.` before a name grants what is below it, and not the name itself."""
    with Server(answer()) as server, networked(f"*.a.invalid:{port(server)}", judge=loopback) as channel:
        for name in ("b.a.invalid", "c.b.A.invalid."):
            assert get(channel, f"http://{name}:{port(server)}").answer
        for name in ("a.invalid", "ba.invalid", "a.invalid.evil.example"):
            assert failed(channel, f"http://{name}:{port(server)}") == "HTTP-request-denied"


def test_a_certificate_is_that_of_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """TLS is checked against the host that was granted, at whatever address it was pinned."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with Server(answer(200, b"x"), tls=True) as server:
        granted = [f"{name}:{port(server)}" for name in ("localhost", "other.invalid")]
        with networked(*granted, judge=loopback) as channel:
            assert get(channel, f"https://{granted[0]}").answer
            assert failed(channel, f"https://{granted[1]}") == "TLS-certificate-error"


def test_nothing_of_the_users_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, no cookie of an earlier answer, no credentials."""
    script = answer(200, b"", {"Set-Cookie": "session=1; Path=/"})
    with Server(script) as server, Server(answer()) as proxy, networked(place(server.url)) as channel:
        for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy"):
            monkeypatch.setenv(name, proxy.url)
        get(channel, server.url)
        get(channel, server.url)
        assert proxy.connections == 0
        assert set(server.requests[1].headers) <= {"host", "accept", "connection", "accept-encoding", "user-agent"}


def test_an_unknown_name_is_told() -> None:
    """A name that nobody knows is no reason to fail otherwise."""
    with networked("nowhere.invalid") as channel:
        assert failed(channel, "http://nowhere.invalid") == "DNS-error"


def test_a_long_body_comes_as_it_is_read() -> None:
    """Only what is asked for is sent on, and all of it arrives in order."""
    body = bytes(range(256)) * 4096
    with Server(answer(200, body)) as server, networked(place(server.url)) as channel:
        exchange = get(channel, server.url)
        assert exchange.take(0) == b""
        assert drained(channel, exchange, 10_000) == body


def test_a_body_without_end_is_cut() -> None:
    """An answer longer than the limit fails when it gets there, and not before."""
    piece = chunk(bytes(1 << 20))
    endless: Script = [
        Send(head(200, {"Transfer-Encoding": "chunked"})),
        *[Send(piece)] * ((ANSWER_LIMIT >> 20) + 1),
        Stall(),
    ]
    with Server(endless) as server, networked(place(server.url)) as channel:
        exchange = get(channel, server.url)
        assert len(drained(channel, exchange)) == ANSWER_LIMIT
        assert exchange.failure
        assert exchange.failure.code == "HTTP-response-body-size"
        server.requests[0].wait_gone()


def test_a_body_beyond_the_limit_is_not_sent() -> None:
    """A request with more than may be sent fails at once."""
    with Server(answer()) as server, networked(place(server.url)) as channel:
        assert failed(channel, server.url, body=bytes(BODY_LIMIT + 1)) == "HTTP-request-body-size"
        assert failed(channel, server.url, headers=(("X", "y" * 300_000),)) == "HTTP-request-header-section-size"
        assert get(channel, server.url, method="POST", body=bytes(BODY_LIMIT)).answer


def test_exchanges_go_on_side_by_side() -> None:
    """A slow answer does not hold up a fast one, there may be only so many, and one that is given up makes room."""

    def script(request: Recorded) -> Script:
        return [Stall(), *answer(200, b"slow")] if request.path == "/slow" else answer(200, b"fast")

    with Server(script) as server, networked(place(server.url)) as channel:
        waiting = [channel.send(Request("GET", "http", place(server.url), "/slow")) for _ in range(15)]
        assert drained(channel, get(channel, server.url)) == b"fast"
        waiting.append(channel.send(Request("GET", "http", place(server.url), "/slow")))
        assert failed(channel, server.url) == "connection-limit-reached"
        waiting.pop().cancel()
        while (exchange := get(channel, server.url)).failure:  # a request takes a moment to end
            pass
        assert drained(channel, exchange) == b"fast"
        server.wait_request(17)
        server.release()
        assert [drained(channel, each) for each in waiting] == [b"slow"] * 15


def test_what_is_given_up_is_cut_off() -> None:
    """A server notices at once that a component is not interested any more."""
    with Server([*stream(b"x", end=False), Stall()]) as server, networked(place(server.url)) as channel:
        get(channel, server.url).cancel()
        server.requests[0].wait_gone()


def test_the_end_of_the_component_ends_its_requests() -> None:
    """A request in progress is cut off when the process that asked for it goes away."""
    with Server([Stall()]) as server:
        with raw(place(server.url)) as ours:
            ours.sendall(bytes(Frame(Kind.REQUEST, 1, pack_request(Request("GET", "http", place(server.url))))))
            server.wait_request()
        server.requests[0].wait_gone()


def test_time_is_up_for_a_slow_server() -> None:
    """Past its time everything is cut off, and the component is told that nobody serves it any more."""
    dripping = [*stream(b"x", end=False), *[step for _ in range(200) for step in (Pause(0.1), Send(chunk(b"y")))]]
    with Server(dripping) as server, networked(place(server.url), timeout=0.6) as channel:
        started = time.monotonic()
        exchange = get(channel, server.url)
        drained(channel, exchange)
        assert exchange.failure
        assert exchange.failure.message == "the process that does the requests is gone"
        assert time.monotonic() - started < PATIENCE / 2
        assert failed(channel, server.url) == "internal-error"
        server.requests[0].wait_gone()


def test_cancelling_the_call_cuts_it_off() -> None:
    """Whoever cancels `serve` needs do no more."""

    async def main(server: Server) -> None:
        ours, theirs = socket.socketpair()
        with ours:
            serving = asyncio.create_task(serve(theirs, [place(server.url)], timeout=PATIENCE))
            ours.sendall(bytes(Frame(Kind.REQUEST, 1, pack_request(Request("GET", "http", place(server.url))))))
            await asyncio.to_thread(server.wait_request)
            serving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await serving
            assert ours.recv(1) == b""
            await asyncio.to_thread(server.requests[0].wait_gone)

    with Server([Stall()]) as server:
        asyncio.run(main(server))


def test_a_component_may_set_shorter_waits() -> None:
    """Its own waits hold where they are shorter than ours."""
    with Server([Stall()]) as server, networked(place(server.url)) as channel:
        assert failed(channel, server.url, first_byte=0.05) == "HTTP-response-timeout"


@pytest.mark.parametrize(
    "said",
    [b"\xff" * 9, struct.pack("!BII", 4, 1, 0), struct.pack("!BII", 1, 1, 1 << 31),
     bytes(Frame(Kind.REQUEST, 1, b"{}")), bytes(Frame(Kind.REQUEST, 1, b'\x00\x00\x00\x0d{"body":true}')),
     bytes(Frame(Kind.REQUEST, 1, b"\x00\x00\x00\x02[]"))],
    ids=["no frame", "not its to say", "too long", "no request", "fields missing", "no object"],
)  # fmt: skip
def test_whoever_talks_nonsense_is_not_listened_to(said: bytes) -> None:
    """The channel is closed, for what speaks at the other end is no channel of ours."""
    with raw("example.com") as ours:
        ours.sendall(said)
        assert ours.recv(1) == b""


def test_who_does_not_listen_is_not_served() -> None:
    """Asking on and on without reading the refusals ends the channel, before they fill the caller's memory."""
    asking = [bytes(Frame(Kind.REQUEST, number, pack_request(Request("GET", "http", "a")))) for number in range(9000)]
    started = time.monotonic()
    with raw() as ours, suppress(ConnectionError):
        ours.sendall(b"".join(asking))
        while ours.recv(1 << 16):
            pass
    assert time.monotonic() - started < PATIENCE / 2, "it was served until its time was up"


def test_a_grant_that_makes_no_sense_is_told() -> None:
    """Grants are read before anything is served."""
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(ToolError, match="can't grant the host"):
        asyncio.run(serve(theirs, ["*"], timeout=1))
