"""A conversation that changes provider: each accepts what the others left in it, and gets back what it signed itself.

By default a few journeys; AGENTCTL_TEST_FULL=1 makes them all orders of the five providers.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from support.memory import memory
from support.program import Program
from support.vendors.chat import Chat
from support.vendors.plan import Break, Call, Plan, Say, Think
from support.vendors.street import (
    MODELS,
    PRICES,
    Traveller,
    Turn,
    configuration,
    environment,
    open_street,
    run,
)
from support.vendors.vendor import Vendor

from agentctl.conversation import Conversation, Options
from agentctl.events import Failed, Finished
from agentctl.messages import Attachment, Text, Thinking, ToolCall, user
from agentctl.store import sessions

NAMES = tuple(MODELS)
SIGNING = ("openai", "anthropic", "google", "openrouter")
EXAMPLES = 120 if os.environ.get("AGENTCTL_TEST_FULL") else 8
PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010806000000")
Vendors = Mapping[str, Vendor]

# What one leg of a journey is: an answer, and whether another model gets the results of its tools.
KINDS = (
    "words", "thoughts", "hidden", "in one piece", "calls", "calls elsewhere", "odd calls",
    "cut words", "cut thoughts", "cut call", "bad call", "blanks",
)  # fmt: skip
WORDLESS = {"cut thoughts", "blanks"}


@pytest.fixture
def vendors() -> Iterator[Vendors]:
    """All vendors."""
    with open_street() as running:
        yield running


@pytest.fixture
def traveller(tmp_path: Path, vendors: Vendors) -> Traveller:
    """A conversation in an empty home, with thinking wished for."""
    return Traveller(tmp_path, vendors, Options(effort="low"))


def _plan(kind: str, word: str) -> Plan:
    """An answer that says the word, if it gets to say anything."""
    thought, said = Think(f"thought of {word}"), Say(word)
    calls = Plan(thought, said, Call("weather", json.dumps({"city": f"{word} é"})), Call("time"))
    return {
        "words": Plan(said),
        "thoughts": Plan(thought, said),
        "hidden": Plan(Think("", hidden=True), thought, said),
        "in one piece": Plan(thought, said, Call("time"), whole=True),
        "blanks": Plan(Think(" "), Say(" \n")),
        "calls": calls,
        "odd calls": Plan(thought, said, Call("time", '{"deep": [{"n": 2.50, "é": null}], "": ""}'), Call("time")),
        "calls elsewhere": calls,
        "cut words": Plan(Say(f"{word} and more that never comes"), fault=Break(3)),
        "cut thoughts": Plan(Think(f"thought of {word} that goes on"), said, fault=Break(2)),
        "cut call": Plan(Think("short"), said, Call("weather", '{"city": "nobody knows"}'), fault=Break(6)),
        "bad call": Plan(thought, said, Call("weather", '{"city": "' + word)),
    }[kind]


def _leg(traveller: Traveller, name: str, following: str, kind: str, word: str) -> list[Turn]:
    """Ask, and answer the tools that are called."""
    if name == "google" and kind == "bad call":
        kind = "calls"  # its arguments come parsed
    vendor = traveller.vendors[name]
    vendor.will(_plan(kind, word))
    turns = [traveller.say(name, f"asked {word}")]
    if isinstance(turns[0].last, Finished) and any(isinstance(part, ToolCall) for part in turns[0].answer.parts):
        then = following if kind == "calls elsewhere" else name
        traveller.vendors[then].will(Plan(Say(f"done {word}")))
        turns.append(traveller.say(then, turns[0].results))
        assert turns[1].answer.text == f"done {word}"
    return turns


def _said(vendor: Vendor) -> str:
    """The last request that it accepted."""
    return json.dumps(vendor.accepted[-1], ensure_ascii=False)


def _check_signatures(vendors: Vendors) -> None:
    """What one signed never reaches another."""
    for name, vendor in vendors.items():
        for signature in vendor.signed:
            assert not any(other.knows(signature) for known, other in vendors.items() if known != name)


@settings(max_examples=EXAMPLES, phases=(Phase.explicit, Phase.generate), suppress_health_check=[HealthCheck.too_slow])
@given(st.permutations(NAMES), st.lists(st.sampled_from(KINDS), min_size=6, max_size=6))
@example(list(NAMES), ["calls"] * 6)
@example(list(NAMES), ["calls elsewhere"] * 6)
@example(list(reversed(NAMES)), ["calls elsewhere"] * 6)
@example(list(NAMES), ["blanks", "odd calls", "in one piece", "blanks", "odd calls", "in one piece"])
@example(list(reversed(NAMES)), ["cut call", "cut thoughts", "bad call", "cut words", "hidden", "calls elsewhere"])
def test_any_order_of_providers_is_accepted_by_each(order: Sequence[str], kinds: Sequence[str]) -> None:
    """Through all five and back to the first, each strict server takes the history and is sent all that was said."""
    with open_street() as vendors, tempfile.TemporaryDirectory(dir=memory()) as home:
        traveller = Traveller(Path(home), vendors, Options(effort="low"))
        route = [*order, order[0]]
        for number, (name, kind) in enumerate(zip(route, kinds, strict=True)):
            following = route[(number + 1) % len(route)]
            turns = _leg(traveller, name, following, kind, f"word{number}")
            assert isinstance(turns[0].last, Failed) == kind.startswith("cut"), turns[0].last
        assert [vendor.refused for vendor in vendors.values()] == [[]] * len(NAMES)
        vendors["lab"].will(Plan(Say("the end")))
        traveller.say("lab", "the last question")
        said = _said(vendors["lab"])
        for number, kind in enumerate(kinds):
            assert f"asked word{number}" in said
            assert kind in WORDLESS or said.count(f"word{number}") > 1
        _check_signatures(vendors)


@pytest.mark.parametrize("name", SIGNING)
def test_signatures_come_back_to_their_maker_as_they_were(traveller: Traveller, name: str) -> None:
    """After a visit to all others the maker gets each one again, and checks it to the byte."""
    vendor = traveller.vendors[name]
    vendor.will(Plan(Think("first é"), Call("weather", '{"city": "Zürich"}'), Call("time")))
    opening = traveller.say(name, "hi")
    vendor.will(Plan(Think("second"), Say("both are done")))
    traveller.say(name, opening.results)
    for other in (one for one in NAMES if one != name):
        traveller.say(other, f"and you, {other}?")
    signed = [*vendor.signed]
    assert signed
    traveller.say(name, "welcome back")
    said = _said(vendor)
    assert [said.count(signature) for signature in signed] == [1] * len(signed)
    assert vendor.refused == []
    _check_signatures(traveller.vendors)


def test_a_changed_signature_would_be_refused(traveller: Traveller) -> None:
    """The servers of these tests are no pushovers: one byte that differs is an error of the request."""
    for name in SIGNING:
        vendor = traveller.vendors[name]
        vendor.will(Plan(Think("deep"), Say("ok")))
        traveller.session = None
        traveller.say(name, "hi")
        for signature in vendor.signed:
            vendor.bound[signature.swapcase()] = vendor.bound.pop(signature)
        turn = traveller.say(name, "again")
        assert isinstance(turn.last, Failed)
        assert len(vendor.refused) == 1


@pytest.mark.parametrize(
    ("name", "models"),
    [
        ("openai", ("gpt-5", "gpt-5-mini", "gpt-5")),
        ("anthropic", ("claude-sonnet-4-5", "claude-opus-4-8", "claude-sonnet-4-6", "claude-sonnet-4-5")),
        ("google", ("gemini-3-pro-preview", "gemini-2.5-pro", "gemini-3-flash-preview", "gemini-3-pro-preview")),
    ],
)
@pytest.mark.parametrize("amid", [False, True])
def test_another_model_of_the_same_provider_goes_on(
    traveller: Traveller, name: str, models: Sequence[str], *, amid: bool
) -> None:
    """Also where each needs another kind of thinking, and also with the results of calls that another one made."""
    vendor = traveller.vendors[name]
    vendor.will(Plan(Think("deep"), Say("first"), Call("weather", '{"city": "Paris"}'), Call("time")))
    turn = traveller.say(f"{name}/{models[0]}", "hi")
    if not amid:
        vendor.will(Plan(Say("done")))
        traveller.say(f"{name}/{models[0]}", turn.results)
    for model in models[1:]:
        vendor.will(Plan(Think("more"), Say("next"), Call("time")))
        message = turn.results if amid else "go on"
        turn = traveller.say(f"{name}/{model}", message)
        if not amid:
            vendor.will(Plan(Say("done")))
            traveller.say(f"{name}/{model}", turn.results)
    assert vendor.refused == []
    assert turn.answer.text == "next"


def test_what_is_left_out_is_said_once(traveller: Traveller) -> None:
    """The turn that switches says that reasoning is left out; the next one with the same model says nothing."""
    traveller.vendors["openai"].will(Plan(Think("hm"), Say("ok")))
    assert traveller.say("openai", "hi").notices == []
    for name in ("anthropic", "google", "openrouter", "lab"):
        told = traveller.say(name, "and you?").notices
        assert len(told) == 1
        assert "reasoning" in told[0]
        assert name in told[0]
        assert traveller.say(name, "go on").notices == []


@pytest.mark.parametrize("maker", NAMES)
@pytest.mark.parametrize("other", NAMES)
def test_a_switch_amid_a_tool_loop(traveller: Traveller, maker: str, other: str) -> None:
    """One model calls two tools, another gets the results, and its own calls after them are answered by the first."""
    if maker == other:
        return
    vendors = traveller.vendors
    vendors[maker].will(Plan(Think("which?"), Call("weather", '{"city": "Paris"}'), Call("time")))
    calls = traveller.say(maker, "weather and time, please")
    vendors[other].will(Plan(Think("more"), Call("weather", '{"city": "Rome"}')))
    more = traveller.say(other, calls.results)
    vendors[maker].will(Plan(Say("It rains at noon.")))
    assert traveller.say(maker, more.results).answer.text == "It rains at noon."
    said = _said(vendors[maker])
    assert all(word in said for word in ("Paris", "Rome", "result of weather", "result of time"))
    assert (vendors[maker].refused, vendors[other].refused) == ([], [])
    _check_signatures(vendors)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("after", [1, 4, 8])
def test_an_interrupted_answer_is_no_hindrance(traveller: Traveller, name: str, after: int) -> None:
    """Thinking without its signature, or a call without its end, keeps no provider from going on."""
    vendor = traveller.vendors[name]
    parts = (
        Think("thinking hard"),
        Say("words that go on for a while, at last"),
        Call("weather", '{"city": "somewhere"}'),
    )
    vendor.will(Plan(*parts, fault=Break(after)))
    assert isinstance(traveller.say(name, "hi").last, Failed)
    for other in (name, *NAMES, name):
        assert traveller.say(other, "go on").answer.text == "ok"
    assert [vendor.refused for vendor in traveller.vendors.values()] == [[]] * len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_cancelled_answer_is_no_hindrance(traveller: Traveller, name: str) -> None:
    """The same where the user ends the turn while the model thinks."""
    traveller.vendors[name].will(Plan(Think("thinking hard"), Say("words"), fault=Break(3, "stall")))
    app = traveller.app
    conversation = Conversation(app.database, app.catalog, app.target(MODELS[name]), traveller.options)
    turn = asyncio.run(run(conversation, user("hi"), cancel_after=1))
    app.database.close()
    assert turn.answer.stop_reason == "cancelled"
    traveller.session = conversation.session_id
    for other in (*NAMES, name):
        assert traveller.say(other, "go on").answer.text == "ok"


def test_arguments_that_are_no_json_do_not_end_a_conversation(tmp_path: Path) -> None:
    """What a model wrote instead of JSON reaches a server that parses arguments as JSON."""
    with Chat(Plan(Call("weather", '{"city": "Par')), Plan(), price=PRICES["lab"], parses=True) as vendor:
        traveller = Traveller(tmp_path, {"lab": vendor})
        opening = traveller.say("lab", "hi")
        assert traveller.say("lab", opening.results).answer.text == "ok"
        assert vendor.refused == []


@pytest.mark.parametrize("first", NAMES)
def test_a_blank_message_does_not_end_a_conversation(traveller: Traveller, first: str) -> None:
    """Most take it; Anthropic, who takes no blank text, is asked all the same."""
    assert traveller.say(first, "\n").answer.text == "ok"
    assert traveller.say("anthropic", "hi").answer.text == "ok"
    assert traveller.say("anthropic", " ").answer.text == "ok"
    assert traveller.vendors["anthropic"].refused == []


def test_an_image_is_seen_by_those_who_can(traveller: Traveller) -> None:
    """A picture stays in the history for all that take it; a sound becomes a word about it where it is not taken."""
    picture, sound = Attachment("dot.png", "image/png", PNG), Attachment("beep.wav", "audio/wav", b"RIFFbeep")
    traveller.say("google", user("look", picture))
    traveller.say("google", user("listen", sound))
    for name in NAMES:
        turn = traveller.say(name, "what was it?")
        assert picture.base64 in _said(traveller.vendors[name])
        heard = sound.base64 in _said(traveller.vendors[name])
        assert heard == (name in {"google", "openrouter", "lab"})
        assert any("beep.wav" in notice for notice in turn.notices) == (not heard)
    assert [vendor.refused for vendor in traveller.vendors.values()] == [[]] * len(NAMES)


def test_the_system_prompt_holds_wherever_the_conversation_goes(traveller: Traveller) -> None:
    """All get it, in the place that each has for it; once it changes, nobody gets the old one."""
    for name in NAMES:
        traveller.say(name, "hi", system="be brief" if name == NAMES[0] else None)
        assert _said(traveller.vendors[name]).count("be brief") == 1
    for name in NAMES:
        traveller.say(name, "hi", system="be long" if name == NAMES[0] else None)
        assert _said(traveller.vendors[name]).count("be long") == 1
        assert "be brief" not in _said(traveller.vendors[name])


def test_all_is_stored_as_it_came(traveller: Traveller) -> None:
    """The database has each answer with its reasoning, its calls and their signatures, after all the switching."""
    for name in NAMES:
        traveller.vendors[name].will(Plan(Think(f"thought at {name}"), Say("é"), Call("weather", '{"a": 1}')))
        traveller.say(name, traveller.say(name, "hi").results)
    database = traveller.app.database
    session = traveller.session
    assert session
    thread = database.read(lambda tx: sessions.thread(tx, sessions.get(tx, session)))
    database.close()
    made = [stored.message for stored in thread if stored.message.role == "assistant"][::2]
    assert [message.model for message in made] == list(MODELS.values())
    for name, message in zip(NAMES, made, strict=True):
        kinds = [type(part) for part in message.parts]
        wanted = [Thinking, Text, ToolCall]
        assert kinds == wanted, name
        signatures = "".join(str(getattr(part, "signature", None)) for part in message.parts)
        assert all(one in signatures for one in traveller.vendors[name].signed), name


def _ask(program: Program, name: str, *args: str) -> dict[str, str]:
    done = program.run("chat", "-m", MODELS[name], "-o", "json", *args)
    assert done.code == 0, done.err
    answer: dict[str, str] = done.json
    return answer


def test_the_command_line_goes_round_and_comes_back(program: Program, vendors: Vendors) -> None:
    """`chat -m … -c` through all five and back, thinking and calls on the way: one session, and each server content."""
    program.configure(configuration(vendors))
    program.environ |= environment(vendors)
    latest: tuple[str, ...] = ()
    found = set()
    for number, name in enumerate([*NAMES, NAMES[0]]):
        parts = (Call("time"),) if number % 2 else ()
        vendors[name].will(Plan(Think("hm"), Say(f"word{number}"), *parts))
        answer = _ask(program, name, "--effort", "low", *latest, f"asked{number}")
        assert answer["text"] == f"word{number}"
        found.add(answer["session_id"])
        latest = ("-c",)
    assert len(found) == 1
    said = _said(vendors[NAMES[0]])
    assert all(f"asked{number}" in said for number in range(6))
    assert all(f"word{number}" in said for number in range(5))
    assert [vendor.refused for vendor in vendors.values()] == [[]] * len(NAMES)
    _check_signatures(vendors)


def test_the_command_line_says_once_what_is_left_out(program: Program, vendors: Vendors) -> None:
    """On stderr, in the turn that switches; --no-save goes on from a session and leaves it as it was."""
    program.configure(configuration(vendors))
    program.environ |= environment(vendors)
    vendors["openai"].will(Plan(Think("hm"), Say("first")))
    session = _ask(program, "openai", "hi")["session_id"]
    before = program.run("sessions", "show", session, "--json").out
    for name in NAMES[1:]:
        done = program.run("chat", "-m", MODELS[name], "-c", "--no-save", "and you?")
        assert (done.code, done.out) == (0, "ok\n"), done.err
        assert done.err.count("another model's reasoning") == 1
        assert "first" in _said(vendors[name])
    assert program.run("sessions", "show", session, "--json").out == before
    assert [vendor.refused for vendor in vendors.values()] == [[]] * len(NAMES)
