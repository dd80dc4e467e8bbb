"""wasi:http 0.2 `fields`: headers and trailers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from agentctl.errors import ToolError
from agentctl.tools.wasm.http.exported import exported
from agentctl.tools.wasm.http.values import Case, Err, Ok
from agentctl.tools.wasm.network import Headers
from agentctl.tools.wasm.network.headers import NOT_THEIRS, TOKEN, VALUE

_MOST = 1 << 17  # bytes of all of them
_INVALID, _FORBIDDEN, _IMMUTABLE = (Err(Case(name)) for name in ("invalid-syntax", "forbidden", "immutable"))

Entry = tuple[str, bytes]


class Fields:
    """wasi:http/types `fields`: names in any case with their values, in the order that they were given."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries = list(entries)
        self._size = 0  # of what was ever added
        self._frozen = False

    @classmethod
    def received(cls, headers: Headers) -> Self:
        """Those of an answer, which can't be changed."""
        return cls((name, value.encode("latin-1", "replace")) for name, value in headers).freeze()

    def freeze(self) -> Self:
        """Let nothing change them any more."""
        self._frozen = True
        return self

    def sent(self) -> Headers:
        """Them as a request has them."""
        return tuple((name, value.decode("latin-1")) for name, value in self._entries)

    @classmethod
    @exported
    def from_list(cls, entries: list[Entry]) -> Ok | Err:
        """New ones with these entries."""
        fields = cls()
        for name, value in entries:
            if isinstance(refused := fields.append(name, value), Err):
                return refused
        return Ok(fields)

    @exported
    def get(self, name: str) -> list[bytes]:
        """All values of a name."""
        return [value for given, value in self._entries if given.lower() == name.lower()]

    @exported
    def has(self, name: str) -> bool:
        """Whether a name has a value."""
        return bool(self.get(name))

    @exported
    def set(self, name: str, values: list[bytes]) -> Ok | Err:
        """Replace all values of a name."""
        if refused := self._refusal(name, values):
            return refused
        self._entries = [entry for entry in self._entries if entry[0].lower() != name.lower()]
        return self._extend((name, value) for value in values)

    @exported
    def delete(self, name: str) -> Ok | Err:
        """Leave a name without values."""
        return self.set(name, [])

    @exported
    def append(self, name: str, value: bytes) -> Ok | Err:
        """Add a value to a name."""
        return self._refusal(name, [value]) or self._extend([(name, value)])

    @exported
    def entries(self) -> list[Entry]:
        """All names and values; a name comes once for each value."""
        return list(self._entries)

    @exported
    def clone(self) -> Fields:
        """A copy that can be changed."""
        return Fields(self._entries)

    def _refusal(self, name: str, values: list[bytes]) -> Err | None:
        if self._frozen:
            return _IMMUTABLE
        if not TOKEN.fullmatch(name) or not all(VALUE.fullmatch(value.decode("latin-1")) for value in values):
            return _INVALID
        return _FORBIDDEN if name.lower() in NOT_THEIRS else None

    def _extend(self, entries: Iterable[Entry]) -> Ok:
        for name, value in entries:
            self._entries.append((name, value))
            self._size += len(name) + len(value)
        if self._size > _MOST:
            raise ToolError(f"a component gives more than {_MOST} bytes of headers", reason="memory")
        return Ok()
