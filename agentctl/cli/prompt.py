"""What the user says: the words on the command line, files, and what comes in through a pipe."""

from __future__ import annotations

import os
import re
import select
import stat
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from agentctl.errors import UsageError
from agentctl.messages import Attachment, Message, user

Notify = Callable[[str], None]

_MENTION = re.compile(r"""(?:^|(?<=\s))@(?:"([^"\n]+)"|([^\s"]\S*))""")
_PUNCTUATION = ".,;:!?)]}'\""
_SILENT_BESIDE_PROMPT = 2.0  # seconds that an open pipe may say nothing before we go on without it
_SILENT_ALONE = 60.0  # and before we give up when it was to bring the prompt
_HINT_AFTER = 2.0
_LARGEST = 100 * 1024 * 1024  # bytes of a file or of piped input; no provider takes as much
_TOO_LARGE = f"send less than {_LARGEST:,} bytes"
_MAGIC = {
    rb"\x89PNG\r\n\x1a\n": "image/png",
    rb"\xff\xd8\xff": "image/jpeg",
    rb"GIF8": "image/gif",
    rb"RIFF....WEBP": "image/webp",
    rb"%PDF-": "application/pdf",
}


def read_message(prompt: str | None, files: Sequence[str], notify: Notify) -> Message:
    """Make the user's message of the prompt, the files it names with `@`, attached files and piped input.

    Piped text stands before the prompt, which speaks of it. A prompt of `-` is read from the pipe, however long that
    takes. `notify` is told what the user may not expect.

    Raises:
        UsageError: there is nothing to say, or a file can't be read.
    """
    words = None if prompt == "-" else prompt
    piped = _read_pipe(notify, wanted=words is None, wait=prompt == "-")
    attachments = read_files(words or "", files, notify)
    text = words or ""
    if piped:
        try:
            text = "\n\n".join(filter(None, (piped.decode(), text)))
        except UnicodeDecodeError:
            attachments.append(Attachment("stdin", _media_type("stdin", piped), piped))
    if not text.strip() and not attachments:
        raise UsageError("the prompt is empty", hint='give one: "What is the capital of France?"')
    return user(text, *attachments)


def read_files(text: str, files: Sequence[str], notify: Notify) -> list[Attachment]:
    """Read the files that are named, and those that the text mentions with `@`; a mention of no file stays text.

    Raises:
        UsageError: one that is named can't be read.
    """
    found = [_attachment(name) for name in files]
    for quoted, bare in dict.fromkeys(_MENTION.findall(text)):
        name = quoted or next(filter(_is_file, (bare, bare.rstrip(_PUNCTUATION))), bare)
        if _is_file(name):
            found.append(_attachment(name))
        else:
            notify(f"@{name} is no file here; it is sent as text")
    return found


def _attachment(name: str) -> Attachment:
    try:
        path = Path(name).expanduser()
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UsageError(f"can't attach {name}: it is no ordinary file", hint="check the path")
        if status.st_size > _LARGEST:
            raise UsageError(f"can't attach {name}: it has {status.st_size:,} bytes", hint=_TOO_LARGE)
        data = path.read_bytes()
    except (OSError, RuntimeError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"can't attach {name}: {why}", hint="check the path") from error
    return Attachment(path.name, _media_type(path.name, data), data)


def _is_file(name: str) -> bool:
    try:
        return Path(name).expanduser().is_file()
    except (OSError, RuntimeError, ValueError):  # too long, nobody's home, a null byte
        return False


def _media_type(name: str, data: bytes) -> str:
    for magic, media_type in _MAGIC.items():
        if re.match(magic, data, re.DOTALL):
            return media_type
    try:
        data.decode()
    except UnicodeDecodeError:
        import mimetypes  # noqa: PLC0415  # reads the system's tables

        guess, _ = mimetypes.guess_type(name)
        return guess if guess and not guess.startswith("text/") else "application/octet-stream"
    return "text/plain"


def _read_pipe(notify: Notify, *, wanted: bool, wait: bool) -> bytes:
    """Read standard input to its end, unless it is a terminal or an open pipe that stays silent.

    `wanted` says that the prompt is to come from there, `wait` that the user insists.
    """
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        return b""  # closed
    if os.isatty(0) and not wait:
        return b""
    waits = not stat.S_ISREG(mode) and not wait
    if waits and not _speaks(_SILENT_ALONE if wanted else _SILENT_BESIDE_PROMPT, notify if wanted else None):
        if wanted:
            raise UsageError("no prompt came through the pipe", hint="use `-` to wait for it as long as it takes")
        notify("standard input is open but silent: going on without it (use - to wait for it)")
        return b""
    return _read_all()


def _read_all() -> bytes:
    try:
        data = sys.stdin.buffer.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"can't read standard input: {error.strerror}", hint="check what is piped in") from error
    if len(data) > _LARGEST:
        raise UsageError("standard input is too large", hint=_TOO_LARGE)
    return data


def _speaks(limit: float, notify: Notify | None) -> bool:
    if notify:
        if select.select([0], [], [], _HINT_AFTER)[0]:
            return True
        notify("waiting for the prompt on standard input")
        limit -= _HINT_AFTER
    return bool(select.select([0], [], [], limit)[0])
