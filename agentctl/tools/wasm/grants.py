"""What a component is granted, and how much it may use; all else it finds virtual, empty or refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentctl.errors import UsageError

PAGE = 1 << 16  # bytes: the unit in which a memory of WebAssembly grows

GUARDED = (".git", ".agentctl")
"""Where programs and settings lie that are used later, when nobody is asked."""

_LONGEST = 86_400  # seconds: a day
_LARGEST = 64 << 30  # bytes of a memory
_WIDEST = 64 << 20  # bytes of output, which passes through three processes as JSON


@dataclass(frozen=True, slots=True)
class Preopen:
    """A directory that a component sees under the absolute path `guest`, and what is in it."""

    host: Path
    guest: str
    writable: bool = False


@dataclass(frozen=True, slots=True)
class Grants:
    """What a component may touch.

    Args:
        files: directories, each by its real path.
        env: environment variables with their values, which are secrets and so not shown.
        hosts: `name` or `name:port`, in lower case; an IPv6 address with a port is in brackets.
        clock: whether it sees the real time, and can wait.
        random: whether it gets real random numbers.
    """

    files: tuple[Preopen, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    hosts: tuple[str, ...] = ()
    clock: bool = False
    random: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return what to keep of it: variables by their names only, so that no secret is written down."""
        files = [{"host": str(f.host), "guest": f.guest, "writable": f.writable} for f in self.files]
        names, hosts = sorted(self.env), list(self.hosts)
        return {"files": files, "env": names, "hosts": hosts, "clock": self.clock, "random": self.random}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any], environ: Mapping[str, str]) -> Grants:
        """Read back what `as_json` returned; a variable that is not set any more is not set for the component either.

        Raises:
            KeyError, TypeError: it is nothing that `as_json` returned.
        """
        return cls(
            files=tuple(Preopen(Path(f["host"]), f["guest"], f["writable"] is True) for f in kept["files"]),
            env={name: environ[name] for name in kept["env"] if name in environ},
            hosts=tuple(str(host) for host in kept["hosts"]),
            clock=kept["clock"] is True,
            random=kept["random"] is True,
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one call may use.

    Args:
        fuel: about as many instructions; what a call used of it is its cost.
        timeout: seconds.
        memory: bytes that each of its memories may grow to, and about what its process may use in all.
        output: bytes of its result, and of its standard output and error.

    Raises:
        UsageError: one of them leaves nothing to run with, or is more than a call can be held to.
    """

    fuel: int = 10_000_000_000
    timeout: float = 30.0
    memory: int = 256 << 20
    output: int = 1 << 20

    def __post_init__(self) -> None:
        if not 0 < self.fuel < 1 << 63:
            raise UsageError(f"{self.fuel} is no limit of fuel", hint="give the number of instructions, from 1 on")
        if not 0 < self.timeout <= _LONGEST:
            raise UsageError(
                f"{self.timeout} is no time limit", hint=f"give seconds, more than 0 and at most {_LONGEST}"
            )
        if not PAGE <= self.memory <= _LARGEST:
            raise UsageError(
                f"{self.memory} bytes is no limit of memory",
                hint=f"give at least {PAGE} bytes, and at most {_LARGEST >> 20} MB",
            )
        if not 0 < self.output <= _WIDEST:
            raise UsageError(f"{self.output} is no limit of output", hint=f"give bytes, from 1 to at most {_WIDEST}")


def describe(grants: Grants) -> tuple[str, ...]:
    """What is granted, a line for each thing, for people; nothing granted is no line."""
    files = (_file(preopen) for preopen in grants.files)
    env = (f"read the environment variable {name}" for name in sorted(grants.env))
    hosts = (f"connect to {host}" for host in grants.hosts)
    clock = ("see the real time",) if grants.clock else ()
    random = ("get real random numbers",) if grants.random else ()
    return (*files, *env, *hosts, *clock, *random)


def _file(preopen: Preopen) -> str:
    seen = f"{preopen.host}, which it sees as {preopen.guest}"
    if not preopen.writable:
        return f"read {seen}"
    guarded = [name for name in GUARDED if (preopen.host / name).exists()]
    also = f", and so {' and '.join(guarded)} in it, from which programs run later" if guarded else ""
    return f"read and write {seen}{also}"
