"""Components that are programs: they export `wasi:cli/run`, and take their arguments and input from their world.

So `run`, which has no parameters, is called with two of ours: `argv` and `stdin`.

Source: https://github.com/WebAssembly/wasi-cli
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from agentctl.errors import ToolError

PARAMETERS: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "argv": {"type": "array", "items": {"type": "string"}, "description": "The arguments of the program."},
        "stdin": {"type": "string", "description": "What it reads from its standard input."},
    },
    "required": [],
    "additionalProperties": False,
}
"""The JSON Schema of the arguments of a program."""

_RUN = re.compile(r"wasi:cli/run@0\.2\.\d+#run")
_PROGRAM = "component"  # the first argument of a program is its own name


def is_command(function: str) -> bool:
    """Whether the function of that name runs a program."""
    return _RUN.fullmatch(function) is not None


def read_argv(arguments: Mapping[str, Any]) -> list[str]:
    """Return what the program gets as its arguments, its own name first.

    Raises:
        ToolError: there are arguments that a program does not take.
    """
    if unknown := set(arguments) - set(PARAMETERS["properties"]):
        raise ToolError(f"a program takes argv and stdin, and no {min(unknown)}", reason="invalid")
    argv = arguments.get("argv") or []
    if not isinstance(argv, list) or not all(isinstance(one, str) and "\0" not in one for one in argv):
        raise ToolError("argv is no array of strings", reason="invalid")
    return [_PROGRAM, *argv]


@contextmanager
def standard_input(arguments: Mapping[str, Any]) -> Iterator[int | None]:
    """Give the descriptor from which the program can read its input; None without any.

    Raises:
        ToolError: it is no text.
    """
    text = arguments.get("stdin")
    if text is None:
        yield None
        return
    if not isinstance(text, str):
        raise ToolError("stdin is no string", reason="invalid")
    reader, writer = os.pipe()
    # A pipe holds less than a program may be given, and a program may read as slowly as it likes, or not at all.
    threading.Thread(target=_feed, args=(writer, text.encode(errors="replace")), daemon=True).start()
    try:
        yield reader
    finally:
        os.close(reader)


def _feed(writer: int, data: bytes) -> None:
    with suppress(BrokenPipeError), os.fdopen(writer, "wb") as pipe:
        pipe.write(data)
