"""Which network addresses a tool may reach: names are resolved once, and what they resolve to is what is judged."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agentctl.errors import ToolError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_EMBEDDING = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))  # RFC 6052, and RFC 4291 2.5.5.1
# What Python counts as public, and is not: RFC 8215 is for local use, a cloud keeps its secrets at 192.0.0.192, and
# fec0::/10 was for one site (RFC 3879 ends that, and routers may still do it).
_LOCAL = (
    ipaddress.ip_network("64:ff9b:1::/48"),
    ipaddress.ip_network("192.0.0.0/24"),
    ipaddress.ip_network("fec0::/10"),
)

Resolver = Callable[[str, int], Sequence[str]]
"""What returns the addresses of a host and port; it raises OSError or UnicodeError where there are none."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """A host that was let through: connect to one of `addresses`, and to nothing that its name resolves to later."""

    host: str
    port: int
    addresses: tuple[str, ...]


def is_public(address: Address) -> bool:
    """Whether anybody on the internet could reach it: not this machine, its network, nor where clouds keep secrets."""
    inner = _inner(address)
    plain = address.is_global and not address.is_multicast and not any(address in network for network in _LOCAL)
    return plain and (inner is None or is_public(inner))


def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system for the addresses of a host.

    Raises:
        OSError: there are none.
        UnicodeError: it is no name.
    """
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def pin(host: str, port: int, *, granted: Sequence[str] = (), resolver: Resolver = resolve) -> Pinned:
    """Resolve a host and return the addresses that may be connected to; it blocks as long as the resolver does.

    An address that is not public is let through only if `granted` names that very address, as `127.0.0.1` or
    `127.0.0.1:8080`: a name is no grant for wherever it may point.

    Raises:
        ToolError: the name resolves to nothing, or to an address that may not be reached.
    """
    try:
        found = resolver(host, port)
    except (OSError, UnicodeError) as error:
        raise ToolError(f"can't find {host}: {error}", hint="check the name") from error
    addresses = tuple(dict.fromkeys(found))
    literal = _literal(host)
    for text in addresses:
        address = ipaddress.ip_address(text.partition("%")[0])
        named = literal is not None and {str(literal), f"{_bracketed(literal)}:{port}"} & set(granted)
        if not (is_public(address) or named):
            raise ToolError(f"{host} is {text}, which is not on the public internet", reason="denied")
    return Pinned(host, port, addresses)


def _inner(address: Address) -> Address | None:
    """The IPv4 address that an IPv6 address leads to, if it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if any(address in network for network in _EMBEDDING):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def _bracketed(address: Address) -> str:
    return f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004 - the version of the protocol
