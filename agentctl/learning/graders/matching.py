"""A grader that looks for a regular expression, in a process that can be ended.

A regular expression may need a time exponential in the text, and does not let go of the interpreter meanwhile.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

from agentctl.errors import AgentctlError
from agentctl.learning.graders.grade import Grade, verdict, version

_SECONDS = 2.0
_SEARCH = "import json, re, sys; pattern, text = json.load(sys.stdin); print(re.search(pattern, text) is not None)"


@dataclass(frozen=True, slots=True)
class Regex:
    """Whether a pattern is found in an answer within two seconds. That takes 30 ms at least."""

    pattern: str
    name = "regex"

    @property
    def version(self) -> str:
        """See `Grader`."""
        return version(self.pattern)

    def grade(self, prompt: str, answer: str) -> Grade:  # noqa: ARG002 - others need it
        """See `Grader`."""
        command = (sys.executable, "-I", "-S", "-W", "ignore", "-c", _SEARCH)
        request = json.dumps([self.pattern, answer]).encode()
        try:
            done = subprocess.run(command, input=request, capture_output=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return Grade(0.0, f"the pattern was not found in {_SECONDS:g} s")
        except OSError as error:
            raise AgentctlError(f"can't look for a pattern: {error.strerror}", hint="end other programs") from error
        if done.returncode:
            raise AgentctlError("the process that looks for a pattern failed", hint="write a simpler pattern")
        return verdict(good=done.stdout.strip() == b"True", otherwise="the pattern is not in it")
