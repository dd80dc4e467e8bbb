"""Answers whose usage can't be true: the answer is whole all the same, and its usage unknown."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from support import anthropic, completions, gemini, responses

from agentctl.providers.anthropic import Messages
from agentctl.providers.base import Api, Capabilities, Request
from agentctl.providers.codec import Codec
from agentctl.providers.google import GenerateContent
from agentctl.providers.openai import ChatCompletions
from agentctl.providers.responses import Responses

CASES: dict[Api, tuple[Callable[[Capabilities], Codec], Sequence[Mapping[str, Any]]]] = {
    "chat": (ChatCompletions, completions.events("hi", usage={"prompt_tokens": 5, "completion_tokens": "@"})),
    "responses": (Responses, responses.events("hi", usage={"input_tokens": 5, "output_tokens": "@"})),
    "messages": (
        Messages,
        [
            anthropic.start({"input_tokens": "@", "output_tokens": 1}),
            *anthropic.closed(anthropic.text("hi")),
            *anthropic.stop(usage={"output_tokens": "@"}),
        ],
    ),
    "gemini": (
        GenerateContent,
        gemini.responses(gemini.text("hi"), usage={"promptTokenCount": 5, "candidatesTokenCount": "@"}),
    ),
}


@pytest.mark.parametrize("api", CASES)
@pytest.mark.parametrize("number", ["9" * 5000, "-" + "9" * 5000, "1e400", "-1", '"many"', "2e9"])
def test_a_whole_answer_stays_one(api: Api, number: str) -> None:
    """Whatever stands in the place of a number of tokens, what was said is kept, and nobody is billed by nonsense."""
    codec, events = CASES[api]
    decoder = codec(Capabilities("p")).decoder(Request("m", ()))
    for event in events:
        decoder.feed(json.dumps(event).replace('"@"', number))
    done = decoder.end()
    assert done.message.text == "hi"
    assert done.usage is None
