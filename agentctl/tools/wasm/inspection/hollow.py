"""A component without its code: the same types, imports and exports, and compiled in no time.

Compiling a whole Python takes many seconds, and nobody needs its code to see what it is called with and what it asks
for. So each function's body is replaced by `unreachable`, which is a body of every type.

Sources: https://webassembly.github.io/spec/core/binary/modules.html and
https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md
"""

from __future__ import annotations

from collections.abc import Iterator

_PREAMBLE = 8  # bytes: magic, version and layer
_COMPONENT_LAYER = b"\x01\x00"
_CORE_CUSTOM, _CORE_CODE = 0, 10
_MODULE, _COMPONENT = 1, 4  # sections of components
_TRAP = b"\x03\x00\x00\x0b"  # three bytes: no locals, `unreachable`, `end`
_DEEPEST = 100  # components in components
_MOST_SECTIONS = 100_000
_LONGEST = 5  # bytes of a number of 32 bits


def hollow(data: bytes) -> bytes:
    """Return the component, or core module, with a trap in place of each function's body.

    Raises:
        ValueError: the sections are not what they should be; what that means in detail a compiler can tell.
    """
    return _binary(memoryview(data), 0)


def modules(data: memoryview, depth: int = 0) -> Iterator[memoryview]:
    """The core modules in a component, and in those in it.

    Raises:
        ValueError: as `hollow`.
    """
    _check(data, depth)
    for kind, payload in sections(data):
        if kind == _MODULE:
            yield payload
        elif kind == _COMPONENT:
            yield from modules(payload, depth + 1)


def _check(data: memoryview, depth: int) -> None:
    if len(data) < _PREAMBLE or depth > _DEEPEST:
        raise ValueError("this is no component, or one in too many others")


def _binary(data: memoryview, depth: int) -> bytes:
    _check(data, depth)
    rewrite = _of_component if data[6:_PREAMBLE] == _COMPONENT_LAYER else _of_module
    parts = [bytes(data[:_PREAMBLE])]
    for kind, payload in sections(data):
        if (fresh := rewrite(kind, payload, depth)) is not None:
            parts += (bytes((kind,)), _encoded(len(fresh)), fresh)
    return b"".join(parts)


def _of_component(kind: int, payload: memoryview, depth: int) -> bytes:
    return _binary(payload, depth + 1) if kind in {_MODULE, _COMPONENT} else bytes(payload)


def _of_module(kind: int, payload: memoryview, depth: int) -> bytes | None:  # noqa: ARG001 - it is called as the other
    if kind == _CORE_CUSTOM:
        return None  # names of functions, and what else debuggers like
    if kind != _CORE_CODE:
        return bytes(payload)
    count, start = number(payload, 0)
    if count > len(payload) - start:
        raise ValueError("there are more functions than bytes")
    return bytes(payload[:start]) + _TRAP * count


def sections(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """The sections of a core module or component: the kind of each, and what is in it.

    Raises:
        ValueError: a section is cut off, or there are more than any compiler makes.
    """
    at, count = _PREAMBLE, 0
    while at < len(data):
        count += 1
        if count > _MOST_SECTIONS:
            raise ValueError("there are too many sections")
        kind = data[at]
        size, start = number(data, at + 1)
        at = start + size
        if at > len(data):
            raise ValueError("a section is cut off")
        yield kind, data[start:at]


def number(data: memoryview, at: int) -> tuple[int, int]:
    """The unsigned LEB128 number at `at`, and where it ends.

    Raises:
        ValueError: it does not end, or is longer than 32 bits.
    """
    value = 0
    for index in range(_LONGEST):
        if at + index >= len(data):
            break
        byte = data[at + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more bytes follow
            return value, at + index + 1
    raise ValueError("a number is cut off")


def _encoded(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
