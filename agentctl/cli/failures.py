"""What went wrong, as the user is told it."""

from __future__ import annotations

from typer import Abort
from typer._click.exceptions import ClickException
from typer._click.exceptions import UsageError as ClickUsageError

from agentctl.errors import AgentctlError, InterruptError, UsageError


def explain(error: BaseException) -> AgentctlError:
    """The error of ours that stands for `error`, whatever it is."""
    match error:
        case AgentctlError():
            return error
        case KeyboardInterrupt() | Abort():
            return InterruptError()
        case ClickException():
            where = error.ctx.command_path if isinstance(error, ClickUsageError) and error.ctx else "agentctl"
            return UsageError(error.format_message(), hint=f"{where} --help")
        case OSError() if error.strerror:
            what = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
            return AgentctlError(what, hint="check the disk, permissions, and where the output goes")
    return AgentctlError(
        f"unexpected {type(error).__name__}: {error}", hint="run it again with --debug and report the traceback"
    )
