"""Where a database is, and how to get in: what the URL says, with defaults of our own behind it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from agentctl.errors import ConfigError
from agentctl.redact import redact_url, register

_SECRETS = ("password", "sslpassword")
_DEFAULTS = {
    "connect_timeout": "5",  # seconds
    # So that a machine which died without a word is noticed within two minutes.
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "6",
    "tcp_user_timeout": "90000",  # ms
    "fallback_application_name": "agentctl",
}
_VARIABLES = {"connect_timeout": "PGCONNECT_TIMEOUT"}


def _no_password() -> None:
    return None


@dataclass
class Target:
    """A database, the words of libpq for it, and where a password comes from should libpq find none."""

    url: str
    where: str
    conninfo: str = field(repr=False)
    ask: Callable[[], str | None] = field(default=_no_password, repr=False)

    def with_password(self) -> str | None:
        """Return `conninfo` with the password that is kept elsewhere, None if there is none."""
        password = self.ask()
        if not password:
            return None
        register(password)
        return make_conninfo(self.conninfo, password=password)


def target(url: str, ask: Callable[[], str | None] = _no_password) -> Target:
    """Read a URL as libpq does.

    Raises:
        ConfigError: libpq does not understand it.
    """
    given = _read(url)
    _check_ports(str(given.get("port") or os.environ.get("PGPORT") or ""), url)
    for secret in _SECRETS:
        if given.get(secret):
            register(str(given[secret]))
    defaults = {key: value for key, value in _DEFAULTS.items() if key not in given and not _set(key)}
    return Target(redact_url(url), _where(given), make_conninfo(url, client_encoding="UTF8", **defaults), ask)


def _read(url: str) -> Mapping[str, object]:
    # Where a password has an @ or / in it as such, libpq takes a part of it for that of a host, and shows that.
    who = url.partition("?")[0].rpartition("@")[0].partition("://")[2]
    try:
        if not {*"@/"} & {*who}:
            return conninfo_to_dict(url)
    except psycopg.Error:  # its text may quote a part of the password
        pass
    raise ConfigError(
        f"{redact_url(url)} is no URL that PostgreSQL's library understands",
        hint="postgresql://USER@HOST:PORT/NAME?sslmode=…; write a special character of a password as %XX",
    )


def _check_ports(ports: str, url: str) -> None:
    for port in filter(None, ports.split(",")):  # one for each host
        if not (port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16):
            raise ConfigError(
                f"{port!r} is no port, in {redact_url(url)} or PGPORT",
                hint="give a number from 1 to 65535, mostly 5432",
            )


def _set(key: str) -> bool:
    return key in _VARIABLES and _VARIABLES[key] in os.environ


def _where(given: Mapping[str, object]) -> str:
    if service := given.get("service"):
        return f"PostgreSQL (service {service})"
    host = given.get("host") or given.get("hostaddr") or os.environ.get("PGHOST") or "localhost"
    port = given.get("port") or os.environ.get("PGPORT") or "5432"
    return f"PostgreSQL at {host}:{port}"
