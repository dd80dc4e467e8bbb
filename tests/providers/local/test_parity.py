"""The embedded model beside llama.cpp's own server in another process, both cold."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.llama import NAME, ask, llama_server
from support.tenant import model

from agentctl.messages import user
from agentctl.providers.base import Request, complete
from agentctl.providers.driver import HttpProvider
from agentctl.providers.local.provider import CAPABILITIES
from agentctl.providers.local.server import Server
from agentctl.providers.openai import ChatCompletions
from agentctl.transport import Transport

PROMPTS = Path(__file__).with_name("prompts.txt").read_text().splitlines()
TOKENS = 10


@pytest.fixture(scope="module")
def peer() -> Iterator[str]:
    with llama_server() as url:
        yield url


def test_greedy_answers_equal_those_of_llama_cpp(peer: str) -> None:
    """For 30 prompts the text at temperature 0 is llama.cpp's own for the same rendered prompt."""
    assert len(PROMPTS) == 30
    assert asyncio.run(answers()) == [reference(peer, prompt) for prompt in PROMPTS]


@settings(max_examples=25, deadline=None)
@given(
    texts=st.lists(
        st.lists(st.sampled_from(["<|im_end|>", "<|im_start|>", "<|endoftext|>", "<|", "im_", "<", "\n", "x"])),
        min_size=1,
    )
)
def test_no_text_closes_its_own_turn(peer: str, texts: list[list[str]]) -> None:
    """However a message is spelled, the prompt has one turn for it, and the tokens that mark turns are ours alone."""
    prompt = render(peer, *("".join(pieces) for pieces in texts))
    tokens = ask(peer, "/tokenize", {"content": prompt, "parse_special": True})["tokens"]
    begin, end = (special(peer, mark) for mark in ("<|im_start|>", "<|im_end|>"))
    assert (tokens.count(begin), tokens.count(end)) == (len(texts) + 1, len(texts))


async def answers() -> list[str]:
    """Our answers. Cold as in a fresh process: what was read before changes the rounding of sums."""
    server = Server(model())
    cold = replace(CAPABILITIES, extra_body={"cache_prompt": False})
    provider = HttpProvider(ChatCompletions(cold), Transport(uds=server.socket))
    requests = [Request(NAME, (user(prompt),), max_output=TOKENS, temperature=0) for prompt in PROMPTS]
    texts = [(await complete(provider, request)).message.text for request in requests]
    await provider.aclose()
    assert server.stop()
    return texts


def reference(peer: str, prompt: str) -> str:
    """Llama.cpp's own completion of the rendered prompt, as cold."""
    body = {"prompt": render(peer, prompt), "temperature": 0, "n_predict": TOKENS, "cache_prompt": False}
    return str(ask(peer, "/completion", body)["content"]).rstrip(
        "\ufffd"
    )  # half a character, which a stream keeps back


def render(peer: str, *texts: str) -> str:
    """The prompt that the catalog's template makes of these messages."""
    messages = [{"role": "user", "content": text} for text in texts]
    return str(ask(peer, "/apply-template", {"messages": messages})["prompt"])


def special(peer: str, mark: str) -> int:
    """The number of a token that marks a turn."""
    (token,) = ask(peer, "/tokenize", {"content": mark, "parse_special": True})["tokens"]
    return int(token)
