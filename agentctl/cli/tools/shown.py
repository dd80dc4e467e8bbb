"""How components and what they may do are shown."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentctl.cli.render import plain, print_note

if TYPE_CHECKING:
    from agentctl.tools.wasm.grants import Grants
    from agentctl.tools.wasm.inspection.found import Inspection

LONGEST = 300  # characters of a line that a component wrote some of


def line(text: str, most: int = LONGEST) -> str:
    """What somebody else wrote as one line of at most so many characters, in which nothing looks like another line."""
    shown = plain(text[: most + 1])
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def next_step(file: Path, inspection: Inspection) -> str:
    """What to do about a component that is refused."""
    if inspection.kind == "core-preview1":
        return line(f"agentctl tools migrate {file} {file.stem}.component.wasm")
    return line(f"agentctl tools inspect {file}")


def signature(name: str, parameters: Mapping[str, Any]) -> str:
    """A function as people read it, in one line: `convert(value: number, source: string)`."""
    required = set(parameters.get("required", ()))
    inner = (
        f"{one}{'' if one in required else '?'}: {_kind(schema)}"
        for one, schema in parameters.get("properties", {}).items()
    )
    return line(f"{name}({', '.join(inner)})")


def _kind(schema: Any) -> str:
    if not isinstance(schema, Mapping):
        return "any"
    for word in ("anyOf", "oneOf"):
        if word in schema:
            kinds = [_kind(one) for one in schema[word] if one != {"type": "null"}]
            return " | ".join(dict.fromkeys(kinds))
    if "enum" in schema:
        return " | ".join(json.dumps(one) for one in schema["enum"])
    kind = schema.get("type", "any")
    if kind == "array" and "items" in schema:
        return f"[{_kind(schema['items'])}]"
    return kind if isinstance(kind, str) else " | ".join(map(str, kind))


def tell(name: str, capabilities: Iterable[str], grants: Grants) -> None:
    """Say on stderr what a component asks for and what it may do."""
    tell_asked(name, capabilities)
    tell_granted(grants)


def tell_asked(name: str, capabilities: Iterable[str]) -> None:
    """Say on stderr what a component asks for."""
    print_note(line(f"{name} asks for {', '.join(capabilities) or 'nothing'}"))


def tell_granted(grants: Grants) -> None:
    """Say on stderr what a component may do: last of all, so that nothing that it wrote itself follows."""
    from agentctl.tools.wasm.grants import describe  # noqa: PLC0415 - lists need none of it

    for each in describe(grants) or ("compute, and nothing else",):
        print_note(f"  it may {plain(each)}")


class Told:
    """Which components, with which grants, the user was told of before; kept in a directory of empty files."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def first(self, sha256: str, grants: Grants) -> bool:
        """Whether this is the first time; the next one is not."""
        key = json.dumps([sha256, grants.as_json()], sort_keys=True)
        path = self._directory / hashlib.sha256(key.encode()).hexdigest()
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            return False
        except OSError:  # where nothing can be kept, it is told each time
            return True
        return True
