"""Runs a command line and turns whatever goes wrong into one clear error and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from typer import Exit
from typer._click.exceptions import NoArgsIsHelpError

from agentctl.cli.failures import explain
from agentctl.cli.group import root
from agentctl.cli.render import forget, print_error
from agentctl.errors import ExitCode, UsageError


def run(args: Sequence[str], *, debug: bool = False) -> int:
    """Run the command line `args` (without the program's name) and return its exit code.

    The only place that catches errors: nothing below prints one or exits.
    """
    try:
        command = root()
        with command.make_context("agentctl", _take_database(list(args))) as context:
            command.invoke(context)
        sys.stdout.flush()
    except Exit as done:
        return done.exit_code
    except NoArgsIsHelpError as error:
        error.show()
        return ExitCode.usage
    except BrokenPipeError:
        forget(sys.stdout)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the boundary: a defect gets a clear line too
        return _fail(error, debug=debug)
    return ExitCode.ok


def _take_database(args: list[str]) -> list[str]:
    """Let `--db URL`, wherever it stands, be where this process finds the database; return the other arguments."""
    end = args.index("--") if "--" in args else len(args)
    place = next((n for n, one in enumerate(args[:end]) if one == "--db" or one.startswith("--db=")), None)
    if place is None:
        return args
    _, joined, url = args[place].partition("=")
    after = place + 1 if joined else place + 2
    if not joined:
        url = "".join(args[place + 1 : min(after, end)])
    if not url:
        raise UsageError("--db needs the URL of a database", hint="--db postgresql://USER@HOST/NAME")
    os.environ["AGENTCTL_DATABASE_URL"] = url  # which counts for more than any file
    return args[:place] + args[after:]


def _fail(error: Exception | KeyboardInterrupt, *, debug: bool) -> int:
    told = explain(error)
    if debug:
        traceback_of(error)
    if told.code == ExitCode.sigint:
        return told.code
    from agentctl import log  # noqa: PLC0415 - what works need not load it

    print_error(told)
    log.error(told.message, kind=told.kind, exception=None if told is error else error)
    if isinstance(error, OSError):
        forget(sys.stdout)  # should it be what is full, Python would fail once more at its end
    return told.code


def traceback_of(error: BaseException) -> None:
    """Print the whole traceback on stderr."""
    import traceback  # noqa: PLC0415

    traceback.print_exception(error)
