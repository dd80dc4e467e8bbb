"""The program `agentctl`: answers what needs no command line at once, then hands over to it."""

from __future__ import annotations

import errno
import gc
import os
import sys

from agentctl import __version__

_INTERRUPTED = 130


def main() -> None:
    """Run `agentctl` with the arguments of this process and exit."""
    _open_what_is_closed()
    try:
        code = _run(sys.argv[1:])
    except KeyboardInterrupt:  # while it starts or ends
        code = _INTERRUPTED
    local = sys.modules.get("agentctl.providers.local.server")
    if local:
        local.leave(code)  # unloading a busy model takes seconds, and the end of a process none
    sys.exit(code)


def _run(args: list[str]) -> int:
    if args[:1] == ["--version"]:
        try:
            os.write(1, f"agentctl {__version__}\n".encode())
        except OSError as error:
            return int(error.errno != errno.EPIPE)
        return 0
    # Imports make no garbage worth looking for: 4 % of the instructions to a first token.
    gc.set_threshold(100_000, 20, 20)
    for stream in (sys.stdout, sys.stderr):
        # A lone surrogate in a model's answer must not end the program.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    own = args[: args.index("--")] if "--" in args else args
    debug = "--debug" in own
    if debug:
        args.remove("--debug")
    from agentctl.cli.main import run  # noqa: PLC0415 - Typer takes longer to import than --version to answer

    return run(args, debug=debug)


def _open_what_is_closed() -> None:
    """Put nothing in the place of a standard stream that is closed, so that no file of ours takes its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free, which is this one
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w"))


if __name__ == "__main__":
    main()
