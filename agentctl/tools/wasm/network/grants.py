"""Which hosts are granted, and where a request of a component would go: both read strictly, and compared. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

from agentctl.errors import ToolError

_USUAL = {"http": 80, "https": 443}
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:@/?#\\\s]+)(?::(?P<port>[0-9]{1,5}))?")
_NAME = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PATH = re.compile(r"(?:[/?][!\"$-\[\]-~]*)?")  # printable ASCII but no space, fragment or backslash
_PORTS = 1 << 16


@dataclass(frozen=True, slots=True)
class HostGrant:
    """Where a component may send requests: a host, its subdomains if `subdomains`, and one port or the usual two."""

    host: str
    port: int | None = None
    subdomains: bool = False

    @classmethod
    def parse(cls, text: str) -> HostGrant:
        """Read `example.com`, `example.com:8443`, `*.example.com`, `127.0.0.1:8080` or `[::1]`.

        Raises:
            ToolError: it is nothing of that kind.
        """
        subdomains = text.startswith("*.")
        bare = ":" in text and is_literal(text)  # IPv6 without brackets
        try:
            host, port = split_authority(f"[{text}]" if bare else text.removeprefix("*."))
        except ValueError as error:
            raise _ungrantable(text, str(error)) from error
        if subdomains and is_literal(host):
            raise _ungrantable(text, "an address has no subdomains")
        return cls(host, port, subdomains)

    def covers(self, target: Target) -> bool:
        """Whether a request may go there, as far as names tell."""
        named = target.host.endswith(f".{self.host}") if self.subdomains else target.host == self.host
        return named and (target.port in _USUAL.values() if self.port is None else target.port == self.port)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes; `host` is a name in lower case ASCII, or an address without brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, scheme: str, authority: str, path: str) -> Target:
        """Read what a component gave.

        Raises:
            ValueError: it could be read in more than one way, or makes no sense.
        """
        if scheme not in _USUAL:
            raise ValueError(f"{scheme!r} is neither http nor https")
        host, port = split_authority(authority)
        if not is_path(path):
            raise ValueError("the path does not begin with a slash, or has forbidden characters")
        return cls(scheme, host, port or _USUAL[scheme], path if path.startswith("/") else f"/{path}")

    @property
    def url(self) -> str:
        """It as one text; nothing in it needs quoting."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def admit(target: Target, granted: Sequence[HostGrant]) -> None:
    """Return if a request may go there.

    Raises:
        ToolError: it may not.
    """
    if not any(grant.covers(target) for grant in granted):
        place = f"[{target.host}]" if ":" in target.host else target.host
        where = place if target.port in _USUAL.values() else f"{place}:{target.port}"
        raise ToolError(f"{where} is not granted", hint=f"`--allow net:{where}` grants it", reason="denied")


def is_literal(host: str) -> bool:
    """Whether a host is an address and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _ungrantable(text: str, why: str) -> ToolError:
    hint = "give a name or an address, as example.com, *.example.com or 127.0.0.1:8080"
    return ToolError(f"can't grant the host {text!r}: {why}", hint=hint, reason="invalid")


def is_path(text: str) -> bool:
    """Whether it is a path with or without a query, both of characters that need no quoting; empty is one."""
    return _PATH.fullmatch(text) is not None


def split_authority(authority: str) -> tuple[str, int | None]:
    """The host in its one form, and the port if there is one.

    Raises:
        ValueError: it is something else, or could be read in more than one way.
    """
    found = _AUTHORITY.fullmatch(authority)
    if not found:
        raise ValueError(f"{authority!r} is not a host, or a host and a port")
    port = int(found["port"]) if found["port"] else None
    if port is not None and not 0 < port < _PORTS:
        raise ValueError(f"{port} is not a port")
    return _host(found["host"]), port


def _host(text: str) -> str:
    """The one form of a host; numbers that some resolvers take for an address are none."""
    if text.startswith("["):
        return str(ipaddress.IPv6Address(text[1:-1]))
    name = text.removesuffix(".").encode("idna").decode("ascii").lower()
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        return str(ipaddress.IPv4Address(name))
    if not _NAME.fullmatch(name):
        raise ValueError(f"{text!r} is not the name of a host")
    return name
