"""Which hosts a grant covers, and how a place is read."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.errors import ToolError
from agentctl.tools.wasm.network import HostGrant, admit, is_path, split_authority
from agentctl.tools.wasm.network.grants import Target

LABELS = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
PORTS = st.integers(1, 65535)


def covered(grant: str, url: str) -> bool:
    """Whether a grant covers a place."""
    scheme, _, authority = url.partition("://")
    try:
        admit(Target.parse(scheme, authority, "/"), [HostGrant.parse(grant)])
    except ToolError:
        return False
    return True


@pytest.mark.parametrize(
    ("grant", "covers", "others"),
    [
        ("example.com", ["http://example.com", "https://example.com", "http://EXAMPLE.com.:443"],
         ["http://example.com:8080", "http://www.example.com", "http://example.co", "http://example.com.evil.org"]),
        ("Example.COM.:8443", ["https://example.com:8443", "http://example.com:8443"], ["https://example.com"]),
        ("*.example.com", ["http://a.example.com", "https://a.b.example.com"],
         ["http://example.com", "http://xexample.com", "http://a.example.com:81"]),
        ("*.example.com:81", ["http://a.example.com:81"], ["http://a.example.com"]),
        ("127.0.0.1:8080", ["http://127.0.0.1:8080"],
         ["http://127.0.0.1", "http://127.0.0.2:8080", "http://[::1]:8080"]),
        ("127.0.0.1", ["http://127.0.0.1", "https://127.0.0.1"], ["http://127.0.0.1:8080"]),
        ("[::1]:80", ["http://[::1]", "http://[0:0:0:0:0:0:0:1]:80"], ["https://[::1]", "http://[::2]"]),
        ("::1", ["http://[::1]", "https://[::1]"], ["http://[::1]:8080"]),
        ("[2001:DB8::1]", ["http://[2001:db8::1]"], ["http://[2001:db8::2]"]),
        ("bücher.example", ["http://xn--bcher-kva.example", "http://BÜCHER.example"], ["http://bucher.example"]),
    ],
)  # fmt: skip
def test_a_grant_covers_what_it_names(grant: str, covers: list[str], others: list[str]) -> None:
    """A host, its subdomains where it says so, one port or the usual two; in any spelling of the same name."""
    assert [covered(grant, url) for url in covers] == [True] * len(covers)
    assert [covered(grant, url) for url in others] == [False] * len(others)


@pytest.mark.parametrize(
    "text",
    ["", "*", "*.", "*.127.0.0.1", "a.*.example", "http://example.com", "example.com/x", "a@example.com",
     "exa mple.com", "example.com:", "example.com:0", "example.com:65536", "example.com:http", "2130706433",
     "0x7f000001", "1.2.3", "-a.example", "a..example", "[::1", "[example.com]", "*.[::1]", "a" * 64 + ".example",
     "example.com:80:80"],
)  # fmt: skip
def test_a_grant_that_is_none_is_refused(text: str) -> None:
    """What is no host, or no host that could be compared, is told before anything runs."""
    with pytest.raises(ToolError, match="can't grant the host") as caught:
        HostGrant.parse(text)
    assert (caught.value.reason, bool(caught.value.hint)) == ("invalid", True)


def test_a_refusal_says_what_would_grant_it() -> None:
    """The hint is the option to give."""
    for url, hint in (
        ("http://a.example", "a.example"),
        ("http://a.example:81", "a.example:81"),
        ("http://[::1]", "[::1]"),
    ):
        scheme, _, authority = url.partition("://")
        with pytest.raises(ToolError, match="is not granted") as caught:
            admit(Target.parse(scheme, authority, ""), [])
        assert caught.value.reason == "denied"
        assert caught.value.hint == f"`--allow net:{hint}` grants it"


@given(NAMES, PORTS)
def test_a_name_covers_itself_alone(name: str, port: int) -> None:
    """A name with a port covers itself in any case, and no name that it is a part of."""
    grant = f"{name}:{port}"
    assert covered(grant, f"http://{name.upper()}:{port}")
    assert not covered(grant, f"http://a.{name}:{port}")
    assert not covered(grant, f"http://a{name}:{port}")
    assert not covered(grant, f"http://{name}.a:{port}")
    assert covered(f"*.{grant}", f"http://a.{name}:{port}")


@given(st.ip_addresses(), PORTS)
def test_an_address_covers_itself_alone(address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> None:
    """An address is covered by its own grant, and another is not."""
    text = f"[{address}]" if address.version == 6 else str(address)
    other = type(address)(int(address) ^ 1)
    assert covered(f"{text}:{port}", f"http://{text}:{port}")
    assert not covered(f"{other}:{port}" if address.version == 4 else f"[{other}]:{port}", f"http://{text}:{port}")


@given(st.text(max_size=20), st.text(max_size=12))
def test_what_is_read_is_read_alike_by_others(authority: str, path: str) -> None:
    """Whatever is taken for a place, the standard library and httpx read as that place."""
    try:
        target = Target.parse("http", authority, path)
    except ValueError:
        return
    import httpx  # noqa: PLC0415 - the other reader

    parts, url = urlsplit(target.url), httpx.URL(target.url)
    assert (parts.hostname, parts.port, parts.username, parts.fragment) == (target.host, target.port, None, "")
    assert (url.raw_host.decode(), url.port or 80, url.userinfo, url.fragment) == (target.host, target.port, b"", "")
    assert url.raw_path.startswith(b"/")


@given(st.text('/?ab.:@%-~!"<>\\^`{}|#\r\n\0 é', max_size=10))
def test_a_path_can_not_end_its_line(text: str) -> None:
    """A path that is taken has no space, no control character and no fragment, and begins with a slash or a query."""
    if is_path(text):
        assert not set(text) & set("\\#\r\n\0 é")
        assert text[:1] in {"", "/", "?"}


@given(st.text(":[]@/.0123456789abcdefx%-", max_size=24))
def test_an_authority_has_one_host(text: str) -> None:
    """What is taken is a name or an address in its usual form, which reads as itself."""
    try:
        host, port = split_authority(text)
    except ValueError:
        return
    again = split_authority(f"[{host}]" if ":" in host else host)
    assert again == (host, None)
    assert port is None or 0 < port < 65536
    assert "@" not in text
