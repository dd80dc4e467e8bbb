"""What the user says: the words on the command line, files, and what comes in through a pipe."""

from __future__ import annotations

import os
import re
import select
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

from agentctl.cli.render import print_note
from agentctl.errors import UsageError
from agentctl.messages import Attachment, Message, user

_MENTION = re.compile(r"(?:^|(?<=\s))@(\S+)")
_SILENT_BESIDE_PROMPT = 2.0  # seconds that an open pipe may say nothing before we go on without it
_SILENT_ALONE = 60.0  # and before we give up when it was to bring the prompt
_HINT_AFTER = 2.0
_MAGIC = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
    b"%PDF-": "application/pdf",
}


def read_message(prompt: str | None, files: Sequence[str]) -> Message:
    """Make the user's message of the prompt, the files it names with `@`, attached files and piped input.

    Piped text stands before the prompt, which speaks of it. A prompt of `-` is read from the pipe, however long that
    takes.

    Raises:
        UsageError: there is nothing to say, or a file can't be read.
    """
    words = None if prompt == "-" else prompt
    piped = _read_pipe(wanted=words is None, wait=prompt == "-")
    attachments = [attachment(Path(name)) for name in files] + _mentioned(words or "")
    text = words or ""
    if piped:
        try:
            text = "\n\n".join(filter(None, (piped.decode(), text)))
        except UnicodeDecodeError:
            attachments.append(Attachment("stdin", _media_type("stdin", piped), piped))
    if not text.strip() and not attachments:
        raise UsageError("the prompt is empty", hint='agentctl chat "What is the capital of France?"')
    return user(text, *attachments)


def attachment(path: Path) -> Attachment:
    """Read a file to send along.

    Raises:
        UsageError: it can't be read.
    """
    try:
        data = path.expanduser().read_bytes()
    except OSError as error:
        raise UsageError(f"can't attach {path}: {error.strerror}", hint="check the path") from error
    return Attachment(path.name, _media_type(path.name, data), data)


def _mentioned(text: str) -> list[Attachment]:
    """The files that the prompt names; what is no file stays text."""
    found = []
    for name in dict.fromkeys(_MENTION.findall(text)):
        if Path(name).expanduser().is_file():
            found.append(attachment(Path(name)))
        else:
            print_note(f"@{name} is no file here; it is sent as text")
    return found


def _media_type(name: str, data: bytes) -> str:
    for magic, media_type in _MAGIC.items():
        if data.startswith(magic):
            return media_type
    try:
        data.decode()
    except UnicodeDecodeError:
        import mimetypes  # noqa: PLC0415  # reads the system's tables

        guess, _ = mimetypes.guess_type(name)
        return guess if guess and not guess.startswith("text/") else "application/octet-stream"
    return "text/plain"


def _read_pipe(*, wanted: bool, wait: bool) -> bytes:
    """Read standard input to its end, unless it is a terminal or an open pipe that stays silent.

    `wanted` says that the prompt is to come from there, `wait` that the user insists.
    """
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        return b""  # closed
    if os.isatty(0):
        return sys.stdin.buffer.read() if wait else b""
    waits = not stat.S_ISREG(mode)
    if waits and not wait and not _speaks(_SILENT_ALONE if wanted else _SILENT_BESIDE_PROMPT, hint=wanted):
        if wanted:
            raise UsageError("no prompt came through the pipe", hint="use `-` to wait for it as long as it takes")
        print_note("standard input is open but silent: going on without it (use - to wait for it)")
        return b""
    return sys.stdin.buffer.read()


def _speaks(limit: float, *, hint: bool) -> bool:
    if hint:
        if select.select([0], [], [], _HINT_AFTER)[0]:
            return True
        print_note("waiting for the prompt on standard input")
        limit -= _HINT_AFTER
    return bool(select.select([0], [], [], limit)[0])
