"""Prompt caching as its user meets it: what is asked of providers, what it saves, and why it was missed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from support.caches.anthropic import AnthropicCache
from support.caches.openai import MarkedCache
from support.caches.pieces import Clock
from support.caches.server import CachingAnthropic, CachingResponses
from support.program import Outcome, Program
from support.schemas import validate
from support.vendors.bill import Charge, Price
from support.vendors.vendor import Vendor

CLAUDE = Price(Decimal(3), Decimal(15), Decimal("0.3"), Decimal("3.75"), Decimal(6))
LONG = "Read this with care: the bridge is to be rebuilt, and the committee meets on Thursday. " * 150


def _ask(program: Program, vendor: Vendor, model: str, *arguments: str) -> Outcome:
    program.environ["ANTHROPIC_API_KEY"] = program.environ["OPENAI_API_KEY"] = vendor.key
    done = program.run("chat", "-m", model, "--base-url", vendor.url, *arguments)
    assert done.code == 0, done.err
    return done


def _marks(body: Any) -> int:
    """How many breakpoints a request has."""
    if isinstance(body, dict):
        return ("cache_control" in body) + sum(map(_marks, body.values()))
    return sum(map(_marks, body)) if isinstance(body, list) else 0


def _written(charge: Charge) -> int:
    return charge.tokens.written + charge.tokens.written_long


def test_a_session_is_read_from_the_cache_and_a_change_is_named(program: Program) -> None:
    """A single question writes nothing; one that goes on does, and reads; another system prompt is a miss by name."""
    with CachingAnthropic(AnthropicCache(Clock()), price=CLAUDE) as vendor:
        _ask(program, vendor, "anthropic/claude-sonnet-4-5", "-s", "Be brief.", LONG)
        for question in ("And then?", "And then?"):
            _ask(program, vendor, "anthropic/claude-sonnet-4-5", "-c", question)
        saved = program.run("cost", "cache", "--json").json
        _ask(program, vendor, "anthropic/claude-sonnet-4-5", "-c", "-s", "Be long.", "And then?")
        first, second, third, changed = vendor.bill.charges
        assert (_written(first), first.tokens.read) == (0, 0)
        assert _written(second) > 1024
        assert third.tokens.read > 1024
        assert changed.tokens.read == 0
    validate("cost-cache", saved)
    assert Decimal(saved["saved_usd"]) != 0
    report = program.run("cost", "cache")
    assert "$.system[0].text" in report.out + report.err


def test_nothing_is_kept_where_that_is_not_wanted(program: Program) -> None:
    """--no-cache, and the setting, leave every mark away; --dry-run shows those that there are."""
    with CachingAnthropic(AnthropicCache(Clock()), price=CLAUDE) as vendor:
        ask = ("anthropic/claude-sonnet-4-5", "-c")
        _ask(program, vendor, ask[0], LONG)
        shown = _ask(program, vendor, *ask, "--dry-run", "And then?").json
        _ask(program, vendor, *ask, "--no-cache", "And then?")
        program.configure("cache = false\n")
        _ask(program, vendor, *ask, "And then?")
        assert _marks(shown["body"]) > 0
        assert [*map(_written, vendor.bill.charges)] == [0, 0, 0]


def test_openai_is_told_that_a_single_question_is_one(program: Program) -> None:
    """Newer models charge for what they keep unasked, so they are asked to keep nothing of it."""
    with CachingResponses(MarkedCache(Clock()), price=CLAUDE) as vendor:
        shown = _ask(program, vendor, "openai/gpt-5.6", "--dry-run", LONG).json
        assert shown["body"]["prompt_cache_options"] == {"mode": "explicit"}
        _ask(program, vendor, "openai/gpt-5.6", LONG)
        _ask(program, vendor, "openai/gpt-5.6", "-c", "And then?")
        first, second = vendor.bill.charges
        assert _written(first) == 0
        assert _written(second) > 0
