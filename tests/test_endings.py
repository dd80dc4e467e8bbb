"""However an answer of a provider ends, and in however many pieces it comes, it is the same answer to us."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from support.vendors.books import charged, entries
from support.vendors.plan import Call, Plan, Refuse, Say, Stop, Think
from support.vendors.street import MODELS, Traveller, open_street
from support.vendors.vendor import Vendor

from agentctl.conversation import Options
from agentctl.errors import ContextOverflowError
from agentctl.events import Failed
from agentctl.messages import StopReason, ToolCall

NAMES = tuple(MODELS)


@pytest.fixture
def vendors() -> Iterator[Mapping[str, Vendor]]:
    """All vendors."""
    with open_street() as running:
        yield running


@pytest.fixture
def traveller(tmp_path: Path, vendors: Mapping[str, Vendor]) -> Traveller:
    """A conversation in an empty home, with thinking wished for."""
    return Traveller(tmp_path, vendors, Options(effort="low"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("stop", "ours"),
    [("end_turn", "end_turn"), ("max_tokens", "max_tokens"), ("refusal", "refusal"), ("tool_use", "tool_use")],
)
@pytest.mark.parametrize("whole", [False, True], ids=["streamed", "whole"])
def test_each_reason_to_stop_is_one_of_ours(
    traveller: Traveller, name: str, stop: Stop, ours: StopReason, *, whole: bool
) -> None:
    """The message keeps it, what was said before it is kept, and the answer is billed."""
    parts = (Say("so far"), Call("time")) if stop == "tool_use" else (Say("so far"),)
    traveller.vendors[name].will(Plan(*parts, stop=stop, whole=whole))
    turn = traveller.say(name, "hi")
    assert (turn.answer.stop_reason, turn.answer.text) == (ours, "so far")
    assert charged(traveller.home) == traveller.vendors[name].bill.total
    traveller.say("anthropic", turn.results if stop == "tool_use" else "go on")
    assert [vendor.refused for vendor in traveller.vendors.values()] == [[]] * len(NAMES)


@pytest.mark.parametrize("stop", ["stop_sequence", "pause_turn", "window"])
def test_reasons_of_anthropic_alone(traveller: Traveller, stop: Stop) -> None:
    """Each is an end, and the conversation goes on after it."""
    traveller.vendors["anthropic"].will(Plan(Say("so far"), stop=stop))
    assert traveller.say("anthropic", "hi").answer.text == "so far"
    assert traveller.say("anthropic", "go on").answer.text == "ok"
    assert traveller.vendors["anthropic"].refused == []


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_in_one_piece_is_the_same(traveller: Traveller, name: str) -> None:
    """Text, calls, signatures and costs are those of a stream; the next request is accepted with all of it."""
    vendor = traveller.vendors[name]
    plan = (Think("which é?"), Say("I ask."), Call("weather", '{"city": "Zürich"}'), Call("time"))
    messages = []
    for whole in (False, True):
        traveller.session = None
        vendor.will(Plan(*plan, whole=whole))
        turn = traveller.say(name, "hi")
        messages.append(turn.answer)
        assert traveller.say(name, turn.results).answer.text == "ok"
    streamed, told = messages
    assert [type(part) for part in streamed.parts] == [type(part) for part in told.parts]
    assert (streamed.text, streamed.thinking) == (told.text, told.thinking)
    names = [[part.name for part in message.parts if isinstance(part, ToolCall)] for message in messages]
    assert names == [["weather", "time"]] * 2
    assert vendor.refused == []
    assert charged(traveller.home) == vendor.bill.total
    assert {entry.status for entry in entries(traveller.home)} == {"final"}


@pytest.mark.parametrize("name", NAMES)
def test_a_full_window_is_an_error_of_its_own(traveller: Traveller, name: str) -> None:
    """It is told in the vendor's words, is never tried again, and costs nothing."""
    vendor = traveller.vendors[name]
    vendor.will(Plan(fault=Refuse(400, words="prompt is too long: 205000 tokens > 200000 maximum")))
    turn = traveller.say(name, "hi")
    assert isinstance(turn.last, Failed)
    assert isinstance(turn.last.error, ContextOverflowError)
    assert "205000" in turn.last.error.message
    assert len(vendor.requests) == 1
    assert [entry.kind for entry in entries(traveller.home)] == ["release"]
