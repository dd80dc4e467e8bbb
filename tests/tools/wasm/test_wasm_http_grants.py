"""A component reaches the hosts that it is granted through its caller's network, and nothing else changes for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.guests import guest as http_guest
from support.networked import networked, place
from support.server import Server, answer
from support.wasi_guest import guest
from support.wasm import returned

from agentctl.errors import ToolError
from agentctl.tools.wasm.grants import Grants
from agentctl.tools.wasm.policy import parse_allow

FETCH = http_guest("fetch_guest")
GET = http_guest("http_guest")


def _get(url: str, allow: list[str]) -> str:
    """What a component gets from a server, whose caller serves just what is allowed."""
    grants = parse_allow(allow, os.environ)
    with networked(*grants.hosts) as network:
        arguments = {"authority": place(url), "path": "/", "body": ""}
        return str(returned(GET, "get", arguments, grants=grants, network=network).value)


def test_a_granted_host_is_reached() -> None:
    """wasi:http works by the caller's network, with a frozen clock and with the real one."""
    with Server(answer(200, "hello")) as server:
        allow = [f"net:{place(server.url)}"]
        assert _get(server.url, allow) == "hello"
        assert _get(server.url, [*allow, "clock", "random"]) == "hello"


def test_another_host_is_refused_by_the_interface() -> None:
    """A component that may reach one host is told so of another, and nothing is connected to."""
    with Server(answer(200, "secret")) as server:
        assert "secret" not in _get(server.url, ["net:example.com"])
        assert server.connections == 0


@pytest.mark.parametrize("text", [GET, FETCH], ids=["wasi:http", "agentctl:tool/http"])
def test_nothing_is_reached_without_a_grant(text: str) -> None:
    """Without a grant the interfaces are there, and a trap when they are used, network or not."""
    with Server(answer(200, "secret")) as server, networked(place(server.url)) as network:
        function = "get" if text == GET else "post"
        names = ("authority", "path", "body") if text == GET else ("url", "body")
        with pytest.raises(ToolError, match="http") as caught:
            returned(text, function, dict.fromkeys(names, server.url), network=network)
        assert server.connections == 0
    assert (caught.value.reason, caught.value.hint) == ("denied", "allow the host with --allow net:HOST")


def test_our_own_interface_is_reached_where_it_is_granted() -> None:
    """agentctl:tool/http fetches by the same network."""
    with Server(answer(200, "hello")) as server, networked(place(server.url)) as network:
        grants = Grants(hosts=(place(server.url),))
        found = returned(FETCH, "post", {"url": server.url, "body": "x"}, grants=grants, network=network)
    assert found.value == "hello"


def test_files_and_hosts_are_not_granted_together(tmp_path: Path) -> None:
    """A component that imports both gets one of them, and is told so rather than finding no files."""
    grants = parse_allow([f"fs:ro:{tmp_path}=/data", "net:example.com"], os.environ)
    with networked("example.com") as network, pytest.raises(ToolError, match="both files and hosts") as caught:
        returned(guest(), "wall", grants=grants, network=network)
    assert caught.value.reason == "denied"


def test_with_a_network_all_else_is_as_without() -> None:
    """Clocks, random numbers, files and sockets are no more real for a component that is granted a host."""
    grants = Grants(hosts=("example.com",))
    with networked("example.com") as network:

        def run(function: str, **arguments: object) -> object:
            return returned(guest("0.2.4"), function, arguments, grants=grants, network=network).value

        assert run("wall") == 946_684_800
        assert [run("mono") for _ in range(2)] == [0, 0]
        assert run("random-word") == returned(guest("0.2.4"), "random-word").value
        assert run("count-directories") == 0
        assert run("environment") == []
        assert run("tcp", family=0) == returned(guest("0.2.4"), "tcp", {"family": 0}).value
        with pytest.raises(ToolError) as caught:
            run("resolve", name="localhost")
        assert caught.value.reason == "denied"
