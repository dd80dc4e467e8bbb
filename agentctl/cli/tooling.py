"""What a chat with tools is given on the command line, and how their calls are shown in the midst of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentctl.app import App
from agentctl.cli.render import print_diff, print_note
from agentctl.events import ToolFinished, ToolStarted

if TYPE_CHECKING:
    from agentctl.tools.base import Approver

_LONGEST = 160  # characters of a failure's first line


def names(text: str | None) -> list[str] | None:
    """The tools that `--tools` names, one after another with commas."""
    return None if text is None else [name.strip() for name in text.split(",")]


def user_at(wired: App) -> Approver | None:
    """The user to ask what tools may do, where there are tools and somebody at a terminal."""
    if not wired.settings.tools.use:
        return None
    from agentctl.cli.approval import Terminal, has_terminal  # noqa: PLC0415 - most questions need no tools

    return Terminal(wired.remembered.add) if has_terminal() else None


def show_start(event: ToolStarted) -> None:
    """Say what is done; whoever was asked has seen what it changes."""
    if event.decided_by != "user":
        print_note(f"▸ {event.summary}")
        print_diff(event.preview)


def show_end(event: ToolFinished) -> None:
    """Say how it ended."""
    name, seconds = event.call.name, f"{event.seconds:.1f} s"
    if event.state == "finished":
        fuel = event.details.get("fuel")
        print_note(f"  {name} · done · {seconds}" + (f" · {fuel:,} fuel" if fuel else ""))
        return
    code = event.details.get("exit_code")
    why = f"exit code {code}" if code else event.result.content.strip().partition("\n")[0][:_LONGEST]
    print_note(f"  {name} · {event.state} · {why}")


def as_line(event: ToolStarted | ToolFinished) -> dict[str, Any]:
    """The event as JSON output has it."""
    named = {"call_id": event.call.id, "name": event.call.name}
    if isinstance(event, ToolStarted):
        shown = {"summary": event.summary, "preview": event.preview, "decided_by": event.decided_by}
        return {"type": "tool_start", **named, **shown}
    return {
        "type": "tool_result",
        **named,
        "state": event.state,
        "content": event.result.content,
        "is_error": event.result.is_error,
        "duration_ms": round(event.seconds * 1000),
        "details": dict(event.details),
    }
