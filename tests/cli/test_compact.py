"""Conversations that outgrow their model, and go on."""

from __future__ import annotations

import json
import shlex
import signal
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from support.completions import completion, event, opening
from support.program import AGENTCTL, PATIENCE, Program
from support.schemas import validate
from support.server import Recorded, Server, Stall, Step, sse, stream
from support.tmux import Terminal

from agentctl.app import App
from agentctl.messages import Message, Text, load, user
from agentctl.store import sessions

PRICES = """
model = "compatible/m"
base_url = "{url}/v1"
[models."compatible/m"]
input = "1"
output = "10"
window = {window}
"""
LONG = "All work and no play makes Jack a dull boy. " * 60
TASK = "You summarise a conversation"


def _is_task(request: Recorded) -> bool:
    return bool(request.json["messages"][0]["content"].startswith(TASK))


def answers(summary: str = "Jack is dull.", finish: str = "stop") -> Callable[[Recorded], list[Step]]:
    """A model that says how many messages it was shown, or the summary when it is asked for one."""

    def say(request: Recorded) -> list[Step]:
        usage = {"prompt_tokens": 1000, "completion_tokens": 30}
        if _is_task(request):
            return completion(summary, usage=usage, finish=finish)
        return completion(f"shown {len(request.json['messages'])}", usage=usage)

    return say


@pytest.fixture
def server() -> Iterator[Server]:
    """A model that makes short summaries."""
    with Server(answers()) as running:
        yield running


def _talked(program: Program, server: Server, turns: int, window: int = 100_000, *more: Message) -> str:
    """A session of so many long turns, and what else was said in it."""
    _configure(program, server, window)
    said = [
        message for turn in range(turns) for message in (user(f"question {turn}: {LONG}"), _answer(f"answer {turn}"))
    ]
    app = App(program.environment)
    session = app.database.write(sessions.create)
    for message in (*said, *more):
        session, _ = app.database.write(lambda tx, at=session, one=message: sessions.append(tx, at, one))  # type: ignore[misc]
    app.database.close()
    return session.id


def _answer(text: str) -> Message:
    return Message("assistant", (Text(text),), "compatible/m", "end_turn")


def _configure(program: Program, server: Server, window: int) -> None:
    program.configure(PRICES.format(url=server.url, window=window))


def _shown(program: Program, session: str) -> list[dict[str, Any]]:
    shown = program.run("sessions", "show", session, "--json").json
    validate("sessions-show", shown)
    messages: list[dict[str, Any]] = shown["messages"]
    return messages


def test_a_summary_stands_for_what_was_said(program: Program, server: Server) -> None:
    """What is sent is the summary and the kept turns; what was said is all there, and the price is told and booked."""
    session = _talked(program, server, 4)
    before = _shown(program, session)
    spent = Decimal(program.run("cost", "--json").json["cost_usd"])
    done = program.run("sessions", "compact", session, "--instructions", "name the boy", "--max-cost", "1", "--json")
    assert done.code == 0, done.err
    validate("sessions-compact", done.json)
    assert (done.json["messages"], done.json["kept"], done.json["calls"]) == (4, 4, 1)
    assert done.json["summary_tokens"] < done.json["tokens"]
    assert "summarises 4 messages" in done.err
    assert "compacted 4 messages" in done.err
    asked = server.requests[-1].json["messages"]
    assert "question 1" in asked[1]["content"]
    assert "question 2" not in asked[1]["content"]
    assert "name the boy" in asked[1]["content"]
    assert Decimal(program.run("cost", "--json").json["cost_usd"]) - spent == Decimal("0.0013")
    after = _shown(program, session)
    assert after[:-1] == before
    assert after[-1]["summary"] == {"text": "Jack is dull.", "kept": 4}
    assert "[summary of what was said before message 5]\nJack is dull." in program.run("sessions", "show", session).out
    program.run("chat", "-r", session, "and now?")
    sent = [message["content"] for message in server.requests[-1].json["messages"]]
    assert "<summary>\nJack is dull.\n</summary>" in sent[0]
    assert sent[0].endswith(f"question 2: {LONG}")
    assert sent[1:] == ["answer 2", f"question 3: {LONG}", "answer 3", "and now?"]


def test_it_can_be_done_again(program: Program, server: Server) -> None:
    """The second summary is made of the first one and what followed, and stands for both."""
    session = _talked(program, server, 3)
    program.run("sessions", "compact", session, "--keep", "1")
    program.run("chat", "-r", session, "more")
    assert program.run("sessions", "compact", session, "--keep", "0").code == 0
    text = server.requests[-1].json["messages"][1]["content"]
    assert "[summary of what was said before]\nJack is dull." in text
    assert "question 1" not in text
    assert "more" in text
    program.run("chat", "-r", session, "on")
    assert len(server.requests[-1].json["messages"]) == 1
    nothing = program.run("sessions", "compact", session, "--keep", "5")
    assert (nothing.code, "nothing to summarise" in nothing.err) == (2, True)


@pytest.mark.parametrize(
    ("summary", "finish", "why"),
    [("", "stop", "gave no summary"), ("cut", "length", "was cut off"), (LONG * 5, "stop", "no less than")],
)
def test_a_bad_summary_changes_nothing(program: Program, summary: str, finish: str, why: str) -> None:
    """Empty, cut off or no shorter: it is refused and paid for, and the conversation is as it was."""
    with Server(answers(summary, finish)) as server:
        session = _talked(program, server, 2)
        before = _shown(program, session)
        spent = Decimal(program.run("cost", "--json").json["cost_usd"])
        done = program.run("sessions", "compact", session, "--keep", "1")
        assert (done.code, why in done.err, "hint:" in done.err) == (1, True, True), done.err
        assert _shown(program, session) == before
        assert Decimal(program.run("cost", "--json").json["cost_usd"]) > spent


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_an_end_amid_the_summary_changes_nothing(program: Program, number: signal.Signals, code: int) -> None:
    """Interrupted or killed, what came is charged, the conversation is as it was, and it can be gone on with."""
    first = answers()
    with Server(lambda one: opening("half a", then=[Stall()]) if _is_task(one) else first(one)) as server:
        session = _talked(program, server, 2)
        before = _shown(program, session)
        process = program.start("sessions", "compact", session, "--keep", "1")
        while not any(map(_is_task, server.requests)):
            assert process.poll() is None
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == code, err
        assert _shown(program, session) == before
        assert Decimal(program.run("cost", "--json").json["cost_usd"]) > 0
        assert program.run("chat", "-r", session, "on").code == 0


def test_no_more_is_spent_than_allowed(program: Program, server: Server) -> None:
    """--max-cost refuses before anything is sent."""
    session = _talked(program, server, 3)
    done = program.run("sessions", "compact", session, "--max-cost", "0.00001")
    assert (done.code, "hint:" in done.err) == (5, True)
    assert not any(map(_is_task, server.requests))


def test_a_script_is_told_the_way_out(program: Program, server: Server) -> None:
    """What no longer fits leaves with 6 and the command that helps, and `--compact auto` goes on by itself."""
    session = _talked(program, server, 3)
    _configure(program, server, 2_500)
    refused = program.run("chat", "-r", session, "-o", "json", "and now?")
    assert refused.code == 6
    assert f"agentctl sessions compact {session}" in refused.json["error"]["hint"]
    done = program.run("chat", "-r", session, "--compact", "auto", "-o", "json", "and now?")
    assert done.code == 0, done.err
    validate("chat-result", done.json)
    assert done.json["text"].startswith("shown")
    assert "compacted" in done.err
    assert [message["text"] for message in _shown(program, session)][-2:] == ["and now?", done.json["text"]]


def test_what_is_not_kept_is_compacted_for_the_moment(program: Program, server: Server) -> None:
    """With --no-save the summary is made and used, and the session is as it was."""
    session = _talked(program, server, 3, 2_500)
    before = _shown(program, session)
    done = program.run("chat", "-r", session, "--no-save", "--compact", "auto", "-q", "and now?")
    assert (done.code, "shown" in done.out, done.err) == (0, True, "")
    assert "<summary>" in server.requests[-1].json["messages"][0]["content"]
    assert _shown(program, session) == before


def test_a_turn_that_outgrows_the_model_on_its_way_goes_on(program: Program) -> None:
    """What a tool brought is too much for what was said before: that is summarised, and the same turn goes on."""
    (program.home / "big.txt").write_text(f"{LONG}\n" * 3)
    call = {"index": 0, "id": "c1", "type": "function", "function": {"name": "read", "arguments": '{"path":"big.txt"}'}}
    plain = answers()

    def say(request: Recorded) -> list[Step]:
        said = request.json["messages"]
        if _is_task(request) or said[-1]["role"] == "tool":
            return plain(request)
        return stream(*sse(event({"role": "assistant", "tool_calls": [call]}), event(finish="tool_calls"), "[DONE]"))

    with Server(say) as server:
        session = _talked(program, server, 4, 9_000)
        done = program.run("chat", "-r", session, "--compact", "auto", "-t", "files", "--approve", "auto", "read it")
        assert (done.code, "compacted" in done.err) == (0, True), done.err
        sent = server.requests[-1].json["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "user", "assistant", "tool"]
    assert ("<summary>" in sent[0]["content"], sent[2]["content"]) == (True, "read it")
    roles = [message["role"] for message in _shown(program, session)]
    assert roles[-5:] == ["user", "assistant", "tool", "user", "assistant"]


def test_a_message_that_is_too_long_by_itself(program: Program, server: Server) -> None:
    """No summary helps: 6 and why, and nothing is spent on one."""
    session = _talked(program, server, 2)
    _configure(program, server, 2_000)
    done = program.run("chat", "-r", session, "--compact", "auto", LONG * 20)
    assert (done.code, "by itself" in done.err) == (6, True), done.err
    assert not any(map(_is_task, server.requests))


def test_what_does_not_fit_at_once_is_summarised_in_pieces(program: Program, server: Server) -> None:
    """Each request fits the model, the last one is about the summaries, and the number of calls was told before."""
    session = _talked(program, server, 5)
    _configure(program, server, 2_500)
    done = program.run("sessions", "compact", session, "--keep", "0", "--json")
    assert done.code == 0, done.err
    asked = [request.json["messages"][1]["content"] for request in server.requests if _is_task(request)]
    assert len(asked) == done.json["calls"] > 2
    assert "[part 1 of" in asked[-1]
    assert all(any(f"question {turn}" in text for text in asked) for turn in range(5))


def test_the_offer_is_answered_in_a_terminal(program: Program, server: Server) -> None:
    """Asked, the user says no and is told why the turn ends; says yes, and the turn goes on; `/compact` asks nobody."""
    session = _talked(program, server, 3)
    _configure(program, server, 2_500)
    line = shlex.join([str(AGENTCTL), "chat", "-r", session])
    with Terminal(program.home / "tmux", line, cwd=program.home, environ=program.environment) as terminal:
        terminal.wait("> ")
        terminal.type("and now?", "Enter")
        screen = terminal.wait("Compact it? [Y/n]")
        assert "The conversation no longer fits compatible/m (" in screen
        assert "about $" in screen
        terminal.type("n", "Enter")
        terminal.wait("agentctl sessions compact")
        assert not any(map(_is_task, server.requests))
        terminal.type("and now?", "Enter")
        terminal.wait("Compact it? [Y/n]", 2)
        terminal.type("", "Enter")
        terminal.wait("into")
        terminal.wait("shown")
        terminal.wait("session $")
        terminal.type("go on", "Enter")
        terminal.wait("session $", 2)
        terminal.type("/compact be brief", "Enter")
        terminal.wait("compacted", 2)
        terminal.wait_prompt()
        terminal.type("", "C-d")
        terminal.wait("go on later with")
    assert "be brief" in server.requests[-1].json["messages"][1]["content"]
    messages = _shown(program, session)
    assert [message["text"] for message in messages].count("and now?") == 1
    assert sum(message["summary"] is not None for message in messages) == 2


def test_a_part_of_a_newer_version_is_shown_and_not_sent(program: Program, server: Server) -> None:
    """What is stored by a newer version is shown by its kind, given back in JSON, and left out of requests."""
    part = {"type": "hologram", "data": [1, 2.5, None]}
    body = json.dumps({"role": "user", "parts": [part, {"type": "text", "text": "look"}]})
    session = _talked(program, server, 1, 100_000, load(body))
    assert "hologram" in program.run("sessions", "show", session).out
    assert _shown(program, session)[-1]["unknown_parts"] == [part]
    assert program.run("chat", "-r", session, "well?").code == 0
    assert server.requests[-1].json["messages"][-1]["content"] == "look\n\nwell?"
