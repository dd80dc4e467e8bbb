"""One log record as one line, in text for people or JSON for programs. Nothing in a record can forge a line."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from agentctl.redact import redact

Value = str | int | float | bool | None

# Everything some program takes for a line break or a command to the terminal.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Record:
    """What happened: `time` is in epoch seconds, `exception` a whole traceback."""

    time: float
    level: str
    name: str
    process: int
    message: str
    extra: Mapping[str, object]
    exception: str | None = None


def render(record: Record, form: Literal["text", "json"]) -> bytes:
    """The record as a line with its line break, in UTF-8, without secrets."""
    line = _json(record) if form == "json" else _text(record)
    return redact(line).encode("utf-8", "backslashreplace") + b"\n"


def _json(record: Record) -> str:
    document = {
        "time": _moment(record.time),
        "level": record.level,
        "message": record.message,
        "name": record.name,
        "process": record.process,
        "extra": {name: _plain(value) for name, value in record.extra.items()},
    }
    if record.exception:
        document["exception"] = record.exception
    return json.dumps(document)


def _text(record: Record) -> str:
    extra = "".join(f" {name}={_word(value)}" for name, value in record.extra.items())
    exception = f" {record.exception}" if record.exception else ""
    line = (
        f"{_moment(record.time)} {record.level:<8} {record.name}[{record.process}] {record.message}{extra}{exception}"
    )
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], line)


def _moment(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _plain(value: object) -> Value:
    kept = isinstance(value, str | int | None) or (isinstance(value, float) and math.isfinite(value))
    return value if kept else str(value)  # type: ignore[return-value]


def _word(value: object) -> str:
    text = str(_plain(value))
    return text if re.fullmatch(r"[^\s\"=]+", text) else json.dumps(text, ensure_ascii=False)
