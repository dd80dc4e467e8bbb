"""The agent's loop: ask, run tools, ask again. A real conversation, a real database, a scripted model."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support.tools import Person, Shelf, Task, Until, echo

from agentctl.conversation import Conversation, Options
from agentctl.economy.catalog import Catalog
from agentctl.errors import StorageError, ToolError, TurnLimitError
from agentctl.events import AgentEvent, Failed, Finished, Receipt, StreamEvent, ToolFinished, ToolStarted
from agentctl.messages import Message, user
from agentctl.providers.base import Request
from agentctl.providers.scripted import Scripted
from agentctl.recovery import recover
from agentctl.settings.values import ModelOverride, ToolSettings
from agentctl.store import sessions, toolcalls
from agentctl.store.base import Database
from agentctl.store.open import connect
from agentctl.target import Target
from agentctl.toolkit import Toolkit
from agentctl.tools.approval import Policy, Rules
from agentctl.tools.base import Outcome

Line = dict[str, Any]


def call(tool: str, id_: str = "c0", **arguments: Any) -> Line:
    """A line of a script that calls a tool."""
    return {"type": "tool_call", "id": id_, "name": tool, "arguments": arguments}


def says(text: str) -> Line:
    """A line of a script that says something."""
    return {"type": "text", "text": text}


DONE: Line = {"type": "done"}
USED: Line = {"type": "usage", "uncached_input": 10, "output": 5}


class Watched(Scripted):
    """A scripted model that remembers what it was asked last."""

    last: Request | None = None

    async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        """Play the answer."""
        self.last = request
        async with aclosing(super().stream(request)) as events:
            async for event in events:
                yield event


@dataclass
class Chat:
    """A conversation with a script and tools."""

    path: Path
    db: Database = field(default_factory=lambda: connect(":memory:"))
    settings: ToolSettings = field(default_factory=lambda: ToolSettings(use=("all",)))
    person: Person = field(default_factory=Person)
    keep: bool = True
    session_id: str | None = None

    def __post_init__(self) -> None:
        self.notes: list[str] = []
        self.model = Watched()
        self.conversation: Conversation | None = None

    def play(self, *lines: Line) -> None:
        """Write the script."""
        self.path.write_text("\n".join(map(json.dumps, lines)))

    def open(self, *tools: Task) -> Conversation:
        """Open the conversation with these tools."""
        model = str(self.path)
        catalog = Catalog({f"scripted/{model}": ModelOverride(input=Decimal(1), output=Decimal(10))})
        target = Target(self.model, model, catalog.find(f"scripted/{model}"))
        toolkit = Toolkit(self.settings, [Shelf(tools)], Policy("ask", Rules(), self.person))
        self.conversation = Conversation(
            self.db,
            catalog,
            target,
            Options(),
            session_id=self.session_id,
            keep=self.keep,
            tools=toolkit if tools else None,
        )
        return self.conversation

    def run(self, *tools: Task, say: str = "hi", stop: asyncio.Event | None = None) -> list[AgentEvent]:
        """Run a turn; it is cancelled once `stop` is set."""
        conversation = self.conversation or self.open(*tools)
        return asyncio.run(self._run(conversation, say, stop))

    async def _run(self, conversation: Conversation, say: str, stop: asyncio.Event | None) -> list[AgentEvent]:
        await conversation.prepare(self.notes.append)
        with conversation.turn(user(say), self.notes.append) as events:
            turn = asyncio.create_task(_collect(events))
            if stop:
                await stop.wait()
                turn.cancel()
            return await turn

    @property
    def said(self) -> list[Message]:
        """What is stored of the session."""
        assert self.conversation
        assert self.conversation.session_id
        session_id = self.conversation.session_id
        return self.db.read(lambda tx: [one.message for one in sessions.thread(tx, sessions.get(tx, session_id))])

    @property
    def audit(self) -> list[Any]:
        """The audit trail, oldest first."""
        return self.db.read(lambda tx: toolcalls.latest(tx, 100))[::-1]


async def _collect(events: AsyncGenerator[AgentEvent, None]) -> list[AgentEvent]:
    async with aclosing(events):
        return [event async for event in events]


def results(messages: Sequence[Message]) -> list[tuple[str, str, bool]]:
    """The tool results in a conversation."""
    return [(part.call_id, part.content, part.is_error) for message in messages for part in message.results]


@pytest.fixture
def chat(tmp_path: Path) -> Chat:
    """A conversation whose script is yet to be written."""
    return Chat(tmp_path / "script.jsonl")


def test_a_tool_is_run_and_its_result_goes_back(chat: Chat) -> None:
    """The turn ends when the model calls no more tools; all of it is stored, and its whole cost is told."""
    chat.play(call("echo", text="pong"), USED, DONE, says("It said pong."), USED, DONE)
    tool = Task()
    events = chat.run(tool)
    assert [type(event) for event in events if isinstance(event, ToolStarted | ToolFinished | Finished)] == [
        ToolStarted,
        ToolFinished,
        Finished,
    ]
    assert tool.ran == [{"text": "pong"}]
    assert [message.role for message in chat.said] == ["user", "assistant", "tool", "assistant"]
    assert results(chat.said) == [("c0", "pong", False)]
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.message is not None
    assert last.message.text == "It said pong."
    assert (last.receipt.usage.input, last.receipt.usage.output) == (20, 10)
    assert last.receipt.cost == last.receipt.session_cost == Decimal("0.00012")
    assert [event.cost for event in events if isinstance(event, Receipt)] == [Decimal("0.00006")] * 2


def test_calls_that_change_nothing_run_side_by_side(chat: Chat) -> None:
    """Two calls that wait for each other both end."""
    first, second = asyncio.Event(), asyncio.Event()

    async def meet(arguments: Any) -> Outcome:
        mine, other = (first, second) if arguments["text"] == "1" else (second, first)
        mine.set()
        await other.wait()
        return Outcome(f"met {arguments['text']}")

    chat.play(call("meet", "a", text="1"), call("meet", "b", text="2"), DONE, says("ok"))
    chat.run(Task("meet", meet))
    assert results(chat.said) == [("a", "met 1", False), ("b", "met 2", False)]


def test_what_changes_something_runs_alone_and_in_its_place(chat: Chat) -> None:
    """A change waits for the reads before it, and what comes after it is planned once it is done."""
    order: list[str] = []

    async def slowly(arguments: Any) -> Outcome:
        order.append(f"begin {arguments['text']}")
        for _ in range(20):
            await asyncio.sleep(0)
        order.append(f"end {arguments['text']}")
        return Outcome("")

    chat.play(call("read", "a", text="a"), call("write", "b", text="b"), call("read", "c", text="c"), DONE, says("ok"))
    chat.run(Task("read", slowly), Task("write", slowly, "write"))
    assert order == ["begin a", "end a", "begin b", "end b", "begin c", "end c"]


def test_what_is_not_allowed_is_not_run_and_the_model_is_told(chat: Chat) -> None:
    """A refusal is a result like any other; the audit trail has who refused."""
    chat.person.allows = False
    chat.play(call("write", text="x"), DONE, says("Then not."))
    tool = Task("write", effect="write", preview="+x")
    events = chat.run(tool)
    assert tool.ran == []
    assert not [event for event in events if isinstance(event, ToolStarted)]
    assert [(asked.tool, asked.plan.preview) for asked in chat.person.asked] == [("write", "+x")]
    assert results(chat.said) == [("c0", "Not allowed: the user said no", True)]
    assert [(row["state"], row["decided_by"], row["effect"]) for row in chat.audit] == [("refused", "user", "write")]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (call("unknown"), "there is no tool 'unknown'"),
        ({"type": "tool_call", "id": "c0", "name": "echo", "arguments": '{"text": '}, "the arguments are not JSON"),
        ({"type": "tool_call", "id": "c0", "name": "echo", "arguments": "[1]"}, "the arguments are not a JSON object"),
        ({"type": "tool_call", "id": "c0", "name": "echo", "arguments": "[" * 9000}, "the arguments are not JSON"),
        (call("denied"), "out of bounds\nstay inside"),
        (call("fails"), "no luck"),
        (call("breaks"), "The tool broke: KeyError: 'x'"),
        (call("slow"), "Stopped: it took longer than 0.01 s."),
        (call("exits"), "exit code 1"),
    ],
)
def test_whatever_goes_wrong_with_a_call_is_its_result(chat: Chat, line: Line, told: str) -> None:
    """The model hears of it, and the turn goes on."""

    async def fail(_: Any) -> Outcome:
        raise ToolError("no luck")

    async def break_(_: Any) -> Outcome:
        raise KeyError("x")

    async def exit_(_: Any) -> Outcome:
        return Outcome("exit code 1", is_error=True, details={"exit_code": 1})

    chat.play(line, DONE, says("I see."))
    slow = Until()
    chat.run(
        Task(),
        Task("denied", unplanned=ToolError("out of bounds", hint="stay inside", reason="denied")),
        Task("fails", fail),
        Task("breaks", break_),
        Task("slow", slow, timeout=0.01),
        Task("exits", exit_),
    )
    ((call_id, content, is_error),) = results(chat.said)
    assert (call_id, is_error) == ("c0", True)
    assert content.startswith(told)
    assert slow.stopped is (line["name"] == "slow")
    assert chat.said[-1].text == "I see."
    assert [row["state"] for row in chat.audit] == ["failed"]


def test_stopping_the_turn_stops_its_tools_first(chat: Chat) -> None:
    """What runs is stopped before the turn ends, what was not begun is not run, and every call has its result."""
    waits, never = Until(), Task("write", effect="write")
    chat.play(call("wait", "a"), call("write", "b", text="x"), DONE, says("never said"))
    events = chat.run(Task("wait", waits), never, stop=waits.begun)
    assert waits.stopped
    assert never.ran == []
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.message is not None
    assert last.message.stop_reason == "cancelled"
    assert [(one, is_error) for one, _, is_error in results(chat.said)] == [("a", True), ("b", True)]
    assert [row["state"] for row in chat.audit] == ["cancelled", "skipped"]


def test_after_a_stop_the_conversation_goes_on(chat: Chat) -> None:
    """The next turn knows what was stopped."""
    waits = Until()
    chat.play(call("wait"), DONE, says("on we go"), DONE)
    chat.run(Task("wait", waits), stop=waits.begun)
    last = chat.run(say="go on")[-1]
    assert isinstance(last, Finished)
    assert [message.role for message in chat.said] == ["user", "assistant", "tool", "user", "assistant"]


def test_a_turn_ends_at_its_limit(chat: Chat) -> None:
    """The calls of the last answer are not run, have results that say so, and the error names the way on."""
    chat.settings = ToolSettings(use=("all",), max_turns=2)
    tool = Task()
    chat.play(*[call("echo", text="again"), DONE] * 3)
    last = chat.run(tool)[-1]
    assert isinstance(last, Failed)
    assert isinstance(last.error, TurnLimitError)
    assert len(tool.ran) == 1
    assert [is_error for _, _, is_error in results(chat.said)] == [False, True]
    assert [row["state"] for row in chat.audit] == ["finished", "skipped"]


def test_a_long_result_is_read_by_pages(chat: Chat) -> None:
    """The model is told the beginning and how to read on; pages are never cut again, and ids may repeat."""
    chat.settings = ToolSettings(use=("all",), max_result=100)
    lines = "".join(f"line {number}\n" for number in range(40))
    chat.play(call("echo", "same", text=lines), call("echo", "same", text=lines.upper()), DONE, says("ok"), DONE)
    chat.run(Task())
    first, second = (content for _, content, _ in results(chat.said))
    handles = [re.search(r"result='([^']+)', offset=94\)\]$", told) for told in (first, second)]
    assert all(handles)
    one, other = (found[1] for found in handles if found)
    assert first.startswith(lines[:94])
    assert f"[characters 0 to 94 of {len(lines)}; go on with" in first
    chat.play(
        *[says(""), DONE, says(""), DONE],
        call("read_result", "same", result=one, offset=94),
        call("read_result", "same", result=other, offset=200),
        call("read_result", "same", result="nothing", offset=0),
        DONE,
        says("ok"),
    )
    chat.run(say="more")
    *_, page, last, wrong = (content for _, content, _ in results(chat.said))
    assert page.startswith(lines[94:180])
    assert f"result='{one}', offset=" in page
    assert last.startswith(lines.upper()[200:280])
    assert "there is no result 'nothing'" in wrong
    session_id = chat.audit[0]["session_id"]
    assert chat.db.read(lambda tx: toolcalls.output(tx, session_id, one)) == lines
    later = Chat(chat.path, chat.db, chat.settings, session_id=session_id)
    later.play(*[says(""), DONE] * 4, call("read_result", "p", result=other, offset=300), DONE, says("ok"), DONE)
    later.run(Task())
    assert results(later.said)[-1] == ("p", lines.upper()[300:], False)


@pytest.mark.parametrize("line", [call("echo", text="\ud83d"), call("ec\udc00o"), call("echo", "c\udfff", text="x")])
def test_half_a_character_ends_no_turn(chat: Chat, line: Line) -> None:
    """A lone surrogate in the arguments, the name or the id of a call is at most that call's failure."""
    chat.play(line, DONE, says("fine"), DONE)
    tool = Task()
    last = chat.run(tool)[-1]
    assert isinstance(last, Finished)
    assert chat.said[-1].text == "fine"
    assert len(results(chat.said)) == 1
    assert tool.ran == ([{"text": "x"}] if line["id"] != "c0" else [])


def test_what_is_not_kept_leaves_no_words_in_the_trail(chat: Chat) -> None:
    """The trail says what was done, and nothing of what was said; the model remembers both in the next turn."""
    chat.keep = False
    chat.play(call("echo", text="secret"), DONE, says("one"), DONE, says("two"), DONE)
    chat.run(Task())
    chat.run(say="again")
    assert chat.model.last
    assert results(chat.model.last.messages) == [("c0", "secret", False)]
    (row,) = chat.audit
    assert (row["state"], row["arguments"], row["result"], row["session_id"]) == ("finished", None, None, None)


def test_a_conversation_without_tools_answers_calls_of_before(chat: Chat) -> None:
    """Calls that nobody could run get a result as soon as something else is said."""
    chat.play(call("echo"), DONE, says("fine"), DONE)
    chat.run()
    assert results(chat.said) == []
    chat.run(say="go on")
    assert [message.role for message in chat.said] == ["user", "assistant", "tool", "user", "assistant"]
    assert results(chat.said) == [("c0", "This was not run: there were no tools here.", True)]


def test_an_answer_that_breaks_off_in_a_call_runs_nothing(chat: Chat) -> None:
    """Half a call is no call: it gets a result that says so."""
    tool = Task()
    chat.play(call("echo", text="x"), {"type": "error", "message": "the connection broke"})
    assert isinstance(chat.run(tool)[-1], Failed)
    assert tool.ran == []
    assert results(chat.said) == [("c0", "This was not run: the answer broke off.", True)]


@pytest.mark.parametrize(
    ("reached", "told"),
    [
        ("asked", toolcalls.SKIPPED),
        ("started", toolcalls.LOST),
        ("ended", "pong"),
    ],
)
def test_a_crash_in_the_midst_of_a_call_leaves_no_orphan(chat: Chat, tmp_path: Path, reached: str, told: str) -> None:
    """What had ended has its result; what was running may have had an effect, and the model is told so."""
    path = tmp_path / "data.db"
    chat.db = connect(f"sqlite:///{path}")
    chat.play(call("echo", text="pong"), DONE, says("never"))

    class Crash(BaseException):
        """The process is gone."""

    async def crash(_: Any) -> Outcome:
        raise Crash

    class Asks(Person):
        async def decide(self, asked: Any) -> Any:
            raise Crash

    if reached == "asked":
        chat.person = Asks()
    conversation = chat.open(Task("echo", crash if reached == "started" else echo, "write"))
    with pytest.raises(Crash):
        asyncio.run(_until_crash(conversation, ended=reached == "ended", error=Crash))
    session_id = conversation.session_id
    assert session_id
    db = connect(f"sqlite:///{path}")
    recover(db, Catalog())
    said = db.read(lambda tx: [one.message for one in sessions.thread(tx, sessions.get(tx, session_id))])
    assert [message.role for message in said] == ["user", "assistant", "tool"]
    assert [content for _, content, _ in results(said)] == [told]
    assert db.read(toolcalls.open_rounds) == []


async def _until_crash(conversation: Conversation, *, ended: bool, error: type[BaseException]) -> None:
    await conversation.prepare(lambda _: None)
    with conversation.turn(user("hi"), lambda _: None) as events:
        async for event in events:
            if ended and isinstance(event, ToolFinished):
                raise error


def test_a_call_that_can_not_be_recorded_is_not_run(chat: Chat, tmp_path: Path) -> None:
    """No trail, no deed: with the database gone nothing is done, and the turn fails."""
    tool = Task("write", effect="write")
    chat.play(call("write", text="x"), DONE, says("never"))

    class Closes(Person):
        async def decide(self, asked: Any) -> Any:
            chat.db.close()
            return await super().decide(asked)

    chat.person = Closes()
    chat.db = connect(f"sqlite:///{tmp_path / 'data.db'}")
    last = chat.run(tool)[-1]
    assert isinstance(last, Failed)
    assert isinstance(last.error, StorageError)
    assert tool.ran == []


def test_an_unknown_tool_in_the_settings_is_refused_with_what_there_is(chat: Chat) -> None:
    """A misspelt name is an error that lists the right ones."""
    chat.settings = ToolSettings(use=("ecco",))
    conversation = chat.open(Task())
    with pytest.raises(Exception, match="there is no tool 'ecco'") as caught:
        asyncio.run(conversation.prepare(lambda _: None))
    assert "echo" in str(getattr(caught.value, "hint", ""))
