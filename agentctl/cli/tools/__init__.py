"""`agentctl tools`: what agents can use, and what they did with it. Each command is a module of this package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from agentctl.cli.group import LazyGroup, new_app


class _Commands(LazyGroup):
    package: ClassVar[str] = __name__
    names: ClassVar[Mapping[str, str]] = {
        "list": "List the components that were added, and their tools.",
        "inspect": "Show what a component offers, and what it asks for.",
        "run": "Call one function of a component, in a sandbox.",
        "add": "Add a component, so that agents can use its tools.",
        "remove": "Forget a component.",
        "migrate": "Make a component of a preview1 module.",
        "log": "Show what tools did, who allowed it, and how it ended.",
    }


app = new_app(
    "What agents can use, and what they did: components that may do only what you allow, and the trail.",
    _Commands,
)


@app.callback()
def tools() -> None:
    """What agents can use, and what they did: components that may do only what you allow, and the trail."""
