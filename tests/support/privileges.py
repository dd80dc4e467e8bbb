"""Runs agentctl without root's power to read and write where permissions forbid it."""

from __future__ import annotations

import ctypes
import os

from support.program import PATIENCE, Outcome, Program


def run_unprivileged(program: Program, *arguments: str) -> Outcome:
    """Run a command to its end as a user whom permissions stop."""
    with program.start(*arguments, preexec_fn=drop_privileges) as process:
        out, err = process.communicate(timeout=PATIENCE)
    return Outcome(process.returncode, out.decode(), err.decode())


def drop_privileges() -> None:
    """Take CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH from what the next program may have (prctl's PR_CAPBSET_DROP)."""
    if os.getuid() == 0:
        for capability in (1, 2):
            ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
