"""Runs a command line and turns whatever goes wrong into one clear error and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from typer import Abort, Exit
from typer._click.exceptions import ClickException, NoArgsIsHelpError
from typer._click.exceptions import UsageError as ClickUsageError

from agentctl.cli.group import root
from agentctl.cli.render import forget_stdout, print_error
from agentctl.errors import AgentctlError, ExitCode, UsageError


def run(args: Sequence[str], *, debug: bool = False) -> int:
    """Run the command line `args` (without the program's name) and return its exit code.

    The only place that catches errors: nothing below prints one or exits.
    """
    try:
        command = root()
        with command.make_context("agentctl", list(args)) as context:
            command.invoke(context)
        sys.stdout.flush()
    except Exit as done:
        return done.exit_code
    except NoArgsIsHelpError as error:
        error.show()
        return ExitCode.usage
    except (KeyboardInterrupt, Abort):
        return ExitCode.sigint
    except BrokenPipeError:
        forget_stdout()
    except Exception as error:  # noqa: BLE001  # the boundary: a defect of ours still gets a clear line
        if debug:
            traceback_of(error)
        from agentctl import log  # noqa: PLC0415 - what works need not load it

        told = explain(error)
        print_error(told)
        log.error(told.message, kind=told.kind, exception=None if told is error else error)
        return told.code
    return ExitCode.ok


def explain(error: Exception) -> AgentctlError:
    """The error as the user is told it."""
    match error:
        case AgentctlError():
            return error
        case ClickException():
            where = error.ctx.command_path if isinstance(error, ClickUsageError) and error.ctx else "agentctl"
            return UsageError(error.format_message(), hint=f"{where} --help")
    return AgentctlError(
        f"unexpected {type(error).__name__}: {error}", hint="run it again with --debug and report the traceback"
    )


def traceback_of(error: Exception) -> None:
    """Print the whole traceback on stderr."""
    import traceback  # noqa: PLC0415

    traceback.print_exception(error)
