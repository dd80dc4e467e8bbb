"""`agentctl sessions`: the conversations that are kept. Each command is a module of this package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from agentctl.cli.group import LazyGroup, new_app


class _Commands(LazyGroup):
    package: ClassVar[str] = __name__
    names: ClassVar[Mapping[str, str]] = {
        "list": "List conversations, the one used last first.",
        "show": "Show a conversation.",
        "rename": "Give a conversation a name.",
        "migrate": "Copy everything into another database.",
        "search": "Find messages by their words.",
        "tail": "Watch messages as they are stored.",
        "export": "Take conversations out.",
        "import": "Take conversations in.",
    }


app = new_app("The conversations that are kept.", _Commands)


@app.callback()
def sessions() -> None:
    """The conversations that are kept."""
