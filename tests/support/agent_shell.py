"""Runs commands by the shell tool, as an agent does that has a secret in its environment.

    python agent_shell.py WORKSPACE ANSWERS COMMANDS

COMMANDS is a JSON list, in which `{agent}` stands for this process; the outcomes' contents go to the file ANSWERS, as a
JSON list.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from agentctl.tools.builtin.shell import Shell
from agentctl.tools.builtin.workspace import Workspace


async def answers() -> list[str]:
    """Run each command in turn."""
    shell = Shell(Workspace(Path(sys.argv[1])))
    contents = []
    for command in json.loads(sys.argv[3]):
        plan = await shell.plan({"command": command.replace("{agent}", str(os.getpid())), "timeout": 20})
        contents.append((await plan.run()).content)
    return contents


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(asyncio.run(answers())))
