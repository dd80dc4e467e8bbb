"""Histories with every defect there is, gone on with at every vendor: none refuses them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.vendors.street import MODELS, Traveller, open_street

from agentctl.conversation import Options
from agentctl.messages import Attachment, Message, Part, Summary, Text, Thinking, ToolCall, ToolResult, Unknown, user
from agentctl.store import sessions

CALL = ToolCall("c", "weather", '{"city": "Paris"}')
FOREIGN = Thinking("hm", "a signature of nobody", "elsewhere")


def answer(*parts: Part, model: str = "elsewhere/m", reason: str = "end_turn") -> Message:
    """An answer of a model that none of the vendors has."""
    return Message("assistant", parts, model, reason)  # type: ignore[arg-type]


def result(*ids: str) -> Message:
    """What tools answered to the calls of these ids."""
    return Message("tool", tuple(ToolResult(one, f"result of {one}") for one in ids))


DEFECTS: dict[str, list[Message]] = {
    "a call without its result": [user("a"), answer(Text("b"), CALL), user("c"), answer(Text("d"))],
    "a call without its result at the end": [user("a"), answer(CALL)],
    "a result that comes late": [user("a"), answer(CALL), user("b"), result("c"), answer(Text("d"))],
    "a result without its call": [user("a"), result("x"), answer(Text("b")), result("c")],
    "a result twice": [user("a"), answer(CALL), result("c", "c"), result("c"), answer(Text("b"))],
    "some results": [user("a"), answer(CALL, ToolCall("d", "time", "{}")), result("d"), answer(Text("b"))],
    "one id for two calls": [user("a"), answer(CALL, ToolCall("c", "time", "{}")), result("c", "c"), answer(Text("b"))],
    "a call without an id": [user("a"), answer(ToolCall("", "time", "{}")), result(""), answer(Text("b"))],
    "a part of a newer version": [user("a"), answer(Unknown('{"type":"hologram"}')), user("b"), answer(Text("c"))],
    "another's thinking": [user("a"), answer(FOREIGN, Text("b", "signed too")), user("c"), answer(FOREIGN)],
    "another's thinking amid calls": [user("a"), answer(FOREIGN, CALL), result("c"), answer(FOREIGN, Text("b", "s"))],
    "an empty answer": [user("a"), answer(), user("b"), answer(Text("")), user("c"), answer(Text(" "))],
    "two users in a row": [user("a"), user("b"), answer(Text("c")), user("d"), user("e")],
    "two answers in a row": [
        user("a"),
        answer(Text("b")),
        answer(Text("c"), model="elsewhere/n"),
        answer(FOREIGN, CALL),
    ],
    "an answer that broke off": [user("a"), answer(FOREIGN, Text("half an"), reason="error"), user("b"), answer(CALL)],
    "a system message in the middle": [user("a"), answer(Text("b")), Message("system", (Text("be brief"),)), user("c")],
    "an answer first": [answer(Text("How may I help?")), user("a"), answer(Text("b"))],
    "a file in an answer": [user("a"), answer(Attachment("a.png", "image/png", b"x"), Text("see")), user("c")],
    "a summary": [user("a"), answer(CALL), result("c"), Message("user", (Summary("so far", 1),))],
    "results alone": [result("a"), result("b")],
    "parts where they have no place": [Message("user", (CALL, FOREIGN, Text("a"), ToolResult("c", "r")))],
}


@pytest.fixture(scope="module")
def traveller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traveller]:
    """A home with all vendors."""
    home: Path = tmp_path_factory.mktemp("home")
    with open_street() as vendors:
        yield Traveller(home, vendors, Options(effort="low"))


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_history_from_anywhere_is_gone_on_with_everywhere(traveller: Traveller, defect: str) -> None:
    """Every vendor takes it, and so does the next one after it."""
    app = traveller.app
    session = app.database.write(sessions.create)
    for message in DEFECTS[defect]:
        session, _ = app.database.write(lambda tx, at=session, one=message: sessions.append(tx, at, one))  # type: ignore[misc]
    app.database.close()
    traveller.session = session.id
    for name in MODELS:
        assert traveller.say(name, "go on").answer.text == "ok"
    assert [vendor.refused for vendor in traveller.vendors.values()] == [[]] * len(MODELS)
