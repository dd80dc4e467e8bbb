"""The program's log: a file in the state directory, safe for many processes, without secrets.

Nothing is written, and loguru is not imported, before `setup` was called and a line of its level is logged. A program
that uses agentctl as a library calls `setup` if it wants the log; without it there is no file and no output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentctl.settings import LogSettings, load

if TYPE_CHECKING:
    from agentctl.log.writer import Writer

__all__ = ["debug", "error", "info", "setup", "warning"]

_LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}


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
    """The log as it was set up, and what writes it once there is a line."""

    def __init__(self, settings: LogSettings) -> None:
        self._settings = settings
        self._writer: Writer | None = None

    def log(self, level: str, message: str, exception: BaseException | None, fields: dict[str, object]) -> None:
        if _LEVELS[level] < _LEVELS[self._settings.level]:
            return
        if self._writer is None:
            from agentctl.log.writer import Writer  # noqa: PLC0415 - loguru takes 60 ms

            self._writer = Writer(self._settings)
        self._writer.write(level, message, exception, fields)

    def stop(self) -> None:
        if self._writer is not None:
            self._writer.stop()


_log: _Log | None = None
