"""Takes records from loguru to the file. The only user of loguru."""

from __future__ import annotations

import contextlib
import sys
import traceback
from typing import TYPE_CHECKING

from agentctl.log.line import Record, render
from agentctl.log.sink import Sink
from agentctl.redact import redact
from agentctl.settings import LogSettings, limits

if TYPE_CHECKING:
    from loguru import Message

_OURS = "agentctl"  # marks our records among those of a program that uses loguru too


class Writer:
    """Writes the log as `settings` say. If it can't, it says so once on stderr and the program goes on."""

    def __init__(self, settings: LogSettings) -> None:
        self._settings = settings
        self._warned = False
        self._sink = Sink(
            settings.dir / "agentctl.log",
            limits.rotation(settings.rotation),
            limits.retention(settings.retention),
            compress=settings.compression == "gz",
        )
        first = "loguru" not in sys.modules
        from loguru import logger  # noqa: PLC0415 - whether we are the first to import it had to be known before

        if first:
            logger.remove()  # its default handler writes to stderr; what the program has set up itself stays
        self._logger = logger
        self._handler = logger.add(
            self._take, level=0, format=lambda _: "", filter=lambda record: record["extra"].get(_OURS) is self
        )

    def write(self, level: str, message: str, exception: BaseException | None, fields: dict[str, object]) -> None:
        """Log a line in the name of the module that called `agentctl.log.info` or the like."""
        bound = self._logger.bind(**fields, **{_OURS: self}).opt(depth=3, exception=exception)
        bound.log(level, redact(message))  # here too: other handlers of the program see it as well

    def stop(self) -> None:
        """Write no more."""
        self._logger.remove(self._handler)
        self._sink.close()

    def _take(self, message: Message) -> None:
        try:
            self._sink.write(render(_record(message), self._settings.format))
        except OSError as problem:
            self._warn(problem)

    def _warn(self, problem: OSError) -> None:
        if not self._warned:
            self._warned = True
            with contextlib.suppress(OSError):
                sys.stderr.write(f"warning: can't write the log in {self._settings.dir}: {problem.strerror}\n")


def _record(message: Message) -> Record:
    source = message.record
    return Record(
        time=source["time"].timestamp(),
        level=source["level"].name,
        name=source["name"] or "?",
        process=source["process"].id,
        message=source["message"],
        extra={name: value for name, value in source["extra"].items() if name != _OURS},
        exception=_traceback(source["exception"].value) if source["exception"] else None,
    )


def _traceback(exception: BaseException | None) -> str:
    return "".join(traceback.format_exception(exception)).rstrip() if exception else ""
