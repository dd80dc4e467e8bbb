"""The tool that finds lines in files."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from agentctl.errors import ToolError
from agentctl.messages import ToolSpec
from agentctl.tools.arguments import check
from agentctl.tools.base import Outcome, Plan
from agentctl.tools.builtin import worker
from agentctl.tools.builtin.schema import DIRECTORY, boolean, schema, string
from agentctl.tools.builtin.workspace import Workspace

_SECONDS = 20.0

_SPEC = ToolSpec(
    "grep",
    "Find lines in the files of the workspace by a regular expression of Python's `re`; each comes as "
    "`path:number: line`. What .gitignore leaves out, and binary files, are not looked at.",
    schema(
        pattern=string("the regular expression, matched anywhere in a line", longest=10_000, shortest=1),
        path={**DIRECTORY, "description": "a file or directory to look in; by default the workspace"},
        glob=string("only files of such paths or names, as `*.py`", longest=1000),
        ignore_case=boolean("take upper and lower case for the same"),
        required=("pattern",),
    ),
)


@dataclass(frozen=True, slots=True)
class Grep:
    """Finds lines by Python's own regular expressions: they are there everywhere, and the models know them well.

    They are matched in a process that is ended after `seconds`, for some patterns never come to an end.
    """

    workspace: Workspace
    seconds: float = _SECONDS
    spec: ToolSpec = _SPEC
    timeout: float | None = None

    async def plan(self, arguments: Mapping[str, Any]) -> Plan:
        """See `Tool`."""
        check(arguments, self.spec.parameters)
        path = await asyncio.to_thread(self.workspace.resolve, arguments.get("path", "."))
        request = {
            "root": str(self.workspace.root),
            "private": [str(place) for place in self.workspace.private.places],
            "path": path,
            "pattern": arguments["pattern"],
            "glob": arguments.get("glob", ""),
            "ignore_case": arguments.get("ignore_case", False),
        }
        return Plan(f"grep {arguments['pattern']!r} in {path}", path, "read", partial(self._run, request))

    async def _run(self, request: Mapping[str, Any]) -> Outcome:
        try:
            return Outcome(await worker.call("search", request, self.seconds))
        except ToolError as error:
            if error.reason != "timeout":
                raise
            hint = "narrow the path, or write the pattern without nested repeats"
            raise ToolError(f"the search was {error.message}", hint=hint, reason="timeout") from error
