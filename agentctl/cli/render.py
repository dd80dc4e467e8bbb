"""What reaches the screen: answers and documents on stdout, everything else on stderr. The only user of Rich."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from agentctl.errors import AgentctlError

# Beside control characters: what breaks lines, turns the direction of writing, or takes no room.
_DECEPTIVE = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
# Control characters that could move the cursor or recolour the terminal; a tab and a newline are harmless.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# What a terminal takes for a command or that turns the direction of writing; in JSON, only strings can have it.
_TURNING = "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
_IN_JSON = re.compile(f"[{_TURNING}]")
_IN_CELLS = re.compile(f"[\x00-\x08\x0b-\x1f{_TURNING}]")

_DIFF_STYLES = {"+": "\x1b[32m", "-": "\x1b[31m", " ": ""}


def styled(stream: TextIO) -> bool:
    """Whether `stream` is a terminal that wants colours (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def printable(text: str, stream: TextIO) -> str:
    """The text as it may be shown: a terminal gets no control characters that somebody else wrote."""
    return _CONTROL.sub("�", text) if stream.isatty() else text


def plain(text: str) -> str:
    """The text in one line, with nothing in it that could make it look like another: such characters as escapes."""
    return _DECEPTIVE.sub(lambda found: ascii(found[0])[1:-1], text)


def counted(number: int, noun: str) -> str:
    """A number of things, in words: `1 message`, `2 messages`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def print_json(document: Any) -> None:
    """Print one JSON document on stdout: a line for programs, indented on a terminal."""
    print_json_line(document, indent=2 if sys.stdout.isatty() else None)


def print_json_line(document: Any, indent: int | None = None) -> None:
    """Print one JSON document, on one line unless it is to be indented, and hand it over at once."""
    # What stdout can't encode is escaped: by JSON itself in other encodings, and in UTF-8 (a lone surrogate) by the
    # stream, in JSON's own form.
    is_utf8 = sys.stdout.encoding.lower().replace("-", "") == "utf8"
    text = json.dumps(document, indent=indent, ensure_ascii=not is_utf8)
    if sys.stdout.isatty():
        text = _IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table: drawn by Rich on a terminal, else tab-separated under one line of column names."""
    if not sys.stdout.isatty():
        lines = ["\t".join([" ".join(cell.split()) for cell in row]) for row in (columns, *rows)]
        sys.stdout.write("\n".join(lines) + "\n")
        return
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(Text(_cell(column)))
    for row in rows:
        table.add_row(*(Text(_cell(cell)) for cell in row))
    Console(no_color=not styled(sys.stdout)).print(table)


def _cell(text: str) -> str:
    return _IN_CELLS.sub("�", text)


def print_text(text: str) -> None:
    """Print a line on stdout."""
    sys.stdout.write(printable(text, sys.stdout) + "\n")


def print_marked(text: str, marks: Iterable[tuple[int, int]], indent: str = "") -> None:
    """Print a text in one line on stdout; in colours, what stands at `marks` (from, up to) is bold."""
    begin, end = ("\x1b[1m", "\x1b[0m") if styled(sys.stdout) else ("", "")
    shown, done = [indent], 0
    for at, until in marks:
        shown += [_cell(text[done:at]), begin, _cell(text[at:until]), end]
        done = until
    sys.stdout.write("".join((*shown, _cell(text[done:]), "\n")) if sys.stdout.isatty() else f"{indent}{text}\n")


def print_note(text: str) -> None:
    """Print a line on stderr that is not part of the answer."""
    _to_stderr(text, "\x1b[2m")


def print_question(text: str) -> None:
    """Print a question on stderr, and let the answer stand in the same line."""
    sys.stderr.write(printable(text, sys.stderr))
    sys.stderr.flush()


def print_diff(text: str, most: int | None = None) -> None:
    """Print a unified diff on stderr, or at most so many lines of it.

    A line ends at a newline and nowhere else: what only looks like an end could forge a line of another kind.
    """
    lines = text.removesuffix("\n").split("\n") if text else []
    for line in lines[:most]:
        _to_stderr(plain(line.removesuffix("\r")), _DIFF_STYLES.get(line[:1], "\x1b[2m"))
    if most is not None and len(lines) > most:
        print_note(f"… {len(lines) - most} more lines")


def print_error(error: AgentctlError) -> None:
    """Print an error and its hint on stderr."""
    _to_stderr(f"error: {error.message}", "\x1b[31m")
    if error.hint:
        _to_stderr(f"hint: {error.hint}", "\x1b[2m")


def _to_stderr(text: str, style: str) -> None:
    shown = printable(text, sys.stderr)
    try:
        sys.stderr.write(f"{style}{shown}\x1b[0m\n" if style and styled(sys.stderr) else f"{shown}\n")
        sys.stderr.flush()
    except OSError:
        forget(sys.stderr)  # our remarks are lost, and the answer goes on


def forget(stream: TextIO) -> None:
    """Nobody can read `stream` any more: write the rest nowhere, also what Python flushes at its end."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)
