"""How a turn is shown: as text, as one JSON document, or as a line of JSON an event."""

from __future__ import annotations

import sys
import time
from decimal import Decimal
from typing import Any, Protocol

from agentctl.cli.decision import chosen, explain
from agentctl.cli.render import plain, print_json, print_json_line, print_note, printable
from agentctl.cli.tooling import as_line, show_end, show_start
from agentctl.economy.money import dollars, format_usd
from agentctl.errors import ExitCode
from agentctl.events import (
    AgentEvent,
    Decided,
    Failed,
    Finished,
    Notice,
    Receipt,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolFinished,
    ToolStarted,
)
from agentctl.usage import Usage

VERSION = 1  # of the event lines; a change that could break a reader raises it


class View(Protocol):
    """Shows one turn."""

    def begin(self, session_id: str | None, model: str) -> None:
        """The turn is about to run."""
        ...

    def show(self, event: AgentEvent) -> None:
        """Show one event; a `Failed` may come without `begin`.

        Raises:
            BrokenPipeError: nobody reads any more.
        """
        ...


class TextView:
    """The answer on stdout as it arrives, and one line about it on stderr."""

    def __init__(self, *, stream: bool, quiet: bool) -> None:
        self._stream = stream
        self._quiet = quiet
        self._started = 0.0
        self._last = ""
        self._thinking = False

    def begin(self, session_id: str | None, model: str) -> None:  # noqa: ARG002 - nothing is shown before the answer
        """The turn's time begins to count."""
        self._started = time.monotonic()
        self._last = ""

    def show(self, event: AgentEvent) -> None:
        """Show one event; an error itself is told by whoever catches it."""
        match event:
            case TextDelta(text) if self._stream:
                if self._thinking:
                    sys.stderr.write("\n")
                    self._thinking = False
                self._write(text)
            case ThinkingDelta(text) if self._stream and not self._quiet and sys.stderr.isatty():
                sys.stderr.write(printable(text, sys.stderr))
                self._thinking = True
            case Notice(text) if not self._quiet:
                print_note(text)
            case Decided() if not self._quiet:
                explain(event)
            case ToolCallDelta() | ToolStarted() | ToolFinished() if not self._quiet:
                self._show_tool(event)
            case Finished(message, receipt):
                if not self._stream and message:
                    self._write(message.text)
                self._end_line()
                self._summary(receipt, message.stop_reason if message else "cancelled")
            case Failed():
                self._end_line()

    def _show_tool(self, event: ToolCallDelta | ToolStarted | ToolFinished) -> None:
        if isinstance(event, ToolCallDelta) and not (event.name and sys.stderr.isatty()):
            return
        self._end_line()
        match event:
            case ToolCallDelta(name=str(name)):
                print_note(f"… {plain(name)}")  # its arguments may take a while to come
            case ToolStarted():
                show_start(event)
            case ToolFinished():
                show_end(event)

    def _write(self, text: str) -> None:
        sys.stdout.write(printable(text, sys.stdout))
        sys.stdout.flush()
        self._last = text or self._last

    def _end_line(self) -> None:
        if self._last and not self._last.endswith("\n"):
            sys.stdout.write("\n")
            sys.stdout.flush()
            self._last = ""

    def _summary(self, receipt: Receipt, stop_reason: str | None) -> None:
        if self._quiet:
            return
        usage = receipt.usage
        about = "" if receipt.status == "final" else "about "
        odd = [] if stop_reason == "end_turn" else [str(stop_reason).replace("_", " ")]
        session = dollars(receipt.session_cost)
        if receipt.session_cost is None and receipt.session_cost_known:
            session = f"{dollars(receipt.session_cost_known)} + unknown"
        parts = (
            *odd,
            receipt.model,
            f"{about}{usage.input} in ({usage.cache_read} cached)",
            f"{about}{usage.output} out",
            dollars(receipt.cost),
            f"session {session}",
            f"{time.monotonic() - self._started:.1f} s",
        )
        print_note(" · ".join(parts))


class JsonView:
    """One JSON document at the end."""

    def __init__(self) -> None:
        self._result = Result()

    def begin(self, session_id: str | None, model: str) -> None:
        """Nothing is shown before the end."""
        self._result.begin(session_id, model)

    def show(self, event: AgentEvent) -> None:
        """Show one event."""
        self._result.hear(event)
        if isinstance(event, Notice):
            print_note(event.text)
        elif isinstance(event, Finished | Failed):
            print_json(self._result.document(event))


class StreamJsonView:
    """A line of JSON for each event, `result` the last."""

    def __init__(self) -> None:
        self._result = Result()

    def begin(self, session_id: str | None, model: str) -> None:
        """Tell which session and model it is."""
        self._result.begin(session_id, model)
        self._line({"type": "session", "session_id": session_id, "model": model})

    def show(self, event: AgentEvent) -> None:
        """Show one event."""
        self._result.hear(event)
        match event:
            case TextDelta(text):
                self._line({"type": "text", "text": text})
            case ThinkingDelta(text) if text:
                self._line({"type": "thinking", "text": text})
            case ToolCallDelta(index, id_, name, arguments):
                self._line({"type": "tool_call", "index": index, "id": id_, "name": name, "arguments": arguments})
            case Notice(text):
                self._line({"type": "notice", "text": text})
            case Decided():
                self._line({"type": "decision", **chosen(event)})
            case ToolStarted() | ToolFinished():
                self._line(as_line(event))
            case Receipt():
                self._line({"type": "usage", **spent(event)})
            case Finished() | Failed():
                self._line({"type": "result", **self._result.document(event)})

    def _line(self, document: dict[str, Any]) -> None:
        print_json_line({"v": VERSION, **document})


class Result:
    """The closing document of a turn, timed from when this is made."""

    def __init__(self) -> None:
        self._session_id: str | None = None
        self._model: str | None = None
        self._decided: Decided | None = None
        self._turns = self._tool_calls = 0
        self._started = time.monotonic()

    def begin(self, session_id: str | None, model: str) -> None:
        """Learn which turn it is."""
        self._session_id, self._model = session_id, model

    def hear(self, event: AgentEvent) -> None:
        """Count the calls of the model and those of tools, and keep what was decided."""
        if isinstance(event, Decided):
            self._decided = event
        self._turns += isinstance(event, Receipt)
        self._tool_calls += isinstance(event, ToolFinished)

    def document(self, last: Finished | Failed) -> dict[str, Any]:
        """The document for a turn that ended so."""
        message, receipt = last.message, last.receipt
        document: dict[str, Any] = {
            "session_id": self._session_id,
            "model": self._model,
            "text": message.text if message else "",
            "stop_reason": _stop_reason(last),
            "turns": self._turns,
            "tool_calls": self._tool_calls,
            **(spent(receipt) if receipt else _NOTHING_SPENT),
            "duration_ms": round((time.monotonic() - self._started) * 1000),
        }
        if self._decided:
            document["decision"] = chosen(self._decided)
        if isinstance(last, Failed):
            document["error"] = last.error.as_json()
        return document


def _stop_reason(last: Finished | Failed) -> str | None:
    if isinstance(last, Failed) and last.error.code != ExitCode.sigint:
        return "error"
    return last.message.stop_reason if last.message else "cancelled"


def spent(receipt: Receipt) -> dict[str, Any]:
    """What a call used and cost, as JSON output has it."""
    return {
        "status": receipt.status,
        "usage": receipt.usage.buckets(),
        "cost_usd": usd(receipt.cost),
        "computed_cost_usd": usd(receipt.computed_cost),
        "reported_cost_usd": usd(receipt.reported_cost),
        "attempts": receipt.attempts,
        "session_cost_usd": usd(receipt.session_cost),
        "session_cost_known_usd": format_usd(receipt.session_cost_known),
    }


def usd(amount: Decimal | None) -> str | None:
    """Dollars as a decimal string, null if unknown."""
    return None if amount is None else format_usd(amount)


_NOTHING_SPENT = {
    "status": "final",
    "usage": Usage().buckets(),
    "cost_usd": "0",
    "computed_cost_usd": "0",
    "reported_cost_usd": None,
    "attempts": 0,
    "session_cost_usd": None,
    "session_cost_known_usd": None,
}
