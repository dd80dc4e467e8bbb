"""How a program that is told to end cleans up first."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import os, sys
from agentctl import termination
with termination.raised():
    try:
        with termination.held():
            os.kill(os.getpid(), int(sys.argv[1]))
            print("held")
        print("ended too late")
    finally:
        print("cleaned up")
"""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_what_is_held_comes_at_the_end(number: signal.Signals, code: int) -> None:
    """What must not be cut in two is done to its end, then the program ends as it was told to."""
    command = [sys.executable, "-c", PROGRAM, str(int(number))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["held", "cleaned up"]
    assert done.returncode == code
