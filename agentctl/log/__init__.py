"""The program's log: a file in the state directory, safe for many processes, without secrets. The only user of loguru.

Nothing is written, and loguru is not imported, before `setup` was called and a line of its level is logged. A program
that uses agentctl as a library calls `setup` if it wants the log; without it there is no file and no output.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from agentctl.log.line import Record, render
from agentctl.log.sink import Sink
from agentctl.redact import redact
from agentctl.settings import LogSettings, limits, load

if TYPE_CHECKING:
    from loguru import Logger, Message

__all__ = ["debug", "error", "info", "setup", "warning"]

_LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
_OURS = "agentctl"  # marks our records among those of a program that uses loguru too


def setup(settings: LogSettings | None = None) -> None:
    """Write the log from now on, as `settings` say; by default those of files and AGENTCTL_LOG_… variables.

    Raises:
        ConfigError: the settings do not make sense.
    """
    global _log  # noqa: PLW0603 - one log a process
    if _log is not None:
        _log.stop()
    _log = _Log(settings or load().log)


def debug(message: str, /, **fields: object) -> None:
    """Log what helps to find a fault."""
    if _log is not None:
        _log.log("DEBUG", message, None, fields)


def info(message: str, /, **fields: object) -> None:
    """Log what happened as it should."""
    if _log is not None:
        _log.log("INFO", message, None, fields)


def warning(message: str, /, **fields: object) -> None:
    """Log what went wrong and was dealt with."""
    if _log is not None:
        _log.log("WARNING", message, None, fields)


def error(message: str, /, exception: BaseException | None = None, **fields: object) -> None:
    """Log what failed, with the traceback of `exception`."""
    if _log is not None:
        _log.log("ERROR", message, exception, fields)


class _Log:
    """The log as it was set up, and the logger once there was a line to write."""

    def __init__(self, settings: LogSettings) -> None:
        self._settings = settings
        self._threshold = _LEVELS[settings.level]
        self._logger: Logger | None = None
        self._handler = 0
        self._warned = False
        self._sink = Sink(
            settings.dir / "agentctl.log",
            limits.rotation(settings.rotation),
            limits.retention(settings.retention),
            compress=settings.compression == "gz",
        )

    def log(self, level: str, message: str, exception: BaseException | None, fields: dict[str, object]) -> None:
        if _LEVELS[level] < self._threshold:
            return
        if self._logger is None:
            self._logger = self._start()
        bound = self._logger.bind(**fields, **{_OURS: self}).opt(depth=2, exception=exception)
        bound.log(level, redact(message))  # here too: other handlers of the program see it as well

    def stop(self) -> None:
        if self._logger is not None:
            self._logger.remove(self._handler)
            self._sink.close()

    def _start(self) -> Logger:
        first = "loguru" not in sys.modules
        from loguru import logger  # noqa: PLC0415 - it takes 60 ms, so not before there is a line

        if first:
            logger.remove()  # its default handler writes to stderr; what the program has set up itself stays
        self._handler = logger.add(
            self._write, level=0, format=lambda _: "", filter=lambda record: record["extra"].get(_OURS) is self
        )
        return logger

    def _write(self, message: Message) -> None:
        try:
            self._sink.write(render(_record(message), self._settings.format))
        except OSError as problem:
            self._warn(problem)

    def _warn(self, problem: OSError) -> None:
        if not self._warned:
            self._warned = True
            with contextlib.suppress(OSError):
                sys.stderr.write(f"warning: can't write the log in {self._settings.dir}: {problem.strerror}\n")


_log: _Log | None = None


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
    import traceback  # noqa: PLC0415 - only a failure needs it

    return "".join(traceback.format_exception(exception)).rstrip() if exception else ""
