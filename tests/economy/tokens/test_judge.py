"""llama.cpp's server as an independent judge: what was predicted of a prompt is what it reports, within the error bar.

By default a few conversations; AGENTCTL_TEST_FULL=1 makes it 50, and AGENTCTL_TEST_SEED chooses others.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterator
from contextlib import aclosing, closing
from functools import partial

import pytest
from support.billed import bill
from support.llama import NAME, llama_server

from agentctl.economy import calibration
from agentctl.economy.tokens.counting import Observed, count
from agentctl.economy.tokens.prompt import Prompt
from agentctl.messages import Message, Text, user
from agentctl.providers.base import Capabilities, Request, complete
from agentctl.providers.driver import HttpProvider
from agentctl.providers.openai import ChatCompletions
from agentctl.store.base import Database
from agentctl.store.open import connect
from agentctl.transport import Transport
from agentctl.usage import Usage

CONVERSATIONS = 50 if os.environ.get("AGENTCTL_TEST_FULL") else 3
SEED = os.environ.get("AGENTCTL_TEST_SEED", "20261127")
MODEL = f"compatible/{NAME}"
PIECES = (
    "The committee will meet again on Thursday to decide whether the bridge is to be rebuilt. ",
    "def area(radius: float) -> float:\n    return 3.14159 * radius ** 2\n",
    '{"id": 4711, "tags": ["a", "b"], "nested": {"price": 12.5, "sold": false}}\n',
    "Der Ausschuss tagt am Donnerstag; danach fällt die Entscheidung über die Brücke. ",
    "Комитет соберётся в четверг, чтобы решить, восстанавливать ли мост. ",
    "委员会将于星期四再次开会决定是否重建这座桥。",
    "aGVsbG8gd29ybGQsIHRoaXMgaXMgYmFzZSA2NA== ",
    "    \n\n\t| left | right |\n",
    "🎉 done, 100 % of 3,214 items ✅ ",
)


@pytest.fixture(scope="module")
def peer() -> Iterator[str]:
    with llama_server() as url:
        yield url


@pytest.fixture
def db() -> Iterator[Database]:
    with closing(connect(":memory:")) as opened:
        yield opened


def _conversation(number: int) -> list[Message]:
    """What a user says in two turns, at random, below a system prompt that no other conversation begins with."""
    chance = random.Random(f"{SEED}/{number}")

    def text(most: int) -> str:
        return "".join(chance.choices(PIECES, k=chance.randint(1, most)))

    return [Message("system", (Text(f"{chance.getrandbits(40)}: {text(3)}"),)), user(text(12)), user(text(6))]


def _ask(url: str, *messages: Message) -> tuple[Usage, Message]:
    async def go() -> tuple[Usage, Message]:
        codec = ChatCompletions(Capabilities("compatible", f"{url}/v1"))
        async with aclosing(HttpProvider(codec, Transport())) as provider:
            done = await complete(provider, Request(NAME, messages, max_output=6, temperature=0.0))
        assert done.usage
        return done.usage, done.message

    return asyncio.run(go())


def _check(predicted: tuple[Message, ...], reported: int, observed: Observed | None) -> None:
    """Hold a prediction against what was reported."""
    counted = count(Prompt(predicted), MODEL, observed)
    assert abs(counted.tokens - reported) <= counted.error_bar
    assert reported <= counted.bound


@pytest.mark.timeout(1800)
def test_predictions_hold_before_and_after_they_learned(peer: str, db: Database) -> None:
    """Of each turn the tokens, and of the second those that come from the cache, lie in their error bars.

    What the judge reports is learned from, so the later predictions are made in its light, and are sharper.
    """
    bars = []
    for number in range(CONVERSATIONS):
        system, first, second = _conversation(number)
        seen = db.read(lambda tx: calibration.observed(tx, MODEL))
        usage, answer = _ask(peer, system, first)
        _check((system, first), usage.input, seen)
        again, _ = _ask(peer, system, first, answer, second)
        _check((system, first, answer, second), again.input, seen)
        _check((system, first), again.cache_read, seen)
        db.write(partial(bill, model=MODEL, tokens=usage.input, at=number + 1, messages=(system, first)))
        bars.append(count(Prompt((system, first)), MODEL, seen).error_bar / usage.input)
    assert CONVERSATIONS < 10 or sum(bars[-3:]) < sum(bars[:3])
