"""Reading what a user allows a component, as `--allow` and the library of added components say it.

    fs:ro:HOST=GUEST  fs:rw:HOST=GUEST    the directory HOST, seen as the absolute path GUEST
    env:NAME                              one environment variable
    net:HOST  net:HOST:PORT               a host by its name or address
    clock  random                         the real ones

Directories are taken by their real path. Some are never granted: those that the kernel or agentctl itself works with,
for whoever can read or write there is out of the sandbox, and for writing none in `.git` or `.agentctl`.

Sources: https://url.spec.whatwg.org/#ends-in-a-number-checker for what is no name of a host
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from agentctl import paths
from agentctl.errors import UsageError
from agentctl.tools.wasm.grants import GUARDED, Grants, Limits, Preopen, describe

__all__ = ["Grants", "Limits", "Preopen", "describe", "parse_allow"]

_FORMS = "fs:ro:HOST=GUEST, fs:rw:HOST=GUEST, env:NAME, net:HOST, net:HOST:PORT, clock or random"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_KERNEL = (Path("/proc"), Path("/sys"), Path("/dev"))
_OWN = (paths.config_dir, paths.data_dir, paths.state_dir, paths.cache_dir)
_LAST_PORT = 65535
_LONGEST_HOST = 253


def parse_allow(texts: Sequence[str], environ: Mapping[str, str]) -> Grants:
    """Return what the texts grant; the values of variables are taken from `environ`.

    Raises:
        UsageError: a text has none of the forms, names what there isn't, or grants what is never granted.
    """
    files: dict[str, Preopen] = {}
    env: dict[str, str] = {}
    hosts: list[str] = []
    for text in texts:
        match text.split(":", 2):
            case ["fs", "ro" | "rw" as mode, mapping]:
                preopen = _preopen(text, mapping, environ, writable=mode == "rw")
                if preopen.guest in files:
                    raise UsageError(f"{preopen.guest} is granted twice", hint="give each directory a path of its own")
                files[preopen.guest] = preopen
            case ["env", name]:
                env[name] = _variable(name, environ)
            case ["net", *rest] if rest:
                hosts.append(_host(":".join(rest)))
            case ["clock"] | ["random"]:
                pass
            case _:
                raise UsageError(f"{text!r} is nothing that can be allowed", hint=f"allow {_FORMS}")
    unique = tuple(dict.fromkeys(hosts))
    return Grants(tuple(files.values()), env, unique, clock="clock" in texts, random="random" in texts)


def _preopen(text: str, mapping: str, environ: Mapping[str, str], *, writable: bool) -> Preopen:
    host, equals, guest = mapping.rpartition("=")
    if not (equals and host and guest):
        raise UsageError(f"{text!r} does not say which directory is seen where", hint="write fs:ro:HOST=GUEST")
    parts = guest.rstrip("/").split("/")[1:]
    if not guest.startswith("/") or any(part in {"", ".", ".."} or "\0" in part for part in parts):
        raise UsageError(f"{guest!r} is no plain absolute path", hint="write it as /data")
    path = _directory(host, environ)
    if reason := _refusal(path, environ, writable=writable):
        raise UsageError(f"{path} can't be granted: {reason}", hint="grant a directory with only what the tool needs")
    return Preopen(path, "/" + "/".join(parts), writable)


def _directory(host: str, environ: Mapping[str, str]) -> Path:
    home = environ.get("HOME")
    if home and (host == "~" or host.startswith("~/")):
        host = home + host[1:]
    try:
        path = Path(host).resolve(strict=True)
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "its path can't be followed"
        raise UsageError(f"can't grant {host!r}: {reason}", hint="name a directory that exists") from error
    if not path.is_dir():
        raise UsageError(f"can't grant {host!r}: it is no directory", hint="grant the directory that it is in")
    return path


def _refusal(path: Path, environ: Mapping[str, str], *, writable: bool) -> str | None:
    """Why the directory is never granted, if it isn't."""
    if path == Path(path.anchor):
        return "it is the whole system"
    if any(path.is_relative_to(kernel) for kernel in _KERNEL):
        return "the kernel shows there what other processes hold"
    own = [directory(environ).resolve() for directory in _OWN]
    if any(path.is_relative_to(kept) or kept.is_relative_to(path) for kept in own):
        return "agentctl keeps its keys, sessions or settings in it"
    home = Path(environ["HOME"]).resolve() if environ.get("HOME") else None
    if writable and home is not None and home.is_relative_to(path):
        return "it holds all that runs when you log in"
    if writable and any(part.casefold() in GUARDED for part in path.parts):
        return "programs and settings lie in it that are used later, when nobody is asked"
    return None


def _variable(name: str, environ: Mapping[str, str]) -> str:
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name of an environment variable", hint="write env:NAME")
    if name not in environ:
        raise UsageError(f"the environment variable {name} is not set", hint=f"set {name}, or do not allow it")
    try:
        environ[name].encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"the value of {name} is not UTF-8", hint="components take only text") from error
    return environ[name]


def _host(text: str) -> str:
    """The host in lower case, with the port if one is named; an IPv6 address is in brackets only if there is one."""
    lowered = text.lower()
    if "%" in lowered:
        raise UsageError(f"{text!r} is an address of one link", hint="name the host, or an address without %")
    if literal := _literal(lowered):
        return literal
    name, colon, port = lowered.rpartition(":")
    if not colon:
        return _name(text, lowered)
    if not (port.isascii() and port.isdecimal() and 0 < int(port) <= _LAST_PORT):
        raise UsageError(f"{port!r} in {text!r} is no port", hint="write net:HOST or net:HOST:PORT")
    address = _literal(name)
    if address is None:
        return f"{_name(text, name)}:{int(port)}"
    return f"[{address}]:{int(port)}" if ":" in address else f"{address}:{int(port)}"


def _literal(text: str) -> str | None:
    """The address in its usual form, if it is one and not a name."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return None


def _name(text: str, name: str) -> str:
    plain = name.removesuffix(".")
    if len(plain) > _LONGEST_HOST or not all(_LABEL.fullmatch(label) for label in plain.split(".")):
        raise UsageError(f"{text!r} is no host", hint="name each host, as net:api.example.com; there are no wildcards")
    if _NUMBER.fullmatch(plain.rpartition(".")[2]):  # no name ends so, and as an address it has another form
        raise UsageError(f"{text!r} is no host", hint="write an address in full, as 127.0.0.1")
    return plain
