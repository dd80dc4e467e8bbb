"""What MCP servers write, and the names under which a model knows their tools: `SERVER__TOOL`."""

from __future__ import annotations

from agentctl.tools.naming import offered_name

__all__ = ["offered_name", "printable"]


def printable(text: str, length: int) -> str:
    """What a server wrote as one line that no terminal takes for a command, up to `length` characters."""
    line = "".join(char if char.isprintable() else " " for char in text[: 4 * length])
    line = " ".join(line.split())
    return line if len(line) <= length else line[: length - 1] + "…"
