"""Messages between the process that asks, the host process and its children: a length, and then JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agentctl.tools.wasm.grants import Grants, Limits, Preopen

HEADER = 4  # bytes of the length


@dataclass(frozen=True, slots=True)
class Request:
    """One call of one function of the component at `path`, which is absolute."""

    path: str
    function: str
    arguments: dict[str, Any]
    grants: Grants
    limits: Limits
    seed: int

    @property
    def writes(self) -> bool:
        """Whether it may write files."""
        return any(preopen.writable for preopen in self.grants.files)


def frame(message: dict[str, Any]) -> bytes:
    """Return a message as it is sent."""
    body = json.dumps(message).encode()
    return len(body).to_bytes(HEADER, "big") + body


def length(header: bytes | bytearray) -> int:
    """Return how many bytes follow the first `HEADER`."""
    return int.from_bytes(header[:HEADER], "big")


def request_as_json(request: Request) -> dict[str, Any]:
    """Return the request with all that is granted; the values of variables go over a socket, and to no file."""
    message = asdict(request)
    for preopen in message["grants"]["files"]:
        preopen["host"] = str(preopen["host"])
    return message


def request_from_json(message: dict[str, Any]) -> Request:
    """Read back what `request_as_json` returned."""
    grants, limits = message["grants"], message["limits"]
    files = tuple(Preopen(Path(f["host"]), f["guest"], f["writable"]) for f in grants["files"])
    return Request(
        path=message["path"],
        function=message["function"],
        arguments=message["arguments"],
        grants=Grants(files, grants["env"], tuple(grants["hosts"]), clock=grants["clock"], random=grants["random"]),
        limits=Limits(**limits),
        seed=message["seed"],
    )
