"""What a chat with tools is given on the command line, and how their calls are shown in the midst of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentctl.app import App
from agentctl.cli.render import plain, print_diff, print_note
from agentctl.errors import UsageError
from agentctl.events import ToolFinished, ToolStarted

if TYPE_CHECKING:
    from agentctl.tools.base import Approver

_LONGEST = 160  # characters of a failure's first line
_MOST_LINES = 200  # of a change that nobody is asked about; whoever is asked sees all of it


def names(text: str | None) -> list[str] | None:
    """The tools that `--tools` names, one after another with commas.

    Raises:
        UsageError: it names none.
    """
    if text is None:
        return None
    named = [name.strip() for name in text.split(",") if name.strip()]
    if not named:
        raise UsageError("--tools names no tool", hint="all, none, files, or names with commas between them")
    return named


def user_at(wired: App) -> Approver | None:
    """The user to ask what tools may do, where there are tools and somebody at a terminal."""
    if not wired.settings.tools.use:
        return None
    from agentctl.cli.approval import Terminal, has_terminal  # noqa: PLC0415 - most questions need no tools

    return Terminal(wired.remembered.add) if has_terminal() else None


def show_start(event: ToolStarted) -> None:
    """Say what is done; whoever was asked has seen what it changes."""
    if event.decided_by != "user":
        print_note(f"▸ {plain(event.summary)}")
        print_diff(event.preview, _MOST_LINES)


def show_end(event: ToolFinished) -> None:
    """Say how it ended."""
    name, seconds = plain(event.call.name), f"{event.seconds:.1f} s"
    if event.state == "finished":
        fuel = event.details.get("fuel")
        print_note(f"  {name} · done · {seconds}" + (f" · {fuel:,} fuel" if fuel else ""))
        return
    if event.state == "cancelled":
        print_note(f"  {name} · stopped · {seconds}")
        return
    code = event.details.get("exit_code")
    why = f"exit code {code}" if code else event.result.content.strip().partition("\n")[0][:_LONGEST]
    print_note(f"  {name} · {event.state} · {plain(why)}")


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
