"""wasi:http for components, run in wasmtime against real servers on loopback."""

from __future__ import annotations

import time

import pytest
from support.guests import guest, link, run, written
from support.networked import networked, place
from support.server import Server, Stall, answer, stream

from agentctl.errors import ToolError


@pytest.mark.parametrize("version", ["0.2.0", "0.2.1", "0.2.3", "0.2.9", "0.2.12", "0.2.99"])
def test_a_component_gets_what_a_granted_host_answers(version: str) -> None:
    """A request by wasi:http of any version of 0.2 arrives, and so does its answer."""
    with Server(answer(200, "Grüße")) as server, networked(place(server.url)) as network:
        said = written(guest("http_guest", version), "get", place(server.url), "/a?b=c", "", network=network)
        request = server.requests[0]
    assert (said, request.method, request.path) == (("Grüße", "Grüße".encode()), "GET", "/a?b=c")


def test_a_body_is_sent() -> None:
    """What a component writes to the body of a request arrives as one."""
    with Server(answer(200, "thanks")) as server, networked(place(server.url)) as network:
        assert run(guest("http_guest"), "get", place(server.url), "/", "x" * 4000, network=network) == "thanks"
        request = server.requests[0]
    assert (request.method, request.body) == ("POST", b"x" * 4000)


def test_a_long_answer_arrives_whole() -> None:
    """A body of many pieces is read to its end, a chunk of the server's at a time."""
    pieces = [bytes([65 + number % 26]) * 7919 for number in range(40)]
    with Server(stream(*pieces)) as server, networked(place(server.url)) as network:
        said = run(guest("http_guest"), "get", place(server.url), "/", "", network=network)
    assert said == b"".join(pieces).decode()


def test_what_is_not_granted_is_refused() -> None:
    """A component is told `HTTP-request-denied`, as wasi:http has it, and nothing is connected to."""
    with Server(answer(200, "secret")) as server, networked("example.com", "127.0.0.1") as network:
        assert run(guest("http_guest"), "get", place(server.url), "/", "", network=network) == "!P"
        assert server.connections == 0


def test_a_redirect_is_no_way_out() -> None:
    """A component that follows it has to ask again, and is refused."""
    with Server(answer(200, "secret")) as other:
        script = answer(302, place(other.url), {"Location": other.url})
        with Server(script) as server, networked(place(server.url)) as network:
            target = run(guest("http_guest"), "get", place(server.url), "/", "", network=network)
            assert target == place(other.url)
            assert run(guest("http_guest"), "get", target, "/", "", network=network) == "!P"
        assert other.connections == 0


def test_a_name_that_means_this_machine_is_prohibited() -> None:
    """A granted name that resolves to a private address is `destination-IP-prohibited`."""
    with Server(answer(200, "secret")) as server:
        name = f"localhost:{server.url.rpartition(':')[2]}"
        with networked(name) as network:
            assert run(guest("http_guest"), "get", name, "/", "", network=network) == "!E"
        assert server.connections == 0


@pytest.mark.parametrize(
    ("authority", "path"),
    [("user@{place}", "/"), ("evil.example:80@{place}", "/"), ("{place}/x", "/"), ("{place}\r\nX: y", "/"),
     ("{place}", "http://evil.example/"), ("{place}", "/ HTTP/1.1\r\nHost: evil.example\r\n\r\n"), ("{place}", "/#x")],
)  # fmt: skip
def test_what_could_be_read_in_two_ways_is_not_taken(authority: str, path: str) -> None:
    """An authority with a user, and paths that are more than a path, are refused as they are set."""
    with Server(answer()) as server, networked(place(server.url)) as network:
        given = authority.format(place=place(server.url))
        assert run(guest("http_guest"), "get", given, path, "", network=network) == "?"
        assert server.connections == 0


def test_a_component_waits_no_longer_than_it_is_served() -> None:
    """Where the time is up while it waits for a server, it is told so at once."""
    started = time.monotonic()
    with Server([Stall()]) as server, networked(place(server.url), timeout=0.3) as network:
        assert run(guest("http_guest"), "get", place(server.url), "/", "", network=network) == "!" + chr(65 + 38)
        server.requests[0].wait_gone()
    assert time.monotonic() - started < 10


def test_a_request_as_a_value() -> None:
    """agentctl:tool/http sends a request, and returns all of its answer or why there is none."""
    text = guest("fetch_guest")
    with Server(answer(200, b"y" * 300_000)) as server, networked(place(server.url)) as network:
        assert run(text, "post", f"{server.url}/p?q#frag", "hello", network=network) == "y" * 300_000
        assert run(text, "post", "http://example.com/", "", network=network) == "HTTP-request-denied"
        assert run(text, "post", "file:///etc/passwd", "", network=network) == "HTTP-request-URI-invalid"
        assert run(text, "post", f"http://x@{place(server.url)}", "", network=network) == "HTTP-request-URI-invalid"
        [request] = server.requests
    assert (request.method, request.path, request.body) == ("POST", "/p?q", b"hello")
    assert request.headers["x-a"] == "the value"


IMPORT = '(component (import "{name}" (instance {items})))'


@pytest.mark.parametrize(
    "name",
    ["wasi:http/types", "wasi:http/types@0.3.0", "wasi:http/types@0.2.0-rc-2023-11-10", "wasi:io/poll@0.1.0",
     "wasi:sockets/tcp@0.3.0", "agentctl:tool/http@0.2.0"],
)  # fmt: skip
def test_another_version_is_refused(name: str) -> None:
    """What was not written for a version is not given to it."""
    with networked() as network, pytest.raises(ToolError, match="version") as caught:
        link(IMPORT.format(name=name, items=""), network)
    assert caught.value.reason == "denied"


def resource(name: str, member: str) -> str:
    """A resource with one function, whose name comes before it and whose type behind."""
    return f'(export "{name}" (type $t (sub resource))) (export {member})'


@pytest.mark.parametrize(
    ("name", "items", "message"),
    [
        ("wasi:http/types", '(export "egress" (func))', "the function egress"),
        ("wasi:http/outgoing-handler", '(export "function" (func))', "the function function"),
        ("wasi:io/streams", '(export "raw-socket" (type (sub resource)))', "the resource raw-socket"),
        (
            "wasi:io/poll",
            resource("pollable", '"[method]pollable.is-ready" (func (param "self" (borrow $t)))'),
            "ready",
        ),
        ("wasi:io/error", resource("error", '"[constructor]error" (func (result (own $t)))'), "constructor"),
        ("wasi:http/types", resource("fields", '"[static]fields.received" (func (result (own $t)))'), "received"),
        ("wasi:http/types", resource("fields", '"[static]fields.clone" (func (result (own $t)))'), "clone"),
    ],
)
def test_what_is_not_known_is_refused(name: str, items: str, message: str) -> None:
    """A function or resource that no version has, or that is our own business, is refused before anything runs."""
    with networked() as network, pytest.raises(ToolError, match=message) as caught:
        link(IMPORT.format(name=f"{name}@0.2.0", items=items), network)
    assert caught.value.reason == "denied"


def test_what_is_not_ours_is_left_alone() -> None:
    """Other imports stay with whoever defines them."""
    with networked() as network:
        link(IMPORT.format(name="wasi:random/random@0.2.0", items=""), network)
        link(IMPORT.format(name="elsewhere:http/types@9.0.0", items=""), network)


CALL = """(component
  (import "{name}" (instance $i {items}))
  (core module $libc (memory (export "m") 1)
    (func (export "r") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $libc (instantiate $libc))
  (alias core export $libc "m" (core memory $m))
  (alias core export $libc "r" (core func $r))
  (core func $f (canon lower (func $i "{function}") (memory $m) (realloc $r)))
  (core module $main
    (import "c" "f" (func $f {core}))
    (import "c" "m" (memory 1))
    (func (export "f") (result i32) {call}))
  (core instance $main (instantiate $main (with "c" (instance (export "f" (func $f)) (export "m" (memory $m))))))
  (func (export "f") (result u32) (canon lift (core func $main "f"))))"""


def test_there_are_no_files() -> None:
    """A component that is granted hosts finds no directory."""
    items = resource("descriptor", '"get-directories" (func (result (list (tuple (own $t) string))))')
    text = CALL.format(
        name="wasi:filesystem/preopens@0.2.3",
        items=items,
        function="get-directories",
        core="(param i32)",
        call="(call $f (i32.const 0)) (i32.load (i32.const 4))",
    )
    with networked() as network:
        assert run(text, "f", network=network) == 0


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_there_are_no_sockets(kind: str) -> None:
    """Making one is refused as wasi:sockets has it."""
    function = f"create-{kind}-socket"
    items = (
        '(export "code" (type $e (eq $c)))(export "family" (type $g (eq $a)))'
        f'(export "{kind}-socket" (type $s (sub resource)))'
        f'(export "{function}" (func (param "family" $g) (result (result (own $s) (error $e)))))'
    )
    types = '(type $c (enum "unknown" "access-denied"))(type $a (enum "ipv4" "ipv6"))'
    text = CALL.format(
        name=f"wasi:sockets/{kind}-create-socket@0.2.3",
        items=types + items,
        function=function,
        core="(param i32 i32)",
        call="(call $f (i32.const 0) (i32.const 0)) (i32.load8_u (i32.const 4))",
    )
    with networked() as network:
        assert run(text, "f", network=network) == 1


def test_a_network_to_look_names_up_with_is_not_there() -> None:
    """What begins to resolve names ends the call, as denied."""
    items = '(export "network" (type $n (sub resource)))(export "instance-network" (func (result (own $n))))'
    text = CALL.format(
        name="wasi:sockets/instance-network@0.2.3",
        items=items,
        function="instance-network",
        core="(result i32)",
        call="call $f",
    )
    with networked() as network, pytest.raises(ToolError, match="instance-network is not granted") as caught:
        run(text, "f", network=network)
    assert caught.value.reason == "denied"


def test_a_function_is_what_it_is() -> None:
    """A component that gives a function other types than it has traps, and reaches nothing."""
    text = CALL.format(
        name="wasi:io/poll@0.2.3",
        items='(export "poll" (func (param "in" (list string)) (result (list u32))))',
        function="poll",
        core="(param i32 i32 i32)",
        call="(i32.store (i32.const 4) (i32.const 8)) (call $f (i32.const 0) (i32.const 1) (i32.const 64)) i32.const 0",
    )
    with networked() as network, pytest.raises(ToolError, match="poll can't be called like that") as caught:
        run(text, "f", network=network)
    assert caught.value.reason == "trap"


def test_the_clock_shows_what_it_is_told_to() -> None:
    """The monotonic clock stands still, or shows the time that it is given."""
    text = CALL.format(
        name="wasi:clocks/monotonic-clock@0.2.3",
        items='(export "now" (func (result u64)))',
        function="now",
        core="(result i64)",
        call="(i32.wrap_i64 (call $f))",
    )
    with networked() as network:
        assert run(text, "f", network=network) == 0
        assert run(text, "f", network=network, now=lambda: 77) == 77


def test_handles_are_bounded() -> None:
    """A component that makes resources without end is stopped before it takes the host's memory."""
    text = CALL.format(
        name="wasi:http/types@0.2.3",
        items='(export "fields" (type $f (sub resource)))(export "[constructor]fields" (func (result (own $f))))',
        function="[constructor]fields",
        core="(result i32)",
        call="(loop $l (drop (call $f)) (br $l)) unreachable",
    )
    with networked() as network, pytest.raises(ToolError, match="handles") as caught:
        run(text, "f", network=network)
    assert caught.value.reason == "memory"


@pytest.mark.parametrize("count", [1, 2, 7])
def test_several_things_are_waited_for_at_once(count: int) -> None:
    """A list of handles arrives whole, and `poll` tells which are ready."""
    with networked() as network:
        assert run(guest("poll_guest"), "wait", count, network=network) == count
