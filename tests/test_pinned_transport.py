"""The transport where somebody says which addresses may be connected to, against a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from support.server import CERTIFICATE, Server, answer

from agentctl.errors import ProviderError, ToolError
from agentctl.transport import Timeouts, Transport


def get(*urls: str, addresses: Sequence[str] = ("127.0.0.1",)) -> tuple[list[bytes], list[tuple[str, int]]]:
    """The bodies that one transport gets, pinned to these addresses, and what it asked about."""
    asked: list[tuple[str, int]] = []

    async def pinned(host: str, port: int) -> Sequence[str]:
        asked.append((host, port))
        return addresses

    async def main() -> list[bytes]:
        transport = Transport(Timeouts(2, 2, 2), pinned=pinned)
        bodies = []
        for url in urls:
            async with transport.stream("GET", url) as response:
                bodies.append(await response.read(100))
        await transport.aclose()
        return bodies

    return asyncio.run(main()), asked


def port(server: Server) -> int:
    """The port that a server listens at."""
    return int(server.url.rpartition(":")[2])


def test_a_name_is_not_looked_up() -> None:
    """The request goes to the pinned address, in the name of a host that no resolver knows."""
    with Server(answer(200, b"hello")) as server:
        bodies, asked = get(f"http://nowhere.invalid:{port(server)}/x")
    assert (bodies, asked) == ([b"hello"], [("nowhere.invalid", port(server))])
    assert server.requests[0].path == "/x"
    assert server.requests[0].headers["host"] == f"nowhere.invalid:{port(server)}"


def test_an_address_is_asked_about_without_its_brackets() -> None:
    """An IPv6 address is asked about as such."""
    with pytest.raises(ProviderError, match="no address of ::1 may be connected to"):
        get("http://[::1]:9/", addresses=())


def test_the_certificate_must_be_that_of_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate is checked against the name in the address, wherever the connection goes."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with Server(answer(200, b"hello"), tls=True) as server:
        assert get(f"https://localhost:{port(server)}")[0] == [b"hello"]
        with pytest.raises(ProviderError, match="is not trusted"):
            get(f"https://elsewhere.invalid:{port(server)}")


def test_the_next_address_is_tried() -> None:
    """Where an address refuses the connection, the next takes the request."""
    with Server(answer(200, b"hello")) as server:
        assert get(f"http://a.invalid:{port(server)}", addresses=("127.0.0.9", "127.0.0.1"))[0] == [b"hello"]
        with pytest.raises(ProviderError, match="Connection refused"):
            get(f"http://a.invalid:{port(server)}", addresses=("127.0.0.9",))


def test_no_connection_serves_two_requests() -> None:
    """Every request is judged anew, and no host is served by a connection that was made for another."""
    with Server(answer(200, b"hello")) as server:
        _, asked = get(*(f"http://{name}.invalid:{port(server)}" for name in ("a", "b", "b")))
        assert (len(asked), server.connections) == (3, 3)


def test_no_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment, which would look up the name by itself, is left alone."""
    with Server(answer(200, b"direct")) as server, Server(answer(200, b"proxied")) as proxy:
        for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert get(f"http://a.invalid:{port(server)}")[0] == [b"direct"]
        assert not proxy.requests


def test_a_refusal_passes_as_it_is() -> None:
    """What forbids an address is told, and nothing is sent."""

    async def refuse(host: str, port: int) -> Sequence[str]:
        raise ToolError(f"{host} is not allowed", reason="denied")

    async def main(url: str) -> None:
        async with Transport(pinned=refuse).stream("GET", url):
            pass

    with Server(answer()) as server, pytest.raises(ToolError, match=r"127.0.0.1 is not allowed"):
        asyncio.run(main(server.url))
    assert server.connections == 0


def test_a_slow_resolver_is_not_waited_for() -> None:
    """Looking up a name counts as connecting."""

    async def never(host: str, port: int) -> Sequence[str]:
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    async def main() -> None:
        async with Transport(Timeouts(connect=0.1), pinned=never).stream("GET", "http://a.invalid"):
            pass

    with pytest.raises(ProviderError, match=r"can't connect to http://a.invalid within 0.1 s"):
        asyncio.run(main())
