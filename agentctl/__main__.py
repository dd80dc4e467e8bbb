"""The program `agentctl`: answers what needs no command line at once, then hands over to it."""

from __future__ import annotations

import gc
import sys

from agentctl import __version__


def main() -> None:
    """Run `agentctl` with the arguments of this process and exit."""
    args = sys.argv[1:]
    if args[:1] == ["--version"]:
        sys.stdout.write(f"agentctl {__version__}\n")
        return
    # Imports make no garbage worth looking for: 4 % of the instructions to a first token.
    gc.set_threshold(100_000, 20, 20)
    for stream in (sys.stdout, sys.stderr):
        # A lone surrogate in a model's answer must not end the program; the escape is valid in JSON too.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    own = args[: args.index("--")] if "--" in args else args
    debug = "--debug" in own
    if debug:
        args.remove("--debug")
    from agentctl.cli.main import run  # noqa: PLC0415  # Typer takes longer to import than --version to answer

    sys.exit(run(args, debug=debug))


if __name__ == "__main__":
    main()
