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
        "search": "Find messages by their words.",
        "rename": "Give a conversation a name.",
        "tag": "Give a conversation tags, or take them away.",
        "rate": "Say how good an answer is, or let a grader say it.",
        "fork": "Copy a conversation, or its beginning, into a new one.",
        "branches": "List the branches of a conversation.",
        "switch": "Go on with another branch, or after an earlier message.",
        "compact": "Let a summary stand for the beginning of a conversation.",
        "tail": "Watch messages as they are stored.",
        "export": "Take conversations out.",
        "import": "Take conversations in.",
        "migrate": "Copy everything into another database.",
        "delete": "Put conversations in the trash.",
        "restore": "Take conversations out of the trash.",
        "purge": "Remove conversations in the trash for good.",
        "stats": "Count what is kept.",
        "verify": "Look for what is damaged, and set it aside.",
        "gc": "Clear away what nobody needs any more.",
    }


app = new_app("The conversations that are kept.", _Commands)


@app.callback()
def sessions() -> None:
    """The conversations that are kept."""
