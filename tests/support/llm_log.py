"""Lets `llm` (https://llm.datasette.io) write a log of conversations, through its own library.

Run as a program with the path of the log and, to go on with the conversation `long`, the word `more`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import llm
import sqlite_utils
from llm.parts import StreamEvent

PIXEL = b"\x89PNG\r\n\x1a\n0000"


class Parrot(llm.Model):
    """Answers with what it is asked, and calls a tool when it is told to."""

    model_id = "gpt-parrot"
    can_stream = True
    attachment_types = {"image/png", "text/plain"}  # noqa: RUF012 - so has its base
    supports_tools = True
    supports_schema = True

    class Options(llm.Options):
        """What it can be told."""

        temperature: float | None = None

    def execute(self, prompt: Any, stream: bool, response: Any, conversation: Any) -> Iterator[Any]:
        """Answer."""
        response.set_usage(input=11, output=7, details={"cached": 3})
        response.set_resolved_model("gpt-parrot-2026")
        response.response_json = {"id": "raw-1", "echo": prompt.prompt}
        yield StreamEvent(type="reasoning", chunk="a thought", provider_metadata={"openai": {"sealed": "xyz"}})
        if prompt.tools and not prompt.tool_results:
            response.add_tool_call(llm.ToolCall(tool_call_id="call-1", name="upper", arguments={"text": "ok"}))
            yield StreamEvent(type="text", chunk="calling")
        else:
            yield StreamEvent(type="text", chunk=f"you said {prompt.prompt}")


def upper(text: str) -> str:
    """Convert to upper case."""
    return text.upper()


def write(path: Path, *, more: bool) -> None:
    """Log conversations, each with something of its own."""
    database, model = sqlite_utils.Database(path), Parrot()
    conversation = llm.Conversation(model=model, id="long", name="a long talk")
    _log(conversation.prompt("first", system="be brief", temperature=0.5), database)
    _log(conversation.prompt("second"), database)
    if more:
        _log(conversation.prompt("third"), database)
    else:
        _single(model, path, database)
    database.conn.close()


def _log(response: Any, database: Any) -> None:
    response.text()  # an answer is only asked for when it is read
    response.log_to_db(database)


def _single(model: Parrot, path: Path, database: Any) -> None:
    text = llm.Fragment(  # type: ignore[no-untyped-call]
        "a text of a fragment that is long enough", "https://example.org/text"
    )
    attached = [
        llm.Attachment(type="image/png", content=PIXEL),
        llm.Attachment(type="image/png", url="https://example.org/a.png"),
        llm.Attachment(type="text/plain", path=str(path.with_suffix(".txt"))),
    ]
    path.with_suffix(".txt").write_text("a secret")
    _log(model.prompt("about it", fragments=[text], attachments=attached), database)
    schema = {"type": "object", "properties": {"name": {"type": "string"}}}
    _log(model.prompt("as JSON", schema=schema), database)
    chain = llm.Conversation(model=model, id="tools", tools=[upper]).chain("use a tool")
    chain.text()
    chain.log_to_db(database)


if __name__ == "__main__":
    write(Path(sys.argv[1]), more=sys.argv[2:] == ["more"])
